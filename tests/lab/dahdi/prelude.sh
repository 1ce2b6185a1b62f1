# Loads DAHDI in the guest and sets its spans up. The clock comes last: it takes a span too.
load() { busybox insmod "$LAB_MODULES/$1.ko" "${@:2}" || exit 90; }
load dahdi auto_assign_spans=1
load dahdi_dynamic
load dahdi_dynamic_loc
load dahdi_echocan_mg2
libraries=usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH=$LAB_TOOLS/$libraries:$LAB_OPENR2/$libraries
"$LAB_TOOLS/usr/sbin/dahdi_cfg" -c "$LAB_CONF" || exit 91
load dahdi_dummy
export LAB_GUEST=1 PYTHONDONTWRITEBYTECODE=1
cd "$LAB_ROOT" || exit 92
