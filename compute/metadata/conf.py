"""Options of the metadata service."""

from oslo_config import cfg

OPTS = [
    cfg.StrOpt(
        "listen", default="127.0.0.1",
        help="Address that the metadata service listens on, for the "
             "proxies of the nodes."),
    cfg.PortOpt("port", default=8775, help="Port of the metadata service."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options; may be repeated."""
    conf.register_opts(OPTS, group="metadata")
