"""Options of the compute agent."""

from oslo_config import cfg

GROUP = cfg.OptGroup("compute_agent", title="Compute agent")

OPTS = [
    cfg.StrOpt(
        "driver", default="libvirt",
        help="Entry point of group pileus.compute_drivers."),
    cfg.StrOpt(
        "host_ip", default="127.0.0.1",
        help="Address of this host for storage and migration."),
    cfg.IntOpt(
        "reconcile_interval", default=30, min=1, max=60,
        help="Seconds between two comparisons of what should be on this "
             "host with what is."),
    cfg.IntOpt(
        "evict_interval", default=600, min=1,
        help="Seconds between two searches for cached images to forget."),
    cfg.IntOpt(
        "image_idle_seconds", default=86400, min=60,
        help="Seconds that a cached image is kept after its last use."),
    cfg.BoolOpt(
        "verify_image_signatures", default=False,
        help="Compare the data of every signed image with the signature "
             "before a server starts from it, with the certificates of "
             "this host. Servers with trusted image certificates demand it "
             "in any case."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options; may be repeated."""
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)
