"""QEMU and KVM guests through libvirt."""
