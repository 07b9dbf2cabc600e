"""Options of the network service."""

from oslo_config import cfg

from common import conf as common_conf

GROUP = "network"

OPTS = [
    cfg.StrOpt(
        "public_cidr", default="198.18.0.0/24",
        help="Block of addresses of the network named public."),
    cfg.StrOpt(
        "public_gateway", default="198.18.0.1",
        help="Address in it of the way out: the node's host."),
    cfg.IntOpt(
        "public_pool_first", default=10, min=2,
        help="First address lent from the block, counted from its start."),
    cfg.IntOpt(
        "public_pool_last", default=250, min=2,
        help="Last address lent from the block."),
    cfg.StrOpt(
        "public_physical_network", default="physnet1",
        help="Physical network, as in the nodes' ovn-bridge-mappings, that "
             "the network named public is on."),
    cfg.IntOpt(
        "underlay_mtu", default=1500, min=1280,
        help="Largest packet that the nodes send each other, in bytes; "
             "networks get 58 less for Geneve."),
    cfg.ListOpt(
        "dns_servers", default=[],
        help="Resolvers given to guests of subnets that name none."),
    cfg.IntOpt(
        "sync_interval", default=60, min=1,
        help="Seconds between two complete comparisons with OVN."),
    cfg.IntOpt(
        "retry_interval", default=1, min=1,
        help="Seconds after which a change is looked for when the hint "
             "about it was lost."),
    cfg.StrOpt(
        "metadata_url", default="http://127.0.0.1:8775",
        help="Root of compute's metadata service as the nodes reach it."),
    cfg.IntOpt(
        "metadata_rate", default=50, min=1,
        help="Metadata requests that one server may send per second."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the group of the service and those options of its own."""
    common_conf.register_service(conf, GROUP, port=9696)
    conf.register_opts(OPTS, group=GROUP)
