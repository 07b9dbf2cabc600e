"""What refuses hosts: each filter is a mask and the reason it stands for.

A host that several would refuse counts for the first, so the order is from
the general to the particular.
"""

import dataclasses
from collections.abc import Callable

from compute.scheduler.hosts import Hosts


@dataclasses.dataclass(frozen=True)
class Request:
    """What a server needs of its host."""

    vcpus: int
    ram_mib: int
    disk_gib: int
    zone: str | None = None
    host: str | None = None
    node: str | None = None
    arch: str | None = None
    #: Hosts that were tried in vain.
    exclude: tuple[str, ...] = ()

    @property
    def amounts(self) -> dict[str, int]:
        return {"VCPU": self.vcpus, "MEMORY_MB": self.ram_mib,
                "DISK_GB": self.disk_gib}


Mask = list[bool]
Filter = Callable[[Hosts, Request], Mask]


def _up(hosts: Hosts, request: Request) -> Mask:
    return hosts.up


def _enabled(hosts: Hosts, request: Request) -> Mask:
    # An operator who names the host may also use it while it is disabled.
    return [on or name == request.host
            for on, name in zip(hosts.enabled, hosts.names, strict=True)]


def _named(hosts: Hosts, request: Request) -> Mask:
    return [request.host in (None, name) and request.node in (None, node)
            for name, node in zip(hosts.names, hosts.nodes, strict=True)]


def _zone(hosts: Hosts, request: Request) -> Mask:
    return [request.zone in (None, zone) for zone in hosts.zones]


def _untried(hosts: Hosts, request: Request) -> Mask:
    return [name not in request.exclude for name in hosts.names]


def _arch(hosts: Hosts, request: Request) -> Mask:
    return [request.arch in (None, arch) for arch in hosts.archs]


def _room(name: str) -> Filter:
    def has_room(hosts: Hosts, request: Request) -> Mask:
        wanted = request.amounts[name]
        return [min(free, largest) >= wanted for free, largest in zip(
            hosts.free[name], hosts.largest[name], strict=True)]
    return has_room


FILTERS: list[tuple[str, Filter]] = [
    ("not the one asked for", _named),
    ("in another availability zone", _zone),
    ("down", _up),
    ("disabled", _enabled),
    ("tried before", _untried),
    ("of another architecture", _arch),
    ("too little RAM", _room("MEMORY_MB")),
    ("too few VCPUs", _room("VCPU")),
    ("too little disk", _room("DISK_GB")),
]
