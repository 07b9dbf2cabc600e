"""Headers: what a client says of a thing, and what it is told."""

import datetime
import email.utils
import math
import re
from collections.abc import Iterable, Mapping

from common import exceptions, wsgi
from objectstore import metadata

_MOST_OTHER = 8192
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")

#: What other stores do when told so, and this one does not: taken without
#: a word, they would lose data or keep what should be gone.
_NOT_DONE = frozenset({
    "X-Symlink-Target", "X-Delete-At", "X-Delete-After",
    "X-Versions-Location", "X-History-Location", "X-Versions-Enabled",
    "X-Container-Sync-To", "X-Container-Sync-Key"})
_QUERIES_NOT_DONE = ("bulk-delete", "extract-archive")


def said(req: wsgi.Request, kind: str,
         others: Iterable[str] = ()) -> dict[str, str]:
    """Return the metadata headers; an empty value means removal.

    :param kind: Account, Container or Object
    :param others: further headers that are kept with them
    :raises BadRequest: that says which limit is broken
    """
    _refuse_not_done(req)
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
            found[name] = decoded(value, name, _MOST_OTHER)
        elif name.replace("X-Remove-", "X-", 1) in kept:
            found.setdefault(name.replace("X-Remove-", "X-", 1), "")
    metadata.check_size(found)
    return found


def _refuse_not_done(req: wsgi.Request) -> None:
    told = [name for name in req.headers if name.title() in _NOT_DONE]
    told += [name for name in _QUERIES_NOT_DONE if name in req.GET]
    if told:
        raise exceptions.BadRequest(
            reason=f"{told[0]}: not supported; /info names what is")


def _checked(name: str, value: str) -> str:
    if not name:
        raise exceptions.BadRequest(reason="Metadata name cannot be empty")
    if len(name) > metadata.MOST_NAME:
        raise exceptions.BadRequest(
            reason=f"Metadata name {name[:32]}... is longer than "
                   f"{metadata.MOST_NAME} bytes")
    return decoded(value, f"Metadata value of {name}", metadata.MOST_VALUE)


def decoded(value: str, name: str, most: int) -> str:
    """Return the text of a header's bytes, which are UTF-8.

    :param most: how many bytes it may have
    """
    try:
        text = value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise exceptions.BadRequest(reason=f"{name} is not UTF-8") from None
    if len(value) > most:
        raise exceptions.BadRequest(
            reason=f"{name} is longer than {most} bytes")
    if _CONTROL.search(text):
        raise exceptions.BadRequest(
            reason=f"{name} holds a control character")
    return text


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
