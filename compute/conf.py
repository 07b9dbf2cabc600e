"""Options of compute and placement."""

from oslo_config import cfg

from common import conf as common_conf
from compute.agent import conf as agent_conf
from compute.metadata import conf as metadata_conf

_OPTS = [
    cfg.StrOpt(
        "cell_name", default="cell1", help="Name of this cell."),
    cfg.StrOpt(
        "cell_database", secret=True,
        default="sqlite:///$state_dir/compute_cell1.db",
        help="Database of the cell: its servers and hosts. The option "
             "database is the one that cells share."),
    cfg.StrOpt(
        "availability_zone", default="nova",
        help="Zone of hosts that are in no other."),
    cfg.FloatOpt(
        "cpu_allocation_ratio", default=4.0, min=0.1,
        help="Virtual processors that servers may have for each of a "
             "host's processors."),
    cfg.FloatOpt(
        "ram_allocation_ratio", default=1.0, min=0.1,
        help="Memory that servers may have for each MiB of a host's."),
    cfg.FloatOpt(
        "disk_allocation_ratio", default=1.0, min=0.1,
        help="Disk that servers may have for each GiB of a host's."),
    cfg.IntOpt(
        "report_interval", default=10, min=1, max=30,
        help="Seconds between two reports of an agent."),
    cfg.IntOpt(
        "down_after", default=45, min=3, max=60,
        help="Seconds without report after which a host counts as down."),
    cfg.IntOpt(
        "vif_plugging_timeout", default=120, min=0,
        help="Seconds that a build waits for the network to wire the "
             "server's ports; 0 not to wait."),
    cfg.IntOpt(
        "shutdown_timeout", default=60, min=0,
        help="Seconds that a stop waits for the guest before it cuts the "
             "power."),
    cfg.IntOpt(
        "build_attempts", default=3, min=1,
        help="Hosts that a build tries before it gives up."),
    cfg.ListOpt(
        "default_trusted_certificate_ids", default=[],
        help="Trusted image certificates of servers that are created "
             "without: such a server starts only from images that one of "
             "these, or whom they vouch for, has signed. Empty for any "
             "image."),
    cfg.IntOpt(
        "quota_instances", default=10, min=-1,
        help="Servers that a project may have; -1 for no limit."),
    cfg.IntOpt(
        "quota_cores", default=20, min=-1,
        help="Virtual processors that a project may have."),
    cfg.IntOpt(
        "quota_ram", default=51200, min=-1,
        help="Memory that a project's servers may have, in MiB."),
    cfg.IntOpt(
        "quota_key_pairs", default=100, min=-1,
        help="Key pairs that a user may have."),
    cfg.IntOpt(
        "quota_metadata_items", default=128, min=-1,
        help="Metadata items that a server may have."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options of all daemons of compute, placement included."""
    common_conf.register_service(conf, "compute", port=8774)
    common_conf.register_service(
        conf, "placement", port=8778, database="compute")
    conf.register_opts(_OPTS, group="compute")
    agent_conf.register_opts(conf)
    metadata_conf.register_opts(conf)
