#!/bin/sh
# First process of the lab's guest: shows the machine's own files, read-only beneath a layer in
# memory, at the same paths, and runs what was left in the shared directory.
# Kernel arguments: lab.share=DIR and lab.tree=DIR (also their paths outside), virtio_mmio.device=… (QEMU's).
export PATH=/bin
mkdir -p /proc /sys /host /layer /root
mount -t proc proc /proc
mount -t sysfs sys /sys

devices=
for word in $(cat /proc/cmdline); do
    case $word in
        virtio_mmio.device=*) devices="$devices device=${word#virtio_mmio.device=}" ;;
        lab.tree=*) tree=${word#lab.tree=} ;;
        lab.share=*) share=${word#lab.share=} ;;
    esac
done
while read -r module; do
    arguments=
    [ "$module" = virtio_mmio ] && arguments=$devices
    insmod "/modules/$module.ko" $arguments || echo "lab: $module was not loaded"
done </modules/order

options=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "ro,cache=loose,$options" hostroot /host || echo "lab: no view of the machine's files"
mount -t tmpfs -o size=60% tmpfs /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /root
for kind in proc sysfs devtmpfs; do
    case $kind in proc) at=/proc ;; sysfs) at=/sys ;; devtmpfs) at=/dev ;; esac
    mount -t $kind $kind "/root$at"
done
mkdir -p /root/dev/shm /tree
mount --bind "/root$tree" /tree
for at in /dev/shm /tmp /run; do mount -t tmpfs tmpfs "/root$at"; done
mkdir -p "/root$tree" "/root$share"
mount --bind /tree "/root$tree"  # it may lie below /tmp
mount -t 9p -o "rw,cache=none,$options" share "/root$share" || echo "lab: no shared directory"
ip link set lo up

chroot /root /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    /bin/bash "$share/run.sh" >"/root$share/output" 2>&1
echo $? >"/root$share/status"
sync
poweroff -f
