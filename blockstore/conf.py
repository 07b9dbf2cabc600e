"""Options of the block storage service."""

from oslo_config import cfg

from common import conf as common_conf

GROUP = "blockstore"

OPTS = [
    cfg.StrOpt(
        "driver", default="file",
        help="Storage backend of this host's agent: file or fake, or any "
             "other entry point of pileus.volume_drivers."),
    cfg.StrOpt(
        "zone", default="nova",
        help="Availability zone of this host's volumes, and of those "
             "volumes whose creator names none."),
    cfg.StrOpt(
        "volumes_dir", default="$state_dir/volumes",
        help="Directory of the file driver's files."),
    cfg.StrOpt(
        "exports_dir", default="$state_dir/run/exports",
        help="Directory of the file driver's sockets and process numbers. "
             "At most 66 characters, since paths of sockets are bounded."),
    cfg.StrOpt(
        "disk_format", default="qcow2", choices=["qcow2", "raw"],
        help="Format of the files of new volumes."),
    cfg.StrOpt(
        "socket_group", default="libvirt-qemu",
        help="Group whose members may connect to exported volumes: that "
             "of the hypervisor's processes. Without such a group only "
             "the daemon's own user and root may."),
    cfg.FloatOpt(
        "overcommit", default=1.0, min=0.1, max=100,
        help="GiB of volumes that may be promised per GiB of a backend. "
             "Above 1 a full disk can fail the writes of guests."),
    cfg.IntOpt(
        "reconcile_interval", default=30, min=1, max=60,
        help="Seconds between two comparisons of exports and files with "
             "what should be."),
    cfg.IntOpt(
        "quota_volumes", default=10, min=-1,
        help="Volumes that a project may have; -1 for any number."),
    cfg.IntOpt(
        "quota_snapshots", default=10, min=-1,
        help="Snapshots that a project may have; -1 for any number."),
    cfg.IntOpt(
        "quota_gigabytes", default=1000, min=-1,
        help="GiB that a project may have in volumes and snapshots; -1 for "
             "any number."),
    cfg.IntOpt(
        "quota_per_volume_gigabytes", default=-1, min=-1,
        help="GiB that one volume may have; -1 for any number."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options, as group ``blockstore``."""
    common_conf.register_service(conf, GROUP, port=8776)
    conf.register_opts(OPTS, group=GROUP)
