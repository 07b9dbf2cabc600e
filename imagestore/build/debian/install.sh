#!/bin/sh
# install.sh ROOT CACHE PACKAGE...: install packages into the tree ROOT, with
# what apt fetches kept in CACHE. Runs in namespaces of its own, so that
# mounts and processes end with it.
set -eu
root=$1
cache=$2
shift 2
export DEBIAN_FRONTEND=noninteractive LC_ALL=C HOME=/root
mount -t proc proc "$root/proc"
mount --bind "$cache" "$root/var/cache/apt/archives"
chroot "$root" apt-get -q update
chroot "$root" apt-get -q -y dist-upgrade
chroot "$root" apt-get -q -y --no-install-recommends install -- "$@"
