# Loads DAHDI in the guest and sets its spans up. The clock takes a span too, without a channel:
# it gets the last number, as DAHDI puts no span after one that has none.
load() { busybox insmod "$LAB_MODULES/$1.ko" "${@:2}" || exit 90; }
load dahdi auto_assign_spans=1
load dahdi_dynamic
load dahdi_dynamic_loc
load dahdi_echocan_mg2
libraries=usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH=$LAB_TOOLS/$libraries:$LAB_OPENR2/$libraries
"$LAB_TOOLS/usr/sbin/dahdi_cfg" -c "$LAB_CONF" || exit 91
echo 0 >/sys/module/dahdi/parameters/auto_assign_spans
load dahdi_dummy
echo 1:120:1000 >/sys/bus/dahdi_devices/devices/dahdi_dummy/assign_span || exit 93
echo 1 >/sys/module/dahdi/parameters/auto_assign_spans
export LAB_GUEST=1 PYTHONDONTWRITEBYTECODE=1
cd "$LAB_ROOT" || exit 92
