"""Options of the object store."""

from oslo_config import cfg

from common import conf as common_conf

GROUP = "objectstore"

OPTS = [
    cfg.StrOpt(
        "objects_dir", default="$state_dir/objects",
        help="Directory that holds one directory for each node."),
    cfg.ListOpt(
        "nodes", default=["node1"],
        help="Names of the nodes that keep copies of each object. An "
             "object is stored once a majority of them has it."),
    cfg.IntOpt(
        "max_object_bytes", default=5 * (1 << 30) + 2, min=1,
        help="Largest object, in bytes."),
    cfg.IntOpt(
        "collect_interval", default=30, min=1, max=60,
        help="Seconds between two searches for blobs that no object "
             "needs any longer."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options, as group ``objectstore``."""
    common_conf.register_service(conf, GROUP, port=8080)
    conf.register_opts(OPTS, group=GROUP)
