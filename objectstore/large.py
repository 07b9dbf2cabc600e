"""Large objects: their segments, found and read one after the other."""

import bisect
import dataclasses
import hashlib
import itertools
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import sqlalchemy as sa

from common import db, exceptions
from objectstore import manifests, names
from objectstore.blobs import Reader, Store
from objectstore.db import accounts, objects
from objectstore.db.models import Blob, Object
from objectstore.db.objects import Place
from objectstore.exceptions import (
    NoObject,
    SegmentChanged,
    TooManyManifests,
)
from objectstore.manifests import Segment

#: Names the segments of a dynamic large object: ``container/prefix``.
HEADER = "X-Object-Manifest"

T = TypeVar("T")

_MOST_DEPTH = 10
#: Manifests that one may lead to, be it read or deleted.
MOST_MANIFESTS = 100
_MOST_PIECES = 10_000


@dataclasses.dataclass(frozen=True)
class Piece:
    """Bytes of one plain object: from ``start`` to before ``end``."""

    place: Place
    etag: str
    size: int
    start: int
    end: int


class Assembly:
    """Reads pieces one after the other, as a Reader does one blob."""

    def __init__(self, pieces: Iterable[Piece],
                 open_piece: Callable[[Piece], Reader]) -> None:
        self._pieces = [each for each in pieces if each.end > each.start]
        lengths = (each.end - each.start for each in self._pieces)
        self._offsets = list(itertools.accumulate(lengths, initial=0))
        self._open_piece = open_piece
        self._open: tuple[int, Reader] | None = None

    @property
    def size(self) -> int:
        """Number of bytes of all."""
        return self._offsets[-1]

    def check(self, offset: int) -> None:
        """Raise now rather than when ``offset`` is reached."""
        if offset < self.size:
            number = self._number(offset)
            piece = self._pieces[number]
            self._reader(number).check(
                piece.start + offset - self._offsets[number])

    def part(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to before ``end``."""
        while start < end:
            number = self._number(start)
            shift = self._pieces[number].start - self._offsets[number]
            stop = min(end, self._offsets[number + 1])
            yield from self._reader(number).part(start + shift, stop + shift)
            start = stop

    def _number(self, offset: int) -> int:
        return bisect.bisect_right(self._offsets, offset) - 1

    def _reader(self, number: int) -> Reader:
        if self._open is None or self._open[0] != number:
            self.close()
            self._open = number, self._open_piece(self._pieces[number])
        return self._open[1]

    def close(self) -> None:
        """Let go of what is open."""
        if self._open is not None:
            self._open[1].close()
            self._open = None


class LargeObjects:
    """Finds and reads what large objects are made of.

    What is said of access is asked of ``allow``, for each container that
    something is read from.
    """

    def __init__(self, database: db.Database, store: Store) -> None:
        self._db = database
        self._store = store

    def manifest(self, found: Object, blob: Blob) -> list[Segment]:
        """Return the segments of a static large object."""
        reader = self._open_blob(found, blob)
        try:
            return manifests.load(b"".join(reader.part(0, found.size)))
        finally:
            reader.close()

    def static(self, account: str, segments: Iterable[Segment],
               allow: Callable[[str], None]) -> Assembly:
        """Return what reads a static large object.

        :raises SegmentChanged: if it is no longer what it was made of
        """
        walk = _Walk(self, account, allow)
        return Assembly(_bounded(walk.pieces(segments)), self._open)

    def dynamic(self, account: str, header: str,
                allow: Callable[[str], None]) -> tuple[Assembly, str]:
        """Return what reads a dynamic large object now, and its MD5."""
        container, prefix = target(header)
        allow(container)
        rows = self._listed(account, container, prefix)
        etag = hashlib.md5(usedforsecurity=False)
        segments = []
        for row in rows:
            shown = row.large_etag or row.etag
            size = row.size if row.large_size is None else row.large_size
            etag.update(shown.encode())
            segments.append(Segment(
                container, row.name, shown, size, row.content_type, "",
                0, size, large=row.large_etag is not None))
        return self.static(account, segments, allow), etag.hexdigest()

    def _listed(self, account: str, container: str,
                prefix: str) -> list[Object]:
        with self._db.reader() as session:
            found = accounts.find(session, account, container)
            end = names.after(prefix)
            where = [Object.name >= prefix] + (
                [Object.name < end] if end is not None else [])
            return _bounded(session.scalars(
                sa.select(Object)
                .where(Object.container_id == found.id, *where)
                .order_by(Object.name).limit(_MOST_PIECES + 1)))

    def find(self, place: Place, etag: str, size: int, *,
             large: bool = False) -> tuple[Object, Blob]:
        """Return an object and its blob, or raise SegmentChanged."""
        try:
            with self._db.reader() as session:
                found, blob = objects.with_blob(session, place)
        except NoObject:
            raise SegmentChanged(name=place.name) from None
        now = ((found.large_etag, found.large_size) if large
               else (found.etag, found.size))
        if now != (etag, size):
            raise SegmentChanged(name=place.name)
        return found, blob

    def _open(self, piece: Piece) -> Reader:
        return self._open_blob(*self.find(
            piece.place, piece.etag, piece.size))

    def _open_blob(self, found: Object, blob: Blob) -> Reader:
        assert blob.sums is not None
        return self._store.open(blob.id, blob.nodes, found.size, blob.sums)


class _Walk:
    """Follows manifests that name manifests, within bounds."""

    def __init__(self, large: LargeObjects, account: str,
                 allow: Callable[[str], None]) -> None:
        self._large = large
        self._account = account
        self._allow = allow
        self._allowed: set[str] = set()
        self._manifests = 0

    def pieces(self, segments: Iterable[Segment],
               depth: int = 1) -> Iterator[Piece]:
        for each in segments:
            if each.container not in self._allowed:
                self._allow(each.container)
                self._allowed.add(each.container)
            place = Place(self._account, each.container, each.name)
            if each.large:
                inner = self.pieces(self._nested(place, each, depth),
                                    depth + 1)
                yield from _cut(inner, each.start, each.end)
            else:
                yield Piece(place, each.etag, each.size, each.start,
                            each.end)

    def _nested(self, place: Place, each: Segment,
                depth: int) -> list[Segment]:
        self._manifests += 1
        if depth >= _MOST_DEPTH or self._manifests > MOST_MANIFESTS:
            raise TooManyManifests()
        return self._large.manifest(*self._large.find(
            place, each.etag, each.size, large=True))


def _cut(pieces: Iterable[Piece], start: int, end: int) -> Iterator[Piece]:
    """Yield what lies between two bytes of the pieces' concatenation."""
    at = 0
    for each in pieces:
        length = each.end - each.start
        first, last = max(start, at), min(end, at + length)
        if first < last:
            yield dataclasses.replace(
                each, start=each.start + first - at,
                end=each.start + last - at)
        at += length
        if at >= end:
            return


def _bounded(items: Iterable[T]) -> list[T]:
    found = list(itertools.islice(items, _MOST_PIECES + 1))
    if len(found) > _MOST_PIECES:
        raise exceptions.BadRequest(
            reason=f"The object has more than {_MOST_PIECES} segments.")
    return found


def target(header: str) -> tuple[str, str]:
    """Return the container and prefix that X-Object-Manifest names.

    :raises BadRequest: if it names none
    """
    container, _, prefix = urllib.parse.unquote(header).partition("/")
    if not (container and prefix) or "?" in header or "&" in header:
        raise exceptions.BadRequest(
            reason=f"{HEADER} must be of the form container/prefix")
    names.check_container(container)
    return container, prefix
