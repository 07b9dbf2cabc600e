#!/bin/sh
# The first process of a node: makes its private mounts, then only reaps.
# Arguments: the node's folder, its name, the folder of libvirt's cache, and
# "kvm" where guests really run under it. Says "ready" when done.
set -e
umask 022
home=$1
# Of guests that ended with the node: keys and sockets.
rm -rf "$home"/libvirt/lib/qemu/domain-*
mount --bind "$home/run" /run
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount --bind "$home/libvirt/etc" /etc/libvirt
mount --bind "$home/libvirt/lib" /var/lib/libvirt
mount --bind "$home/log/libvirt" /var/log/libvirt
mount --bind "$3" /var/cache/libvirt
if [ "$4" = kvm ]; then
    chgrp kvm /dev/kvm
    chmod 0660 /dev/kvm
elif [ -e /dev/kvm ]; then
    # libvirt asks at each start of a guest whether KVM may be opened; were it
    # so, it would look for seconds why QEMU found none. Nobody, not even
    # root, may open a file for writing on a mount that is read-only.
    : >/run/no-kvm
    mount --bind /run/no-kvm /dev/kvm
    mount -o remount,bind,ro /dev/kvm
fi
hostname "$2"
ip link set lo up
echo ready
exec </dev/null >/dev/null 2>&1
# Whatever loses its parent in here becomes our child: wait takes it in.
while :; do
    sleep infinity &
    wait
done
