"""Security group rules in their normal form.

What the back end could not express is refused here, so that what is stored
is what is enforced.
"""

import ipaddress
from typing import Any

from network import exceptions

#: Names of protocols and their numbers.
PROTOCOLS = {
    "ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0,
    "icmp": 1, "icmpv6": 58, "igmp": 2, "ipip": 4, "ipv6-encap": 41,
    "ipv6-frag": 44, "ipv6-icmp": 58, "ipv6-nonxt": 59, "ipv6-opts": 60,
    "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132,
    "tcp": 6, "udp": 17, "udplite": 136, "vrrp": 112,
}
#: Those whose ports OVN can match.
MATCHED_PORTS = {6: "tcp", 17: "udp", 132: "sctp"}
_ICMP = (1, 58)


def number(protocol: str | None) -> int | None:
    """Return the number of a protocol; None for any."""
    if protocol is None or protocol == "any":
        return None
    if protocol in PROTOCOLS:
        return PROTOCOLS[protocol]
    return int(protocol)


def normal(rule: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a rule as they are stored.

    :raises BadRequest: that says what cannot be
    """
    made = dict(rule)
    made["protocol"] = _protocol(rule)
    made["ethertype"] = rule.get("ethertype") or "IPv4"
    prefix = rule.get("remote_ip_prefix")
    if prefix and rule.get("remote_group_id"):
        raise exceptions.SecurityGroupRemoteGroupAndRemoteIpPrefix()
    if prefix:
        made["remote_ip_prefix"] = _prefix(prefix, made["ethertype"])
    _check_family(made)
    _check_ports(made)
    return made


def _protocol(rule: dict[str, Any]) -> str | None:
    given = rule.get("protocol")
    if given in (None, "", "any"):
        return None
    text = str(given).lower()
    if text in PROTOCOLS:
        if text == "icmp" and rule.get("ethertype") == "IPv6":
            return "ipv6-icmp"
        return text
    if text.isascii() and text.isdigit() and int(text) <= 255:
        return str(int(text))
    raise exceptions.SecurityGroupRuleInvalidProtocol(
        protocol=text[:64], allowed=", ".join(sorted(PROTOCOLS)))


def _prefix(text: str, ethertype: str) -> str:
    try:
        net = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise exceptions.InvalidInput(
            reason=f"'{text}' is not a valid IP subnet") from None
    if f"IPv{net.version}" != ethertype:
        raise exceptions.SecurityGroupRuleParameterConflict(
            ethertype=ethertype, cidr=text)
    return str(net)


def _check_family(rule: dict[str, Any]) -> None:
    name = rule["protocol"]
    v6_only = name is not None and (
        name.startswith("ipv6-") or name == "icmpv6")
    if v6_only and rule["ethertype"] == "IPv4":
        raise exceptions.BadRequest(
            reason=f"Invalid ethertype IPv4 for protocol {name}.")


def _check_ports(rule: dict[str, Any]) -> None:
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    if low is None and high is None:
        return
    protocol = number(rule["protocol"])
    if protocol is None:
        raise exceptions.SecurityGroupProtocolRequiredWithPorts()
    if protocol in _ICMP:
        _check_icmp(low, high)
    elif protocol not in MATCHED_PORTS:
        raise exceptions.SecurityGroupInvalidProtocolForPort(
            protocol=rule["protocol"])
    else:
        _check_range(low, high)


def _check_icmp(kind: int | None, code: int | None) -> None:
    if kind is None:
        raise exceptions.SecurityGroupMissingIcmpType(value=code)
    for field, attr, value in (("type", "port-range-min", kind),
                               ("code", "port-range-max", code)):
        if value is not None and not 0 <= value <= 255:
            raise exceptions.SecurityGroupInvalidIcmpValue(
                field=field, attr=attr, value=value)


def _check_range(low: int | None, high: int | None) -> None:
    if low is None or high is None or low > high:
        raise exceptions.SecurityGroupInvalidPortRange()
    for port in (low, high):
        if not 1 <= port <= 65535:
            raise exceptions.SecurityGroupInvalidPortValue(port=port)
