"""The configuration of a node's own libvirt."""

from cli.node import layout, outside

_LIBVIRTD = """\
host_uuid = "{host_uuid}"
listen_tls = 0
listen_tcp = 0
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "{group}"
unix_sock_ro_perms = "0770"
unix_sock_rw_perms = "0770"
unix_sock_admin_perms = "0700"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""
# The node's own namespaces do what libvirt's would; cgroups are the host's.
_QEMU = """\
user = "libvirt-qemu"
group = "libvirt-qemu"
dynamic_ownership = 1
remember_owner = 0
security_driver = "none"
seccomp_sandbox = 1
namespaces = []
cgroup_controllers = []
vnc_listen = "127.0.0.1"
stdio_handler = "logd"
"""
# Bounds what a guest can make its host keep.
_VIRTLOGD = """\
log_outputs = "3:file:/var/log/libvirt/virtlogd.log"
max_size = 1048576
max_backups = 2
"""


def configure(place: layout.Layout) -> None:
    """Write libvirt's configuration and the folders it works in."""
    etc = place.home / "libvirt" / "etc"
    for folder in (etc, place.home / "libvirt" / "lib",
                   place.log / "libvirt"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    for name, text in (
            ("libvirtd.conf", _LIBVIRTD.format(
                host_uuid=place.facts.host_uuid, group=outside.USER)),
            ("qemu.conf", _QEMU),
            ("virtlogd.conf", _VIRTLOGD)):
        layout.replace_text(etc / name, text)
