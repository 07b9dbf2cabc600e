"""Headers: what a client says of a thing, and what it is told."""

import datetime
import email.utils
import math
from collections.abc import Iterable, Mapping

from common import exceptions, wsgi

_MOST_NAME = 128
_MOST_VALUE = 256
_MOST_COUNT = 90
_MOST_TOTAL = 4096


def said(req: wsgi.Request, kind: str,
         others: Iterable[str] = ()) -> dict[str, str]:
    """Return the metadata headers; an empty value means removal.

    :param kind: Account, Container or Object
    :param others: further headers that are kept with them
    :raises BadRequest: that says which limit is broken
    """
    prefix, removal = f"X-{kind}-Meta-", f"X-Remove-{kind}-Meta-"
    kept = {name.title() for name in others}
    found: dict[str, str] = {}
    for name, value in req.headers.items():
        name = name.title()
        if name.startswith(prefix):
            found[name] = _checked(name.removeprefix(prefix), value)
        elif name.startswith(removal):
            found.setdefault(prefix + name.removeprefix(removal), "")
        elif name in kept:
            found[name] = decoded(value, name)
        elif name.replace("X-Remove-", "X-", 1) in kept:
            found.setdefault(name.replace("X-Remove-", "X-", 1), "")
    check_size({name: value for name, value in found.items()
                if name.startswith(prefix)}, prefix)
    return found


def check_size(meta: Mapping[str, str], prefix: str) -> None:
    """Raise BadRequest if there is too much metadata in all."""
    if len(meta) > _MOST_COUNT:
        raise exceptions.BadRequest(
            reason=f"Too many metadata items; the limit is {_MOST_COUNT}")
    total = sum(len(name) - len(prefix) + len(value.encode())
                for name, value in meta.items())
    if total > _MOST_TOTAL:
        raise exceptions.BadRequest(
            reason=f"The metadata have {total} bytes; the limit is "
                   f"{_MOST_TOTAL}")


def _checked(name: str, value: str) -> str:
    if not name:
        raise exceptions.BadRequest(reason="Metadata name cannot be empty")
    if len(name) > _MOST_NAME:
        raise exceptions.BadRequest(
            reason=f"Metadata name {name[:32]}... is longer than "
                   f"{_MOST_NAME} bytes")
    text = decoded(value, name)
    if len(text.encode()) > _MOST_VALUE:
        raise exceptions.BadRequest(
            reason=f"Metadata value of {name} is longer than {_MOST_VALUE} "
                   "bytes")
    return text


def decoded(value: str, name: str) -> str:
    """Return the text of a header's bytes, which are UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise exceptions.BadRequest(
            reason=f"Header {name} is not UTF-8") from None


def tell(response: wsgi.Response, headers: Mapping[str, str]) -> None:
    """Add headers whose values may be any text without line ends."""
    for name, value in headers.items():
        response.headers[name] = value.encode().decode("latin-1")


def timestamp(moment: datetime.datetime) -> str:
    """Return a time as X-Timestamp has it."""
    return f"{moment.timestamp():.5f}"


def last_modified(moment: datetime.datetime) -> str:
    """Return a time as Last-Modified has it: rounded up to a second."""
    return email.utils.formatdate(
        math.ceil(moment.timestamp()), usegmt=True)
