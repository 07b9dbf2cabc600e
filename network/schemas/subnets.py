"""Bodies of requests about subnets."""

from common import schema
from network.schemas import base

_POOLS = {"type": ["array", "null"], "maxItems": 64, "items": schema.closed(
    {"start": base.ADDRESS, "end": base.ADDRESS}, ("start", "end"))}
_BOTH = {
    "gateway_ip": {"anyOf": [base.ADDRESS, {"type": "null"}]},
    "enable_dhcp": base.BOOLEAN,
    "allocation_pools": _POOLS,
    "dns_nameservers": {"type": ["array", "null"], "maxItems": 5,
                        "items": base.ADDRESS},
    "host_routes": base.ROUTES | {"maxItems": 20},
}
_MODE = {"enum": ["dhcpv6-stateful", "dhcpv6-stateless", "slaac", None]}

CREATE = base.one_or_many("subnet", "subnets", schema.closed(
    base.CREATED | _BOTH | {
        "network_id": base.UUID, "cidr": base.CIDR,
        "ip_version": {"enum": [4, 6, "4", "6"]},
        "ipv6_ra_mode": _MODE, "ipv6_address_mode": _MODE,
    }, ("network_id", "cidr", "ip_version")))
UPDATE = schema.wrapped("subnet", schema.closed(base.CHANGED | _BOTH))
