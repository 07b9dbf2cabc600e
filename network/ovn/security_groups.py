"""A security group becomes a port group with an ACL for each rule.

OVN keeps an address set of each port group, ``$NAME_ip4`` and ``_ip6``,
which is what rules about a remote group match.
"""

from network.db.models import Rule, SecurityGroup
from network.ovn.rows import Ref, Row
from network.security_groups import MATCHED_PORTS, number

#: The group of all ports with port security.
DROP = Ref("Port_Group", "drop")
_DROP_NAME = "pileus_drop"
_DROP_PRIORITY = 1001
_ALLOW_PRIORITY = 1002
#: Above what groups allow: guests never serve addresses to others.
_NEVER_PRIORITY = 1003


def group(group_id: str) -> Ref:
    """Name the port group of a security group."""
    return Ref("Port_Group", group_id)


def name(group_id: str) -> str:
    """Return the name by which matches know the port group."""
    return f"pg_{group_id.replace('-', '_')}"


def base() -> list[Row]:
    """Return the group that drops what no other allows, but for ARP.

    Whatever their groups say, guests may ask for an address, and may not
    answer those who ask.
    """
    pg = f"@{_DROP_NAME}"
    return [
        Row("Port_Group", "drop", {"name": _DROP_NAME}),
        _acl("drop-out", DROP, "from-lport", _DROP_PRIORITY,
             f"inport == {pg}", "drop"),
        _acl("drop-in", DROP, "to-lport", _DROP_PRIORITY,
             f"outport == {pg}", "drop"),
        _acl("arp-out", DROP, "from-lport", _ALLOW_PRIORITY,
             f"inport == {pg} && arp", "allow"),
        _acl("arp-in", DROP, "to-lport", _ALLOW_PRIORITY,
             f"outport == {pg} && arp", "allow"),
        _acl("never-dhcp4", DROP, "from-lport", _NEVER_PRIORITY,
             f"inport == {pg} && ip4 && udp.src == 67 && udp.dst == 68",
             "drop"),
        _acl("never-dhcp6", DROP, "from-lport", _NEVER_PRIORITY,
             f"inport == {pg} && ip6 && udp.src == 547 && udp.dst == 546",
             "drop"),
        _acl("dhcp4", DROP, "from-lport", _ALLOW_PRIORITY,
             f"inport == {pg} && ip4 && udp.src == 68 && udp.dst == 67 && "
             "ip4.dst == 255.255.255.255", "allow"),
        _acl("dhcp6", DROP, "from-lport", _ALLOW_PRIORITY,
             f"inport == {pg} && ip6 && udp.src == 546 && udp.dst == 547 "
             "&& ip6.dst == ff02::1:2", "allow"),
    ]


def rows(security_group: SecurityGroup) -> list[Row]:
    """Return the port group and its ACLs."""
    ref = group(security_group.id)
    action = ("allow-related" if security_group.stateful
              else "allow-stateless")
    made = [Row("Port_Group", security_group.id,
                {"name": name(security_group.id)})]
    for rule in security_group.rules:
        direction = ("to-lport" if rule.direction == "ingress"
                     else "from-lport")
        made.append(_acl(
            f"rule-{rule.id}", ref, direction, _ALLOW_PRIORITY,
            match(rule), action))
    return made


def _acl(key: str, parent: Ref, direction: str, priority: int, match: str,
         action: str) -> Row:
    return Row("ACL", key, {
        "direction": direction, "priority": priority, "match": match,
        "action": action}, parent=(parent, "acls"))


def match(rule: Rule) -> str:
    """Return the rule as OVN's expression."""
    inwards = rule.direction == "ingress"
    version = "4" if rule.ethertype == "IPv4" else "6"
    own = "outport" if inwards else "inport"
    parts = [f"{own} == @{name(rule.security_group_id)}", f"ip{version}"]
    far = f"ip{version}.{'src' if inwards else 'dst'}"
    if rule.remote_ip_prefix and not rule.remote_ip_prefix.endswith("/0"):
        parts.append(f"{far} == {rule.remote_ip_prefix}")
    if rule.remote_group_id:
        parts.append(f"{far} == ${name(rule.remote_group_id)}_ip{version}")
    return " && ".join([*parts, *_protocol(rule, version)])


def _protocol(rule: Rule, version: str) -> list[str]:
    protocol = number(rule.protocol)
    if protocol is None:
        return []
    if protocol in MATCHED_PORTS:
        return _ports(rule, MATCHED_PORTS[protocol])
    if (protocol, version) in ((1, "4"), (58, "6")):
        return _icmp(rule, f"icmp{version}")
    return [f"ip.proto == {protocol}"]


def _ports(rule: Rule, protocol: str) -> list[str]:
    low, high = rule.port_range_min, rule.port_range_max
    if low is None:
        return [protocol]
    if low == high:
        return [protocol, f"{protocol}.dst == {low}"]
    return [protocol, f"{protocol}.dst >= {low}",
            f"{protocol}.dst <= {high}"]


def _icmp(rule: Rule, protocol: str) -> list[str]:
    parts = [protocol]
    if rule.port_range_min is not None:
        parts.append(f"{protocol}.type == {rule.port_range_min}")
    if rule.port_range_max is not None:
        parts.append(f"{protocol}.code == {rule.port_range_max}")
    return parts
