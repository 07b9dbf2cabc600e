"""Addresses: planning of subnets, and claims on them.

An address is chosen at random, so that two who want one rarely meet and a
released address rests; the database decides who has it. Only in a pool
that is nearly full are gaps looked for, by index. No list of a subnet's
addresses is ever made.
"""

import ipaddress
import random
from collections.abc import Iterable
from typing import Any

from sqlalchemy import orm

from network import exceptions
from network.db import allocations
from network.db.models import Subnet

_CANDIDATES = 16
_ROUNDS = 8
#: Address modes in which a guest makes its address of its MAC.
STATELESS = ("slaac", "dhcpv6-stateless")

Net = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(cidr: str, ip_version: int) -> Net:
    """Return the block that ``cidr`` names; host bits are cut off.

    :raises InvalidInput: if it is no block of that version
    """
    try:
        net = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        raise exceptions.InvalidInput(
            reason=f"'{cidr}' is not a valid IP subnet") from None
    if net.version != ip_version:
        raise exceptions.InvalidInput(
            reason=f"cidr '{cidr}' does not match the ip_version "
                   f"'{ip_version}'")
    if net.prefixlen == 0:
        raise exceptions.InvalidInput(
            reason="0 is not allowed as CIDR prefix length")
    if net.is_multicast or net.is_loopback or (
            net.version == 4 and net.is_link_local):
        raise exceptions.InvalidInput(
            reason=f"'{cidr}' holds addresses that guests cannot have")
    return net


def address_of(text: str, net: Net) -> int:
    """Return the number of an address within ``net``.

    :raises InvalidIpForSubnet: if it is not a host address of it
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise exceptions.InvalidInput(
            reason=f"'{text}' is not a valid IP address") from None
    if address.version != net.version or address not in net or (
            not _is_host(int(address), net)):
        raise exceptions.InvalidIpForSubnet(ip=text)
    return int(address)


def _is_host(number: int, net: Net) -> bool:
    first, last = _bounds(net)
    return first <= number <= last


def _bounds(net: Net) -> tuple[int, int]:
    """Return the first and the last address that a host may have."""
    first, last = int(net.network_address), int(net.broadcast_address)
    if net.num_addresses <= 2:
        return first, last
    return first + 1, last - 1 if net.version == 4 else last


def default_gateway(net: Net) -> str | None:
    """Return the first host address, or None where there is but one."""
    if net.num_addresses < 2:
        return None
    return str(net[1])


def default_pools(net: Net, gateway: str | None) -> list[dict[str, str]]:
    """Return all host addresses but the gateway, as one or two ranges."""
    first, last = _bounds(net)
    pieces = [(first, last)]
    if gateway and first <= int(ipaddress.ip_address(gateway)) <= last:
        cut = int(ipaddress.ip_address(gateway))
        pieces = [(first, cut - 1), (cut + 1, last)]
    kind = type(net.network_address)
    return [{"start": str(kind(a)), "end": str(kind(b))}
            for a, b in pieces if a <= b]


def check_pools(net: Net, gateway: str | None,
                pools: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Return the pools sorted, in normal form.

    :raises ServiceError: if they leave the block, overlap, or hold the
        gateway
    """
    ranges = sorted(_range(pool, net) for pool in pools)
    kind = type(net.network_address)
    made = [{"start": str(kind(a)), "end": str(kind(b))} for a, b in ranges]
    for (_, end), (start, _), pool in zip(
            ranges, ranges[1:], made[1:], strict=False):
        if start <= end:
            raise exceptions.OverlappingAllocationPools(
                pools=f"{pool['start']}-{pool['end']}", cidr=str(net))
    if gateway:
        check_gateway(gateway, made)
    return made


def check_gateway(gateway: str, pools: list[dict[str, str]]) -> None:
    """Raise GatewayConflictWithAllocationPools if a pool holds it."""
    number = int(ipaddress.ip_address(gateway))
    for pool, (start, end) in zip(
            pools, ranges_of(pools), strict=True):
        if start <= number <= end:
            raise exceptions.GatewayConflictWithAllocationPools(
                ip=gateway, pool=f"{pool['start']}-{pool['end']}")


def _range(pool: dict[str, str], net: Net) -> tuple[int, int]:
    text = f"{pool['start']}-{pool['end']}"
    try:
        start = ipaddress.ip_address(pool["start"])
        end = ipaddress.ip_address(pool["end"])
    except ValueError:
        raise exceptions.InvalidAllocationPool(pool=text) from None
    if start.version != net.version or end.version != net.version or (
            int(start) > int(end)):
        raise exceptions.InvalidAllocationPool(pool=text)
    if not (_is_host(int(start), net) and _is_host(int(end), net)):
        raise exceptions.OutOfBoundsAllocationPool(pool=text, cidr=str(net))
    return int(start), int(end)


def ranges_of(pools: Iterable[dict[str, str]]) -> list[tuple[int, int]]:
    """Return pools as pairs of numbers."""
    return [(int(ipaddress.ip_address(pool["start"])),
             int(ipaddress.ip_address(pool["end"]))) for pool in pools]


def claim(session: orm.Session, subnet: Subnet, port_id: str,
          address: str) -> str:
    """Give the port this very address and return its normal form.

    :raises IpAddressInUse: if another port has it
    """
    net = ipaddress.ip_network(subnet.cidr)
    number = address_of(address, net)
    text = str(ipaddress.ip_address(address))
    if not allocations.insert(session, subnet_id=subnet.id, port_id=port_id,
                              number=number, ip_address=text):
        raise exceptions.IpAddressAlreadyAllocated(
            ip=text, subnet_id=subnet.id)
    return text


def claim_any(session: orm.Session, subnet: Subnet, port_id: str) -> str:
    """Give the port a free address of the subnet's pools.

    :raises NoAddress: if there is none
    """
    pools = ranges_of(subnet.allocation_pools)
    kind = type(ipaddress.ip_network(subnet.cidr).network_address)
    for _ in range(_ROUNDS):
        free = _free(session, subnet.id, pools)
        if not free:
            break
        number = random.choice(free)
        text = str(kind(number))
        if allocations.insert(session, subnet_id=subnet.id, port_id=port_id,
                              number=number, ip_address=text):
            return text
    raise exceptions.NoAddress(subnet_id=subnet.id)


def _free(session: orm.Session, subnet_id: str,
          pools: list[tuple[int, int]]) -> list[int]:
    """Return some free addresses of the pools; none if all are held."""
    if not pools:
        return []
    guesses = {_pick(pools) for _ in range(_CANDIDATES)}
    free = guesses - allocations.taken(session, subnet_id, guesses)
    if free:
        return sorted(free)
    starts = {start for start, _ in pools}
    free = starts - allocations.taken(session, subnet_id, starts)
    return [*free, *allocations.gaps(
        session, subnet_id, pools, _CANDIDATES)]


def _pick(pools: list[tuple[int, int]]) -> int:
    """Return an address of the pools, each as likely as any other."""
    at = random.randrange(sum(end - start + 1 for start, end in pools))
    for start, end in pools:
        if at <= end - start:
            return start + at
        at -= end - start + 1
    raise AssertionError("not reached")


def from_mac(cidr: str, mac: str) -> str:
    """Return the address that a guest makes of its MAC (EUI-64)."""
    parts = [int(part, 16) for part in mac.split(":")]
    parts[0] ^= 2
    host = bytes([*parts[:3], 0xFF, 0xFE, *parts[3:]])
    base = int(ipaddress.ip_network(cidr).network_address)
    return str(ipaddress.IPv6Address(base | int.from_bytes(host, "big")))


def overlaps(net: Net, subnets: Iterable[Any]) -> bool:
    """Say whether a block meets one of the subnets."""
    others = (ipaddress.ip_network(subnet.cidr) for subnet in subnets)
    return any(net.version == other.version and net.overlaps(other)
               for other in others)
