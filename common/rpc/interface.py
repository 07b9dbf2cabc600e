"""Declaring interfaces: which methods there are, and how each is called."""

import abc
import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeVar, overload

from common import exceptions

F = TypeVar("F", bound=Callable[..., Any])
Kind = Literal["call", "cast", "fanout"]

#: Seconds that a hint waits for somebody to take it.
HINT_TTL = 60.0


class UnknownMethod(exceptions.ServiceError):
    """The other side is of a release that does not have the method."""

    message = "{topic} {version} has no method {method}."


class UnsupportedVersion(exceptions.ServiceError):
    """Caller and server are too many releases apart."""

    message = "{topic} is served at {served}, not at {wanted}."


class InvalidArguments(exceptions.ServiceError):
    """The arguments are not those that the method declares."""

    message = "{topic}.{method}: {reason}"


@dataclasses.dataclass(frozen=True)
class Method:
    """What a declaration says of one method."""

    name: str
    kind: Kind
    timeout: float
    since: str
    allowed: frozenset[str]
    required: frozenset[str]
    open_ended: bool

    def check(self, topic: str, args: dict[str, Any]) -> None:
        """Raise InvalidArguments unless ``args`` are the declared ones."""
        unknown = not self.open_ended and args.keys() - self.allowed
        missing = self.required - args.keys()
        if unknown or missing:
            problem = "unexpected" if unknown else "missing"
            names = ", ".join(sorted(unknown or missing))
            raise InvalidArguments(
                topic=topic, method=self.name,
                reason=f"{problem}: {names}")

    def known(self, args: dict[str, Any]) -> dict[str, Any]:
        """Return ``args`` without what a newer caller added."""
        if self.open_ended or args.keys() <= self.allowed:
            return args
        return {k: v for k, v in args.items() if k in self.allowed}


def call(*, timeout: float = 60, since: str = "1.0") -> Callable[[F], F]:
    """Mark a method whose caller waits for the result, ``timeout`` s.

    It may be run twice, and must then have no further effect.
    """
    return _marking("call", timeout, since)


@overload
def cast(func: F) -> F: ...
@overload
def cast(*, ttl: float = ..., since: str = ...) -> Callable[[F], F]: ...


def cast(func: Any = None, *, ttl: float = HINT_TTL,
         since: str = "1.0") -> Any:
    """Mark a method whose caller does not wait: a hint, lost unharmed.

    One server of the topic gets it; nobody does if it waits for ``ttl`` s.
    """
    mark = _marking("cast", ttl, since)
    return mark(func) if func else mark


@overload
def fanout(func: F) -> F: ...
@overload
def fanout(*, ttl: float = ..., since: str = ...) -> Callable[[F], F]: ...


def fanout(func: Any = None, *, ttl: float = HINT_TTL,
           since: str = "1.0") -> Any:
    """Mark a method that every server of the topic gets, as a hint."""
    mark = _marking("fanout", ttl, since)
    return mark(func) if func else mark


def _marking(kind: Kind, timeout: float, since: str) -> Callable[[F], F]:
    def mark(func: F) -> F:
        parameters = list(inspect.signature(func).parameters.values())[2:]
        named = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
        func._rpc = Method(  # type: ignore[attr-defined]
            name=func.__name__, kind=kind, timeout=timeout, since=since,
            allowed=frozenset(p.name for p in named),
            required=frozenset(
                p.name for p in named if p.default is p.empty),
            open_ended=len(named) < len(parameters))
        return abc.abstractmethod(func)
    return mark


class Interface(abc.ABC):
    """Base of interfaces; a server subclasses the interface it serves.

    ``version`` is ``major.minor``: a new method or optional argument raises
    the minor, and is marked with ``since``; anything else the major.
    """

    topic: ClassVar[str]
    version: ClassVar[str] = "1.0"
    methods: ClassVar[dict[str, Method]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.methods = {
            name: value._rpc
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if hasattr(value, "_rpc")}


def parsed(version: str) -> tuple[int, int]:
    """Return major and minor."""
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


def check_version(served: type[Interface] | Interface,
                  wanted: str) -> None:
    """Raise UnsupportedVersion unless the server is at least as new."""
    major, minor = parsed(wanted)
    has_major, has_minor = parsed(served.version)
    if major != has_major or minor > has_minor:
        raise UnsupportedVersion(
            topic=served.topic, served=served.version, wanted=wanted)
