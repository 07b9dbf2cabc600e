"""Manifests of static large objects: lists of segments, as JSON.

The form that clients send, and the form that is kept and shown, are those
of the Object Storage API's reference.
"""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from common import concurrency, jsontext, schema
from common import exceptions as common_exceptions
from objectstore import exceptions, names

T = TypeVar("T")

MOST_SEGMENTS = 1000
MOST_BYTES = 8 << 20
#: What is longer takes long enough to hold up others.
_SHORT_BYTES = 100 << 10
#: Bytes of a large object, of which large objects may be segments: what
#: databases count to.
MOST_SIZE = (1 << 63) - 1

_SCHEMA: schema.Schema = {
    "type": "array", "minItems": 1,
    "items": schema.closed({
        "path": {"type": "string", "maxLength": 1400},
        "etag": {"type": ["string", "null"], "maxLength": 64},
        "size_bytes": {"anyOf": [
            {"type": ["integer", "null"], "minimum": 0}, schema.INT_STRING]},
        "range": {"type": ["string", "null"], "maxLength": 64},
    }, ("path",)),
}
_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Asked:
    """A segment as a client names it; what it does not say is None.

    :param etag: of the whole object
    :param span: the bytes of it, as in a Range header
    """

    container: str
    name: str
    etag: str | None
    size: int | None
    span: str | None

    @property
    def path(self) -> str:
        """Container and name, as in a URL."""
        return f"/{self.container}/{self.name}"


@dataclasses.dataclass(frozen=True)
class Segment:
    """A segment: an object, or the bytes from ``start`` to before ``end``.

    :param etag: of the whole object
    :param size: bytes of the whole object
    :param large: the object is a static large one itself
    """

    container: str
    name: str
    etag: str
    size: int
    content_type: str
    last_modified: str
    start: int
    end: int
    large: bool = False

    @property
    def span(self) -> str | None:
        """First and last byte, unless it is the whole object."""
        if (self.start, self.end) == (0, self.size):
            return None
        return f"{self.start}-{self.end - 1}"


def parse(text: bytes) -> list[Asked]:
    """Return what a client sends; raise BadRequest or TooManySegments."""
    return _aside(_parse, text)


def _aside(func: Callable[[bytes], T], text: bytes) -> T:
    """Call it in a native thread if it may take long."""
    if len(text) > _SHORT_BYTES:
        return concurrency.blocking(func, text)
    return func(text)


def _parse(text: bytes) -> list[Asked]:
    try:
        items: Any = jsontext.loads(text)
    except ValueError as error:
        raise common_exceptions.BadRequest(
            reason=f"Manifest must be valid JSON: {error}") from None
    schema.validate(items, _SCHEMA, "manifest")
    if len(items) > MOST_SEGMENTS:
        raise exceptions.TooManySegments(limit=MOST_SEGMENTS)
    return [_asked(item) for item in items]


def _asked(item: dict[str, Any]) -> Asked:
    container, _, name = item["path"].lstrip("/").partition("/")
    names.check_container(container)
    names.check_object(name)
    size = item.get("size_bytes")
    etag = item.get("etag")
    return Asked(
        container, name, etag.strip('"').lower() if etag else None,
        None if size is None else int(size), item.get("range"))


def span(text: str | None, size: int) -> tuple[int, int] | None:
    """Return first byte and that after the last; None if there are none."""
    if not text:
        return (0, size) if size else None
    match = _RANGE.fullmatch(text)
    if match is None or text == "-":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start = int(first)
        end = min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None


def size(segments: Iterable[Segment]) -> int:
    """Return the bytes of all."""
    return sum(each.end - each.start for each in segments)


def etag(segments: Iterable[Segment]) -> str:
    """Return what the large object is known by."""
    said = "".join(f"{each.etag}:{each.span};" if each.span else each.etag
                   for each in segments)
    return hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()


def dump(segments: Iterable[Segment]) -> bytes:
    """Return the manifest as it is kept, and shown."""
    return jsontext.dumps([_item(each) for each in segments])


def _item(each: Segment) -> dict[str, Any]:
    item: dict[str, Any] = {
        "name": f"/{each.container}/{each.name}", "hash": each.etag,
        "bytes": each.size, "content_type": each.content_type,
        "last_modified": each.last_modified}
    if each.span:
        item["range"] = each.span
    if each.large:
        item["sub_slo"] = True
    return item


def load(text: bytes) -> list[Segment]:
    """Return what ``dump`` made a text of."""
    return _aside(_load, text)


def _load(text: bytes) -> list[Segment]:
    items: Any = jsontext.loads(text)
    return [_segment(item) for item in items]


def _segment(item: dict[str, Any]) -> Segment:
    container, _, name = item["name"].lstrip("/").partition("/")
    bounds = span(item.get("range"), item["bytes"])
    assert bounds is not None
    return Segment(
        container, name, item["hash"], item["bytes"], item["content_type"],
        item["last_modified"], *bounds, large=item.get("sub_slo", False))


def raw(segments: Iterable[Segment]) -> bytes:
    """Return the manifest in the form that clients send."""
    return jsontext.dumps([
        {"path": f"/{each.container}/{each.name}", "etag": each.etag,
         "size_bytes": each.size} | (
             {"range": each.span} if each.span else {})
        for each in segments])
