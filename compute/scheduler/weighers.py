"""What prefers one host to another: each gives 0 to 1, more is better."""

from collections.abc import Callable

from compute.scheduler.filters import Request
from compute.scheduler.hosts import Hosts

Weigher = Callable[[Hosts, Request], list[float]]


def _free_share(name: str) -> Weigher:
    def weigh(hosts: Hosts, request: Request) -> list[float]:
        return [free / capacity if capacity else 0.0
                for free, capacity in zip(
                    hosts.free[name], hosts.capacity[name], strict=True)]
    return weigh


#: Spread: the emptier host is better. Memory counts most, as it cannot be
#: shared out again.
WEIGHERS: list[tuple[float, Weigher]] = [
    (2.0, _free_share("MEMORY_MB")),
    (1.0, _free_share("VCPU")),
    (0.5, _free_share("DISK_GB")),
]
