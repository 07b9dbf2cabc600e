"""Typed calls between processes, over a broker or within one process.

An interface is a class whose methods are marked with ``call`` (wait for the
result), ``cast`` (one server gets it, do not wait) or ``fanout`` (all get
it). The server subclasses it; a client is a proxy made from it, which checks
the arguments before anything is sent. Arguments and results are JSON.
"""

from common.rpc.bus import Bus
from common.rpc.interface import (
    Interface,
    InvalidArguments,
    UnknownMethod,
    UnsupportedVersion,
    call,
    cast,
    fanout,
)
from common.rpc.server import remaining

__all__ = [
    "Bus", "Interface", "InvalidArguments", "UnknownMethod",
    "UnsupportedVersion", "call", "cast", "fanout", "remaining",
]
