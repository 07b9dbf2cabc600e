"""Conditions and ranges of a read, by RFC 9110."""

import datetime
import email.utils
import math
import re

from common import exceptions, wsgi
from objectstore.api.sending import Shown
from objectstore.exceptions import BadRange

_MOST_RANGES = 50
_RANGE = re.compile(r"^(\d{0,20})-(\d{0,20})$", re.ASCII)


def check(req: wsgi.Request, found: Shown) -> bool:
    """Return False if the sender has this state of the object already.

    :raises PreconditionFailed: if they want another state
    """
    changed_s = math.ceil(found.updated_at.timestamp())
    if "If-Match" in req.headers:
        if not _named(req.headers["If-Match"], found.etag):
            raise exceptions.PreconditionFailed()
    elif (since := _time(req, "If-Unmodified-Since")) is not None:
        if changed_s > since:
            raise exceptions.PreconditionFailed()
    if "If-None-Match" in req.headers:
        return not _named(req.headers["If-None-Match"], found.etag)
    since = _time(req, "If-Modified-Since")
    return since is None or changed_s > since


def _named(header: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"')
            for tag in header.split(",")}
    return "*" in tags or etag in tags


def _time(req: wsgi.Request, name: str) -> float | None:
    """Return the time in a header; what is no time is not there."""
    text = req.headers.get(name)
    if not text or len(text) > 64:
        return None
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.UTC)
    return found.timestamp()


def ranges(req: wsgi.Request,
           found: Shown) -> list[tuple[int, int]] | None:
    """Return first byte and that after the last of each range.

    None if all is asked for, or the header is not understood.

    :raises BadRange: if nothing of what is asked for is there
    """
    text = req.headers.get("Range", "")
    if not text.startswith("bytes=") or req.method == "HEAD":
        return None
    guard = req.headers.get("If-Range")
    if guard and guard.strip('"') != found.etag and (
            guard != found.last_modified):
        return None
    specs = text.removeprefix("bytes=").split(",")
    if len(specs) > _MOST_RANGES:
        raise BadRange(size=found.size)
    parsed = [_parse(spec.strip(), found.size) for spec in specs]
    if any(each is None for each in parsed):
        return None
    kept = [each for each in parsed if each and each[0] < each[1]]
    if not kept:
        raise BadRange(size=found.size)
    if sum(end - start for start, end in kept) > 2 * found.size:
        # Ranges over ranges of the same bytes serve nobody.
        raise BadRange(size=found.size)
    return kept


def _parse(text: str, size: int) -> tuple[int, int] | None:
    """Return one range, an empty one if it is beyond the end."""
    match = _RANGE.match(text)
    if match is None or text == "-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if not last:
        return min(int(first), size), size
    if int(last) < int(first):
        return None
    return min(int(first), size), min(int(last) + 1, size)
