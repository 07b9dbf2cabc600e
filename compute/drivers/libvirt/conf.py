"""Options of the libvirt driver."""

import pathlib

from oslo_config import cfg

from common import concurrency, kvm
from compute.drivers import paths
from compute.drivers.libvirt.settings import Settings

GROUP = cfg.OptGroup("libvirt", title="The libvirt driver")

OPTS = [
    cfg.StrOpt(
        "uri", help="Address of libvirt. By default the socket in the "
                    "node's run directory."),
    cfg.StrOpt(
        "acceleration", default="auto", choices=["auto", "kvm", "tcg"],
        help="auto: KVM where a probe shows that guests really run under "
             "it, else emulation."),
    cfg.StrOpt(
        "machine", default="pc", choices=["pc", "q35"],
        help="Machine that guests see."),
    cfg.StrOpt(
        "disk_cache", default="writeback", choices=["writeback", "none"],
        help="Host cache of root disks. writeback keeps what a guest "
             "flushed, and reads a shared image only once; none is needed "
             "for live migration on shared storage."),
    cfg.IntOpt(
        "reserved_memory_mib", default=512, min=0,
        help="MiB of memory that guests do not get."),
    cfg.IntOpt(
        "reserved_disk_gib", default=1, min=0,
        help="GiB of the instances' disk that guests do not get."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options; may be repeated."""
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def settings(conf: cfg.ConfigOpts, owner: str) -> Settings:
    """Return the settings of this host; runs the KVM probe."""
    own = conf.libvirt
    run_dir = pathlib.Path(conf.node.run_dir)
    home = paths.node_home(conf)
    return Settings(
        uri=own.uri or "qemu+unix:///system?socket="
                       f"{run_dir}/libvirt/libvirt-sock",
        owner=owner,
        instances_dir=home / "instances", images_dir=home / "images",
        host=conf.host, host_ip=conf.compute_agent.host_ip,
        accelerated=(own.acceleration == "kvm" or (
            own.acceleration == "auto"
            and concurrency.blocking(kvm.usable))),
        machine=own.machine, disk_cache=own.disk_cache,
        reserved_memory_mib=own.reserved_memory_mib,
        reserved_disk_gib=own.reserved_disk_gib)

