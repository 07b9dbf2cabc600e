"""Static large objects: made of a manifest, and deleted with all of it."""

import contextlib
import functools
import io
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import orm

from common import db, exceptions, wsgi
from objectstore import large, manifests
from objectstore.api import listings
from objectstore.collector import Collector
from objectstore.db import objects
from objectstore.db.models import Object
from objectstore.db.objects import Place
from objectstore.exceptions import (
    AccountForbidden,
    BadSegments,
    NamesItself,
    NoContainer,
    NoObject,
    SegmentChanged,
    TooLarge,
    TooManyManifests,
    WrongETag,
)
from objectstore.manifests import Asked, Segment
from objectstore.uploads import Uploads, Wanted

#: Objects that are deleted in one transaction.
_BATCH = 200


def read(req: wsgi.Request) -> list[Asked]:
    """Return the manifest that is the body.

    :raises OverLimit: if it is too long
    """
    text = req.environ["wsgi.input"].read(
        min(req.content_length or manifests.MOST_BYTES + 1,
            manifests.MOST_BYTES + 1))
    if len(text) > manifests.MOST_BYTES:
        raise exceptions.OverLimit(
            reason=f"A manifest has at most {manifests.MOST_BYTES} bytes.")
    return manifests.parse(text)


class Manifests:
    """What is done with manifests; who may is asked before."""

    def __init__(self, database: db.Database, uploads: Uploads,
                 collector: Collector, source: large.LargeObjects) -> None:
        self._db = database
        self._uploads = uploads
        self._collector = collector
        self._large = source

    def create(self, wanted: Wanted, asked: list[Asked]) -> Object:
        """Make a large object of segments that are there.

        They are there still when it becomes one: nothing in between can
        change them unseen.
        """
        place = wanted.place
        if (place.container, place.name) in {
                (each.container, each.name) for each in asked}:
            raise NamesItself(name=place.name)
        with self._db.reader() as session:
            rows = _rows(session, place.account, asked)
        segments = _checked(asked, rows)
        size = manifests.size(segments)
        if size > manifests.MOST_SIZE:
            raise TooLarge(limit=manifests.MOST_SIZE)
        text = manifests.dump(segments)
        etag = manifests.etag(segments)
        if wanted.etag not in (None, etag):
            raise WrongETag(got=etag, wanted=wanted.etag)
        return self._uploads.receive(
            wanted.of(text, size, etag,
                      functools.partial(_recheck, place, segments)),
            io.BytesIO(text))

    def delete(self, place: Place, allow: Callable[[str], None],
               allow_read: Callable[[str], None]) -> "Deleted":
        """Delete what the manifest names, then the manifest.

        :param allow: raises unless the sender may write to a container
        :param allow_read: raises unless they may read what is in it
        """
        done = Deleted()
        try:
            left = self._named(place, allow_read)
        except (NoObject, NoContainer):
            done.missing = 1
            return done
        except exceptions.ServiceError as error:
            done.refused(place.container, place.name, error)
            return done
        for container, names in _by_container(left):
            try:
                allow(container)
            except AccountForbidden as error:
                for name in names:
                    done.refused(container, name, error)
                continue
            self._delete(place.account, container, names, done)
        if not done.errors:
            # Last: as long as it is there, all can be tried again.
            self._delete(place.account, place.container, [place.name], done)
        self._collector.wake()
        return done

    def _delete(self, account: str, container: str, names: list[str],
                done: "Deleted") -> None:
        while names:
            batch, names = names[:_BATCH], names[_BATCH:]
            count = 0
            with contextlib.suppress(NoContainer):
                count = db.retrying(
                    self._forget, account, container, batch)
            done.count += count
            done.missing += len(batch) - count

    def _forget(self, account: str, container: str, names: list[str]) -> int:
        with self._db.writer() as session:
            return objects.delete_many(session, account, container, names)

    def _named(self, place: Place, allow_read: Callable[[str], None]
               ) -> list[tuple[str, str]]:
        """Return container and name of all that a manifest leads to.

        The answer tells of them, so they are for who may read manifests.
        """
        allow_read(place.container)
        with self._db.reader() as session:
            found, blob = objects.with_blob(session, place)
        if found.large_etag is None:
            raise exceptions.BadRequest(reason="Not an SLO manifest")
        left = self._large.manifest(found, blob)
        named: dict[tuple[str, str], None] = {}
        manifests_read = 0
        while left:
            each = left.pop()
            if (each.container, each.name) in named:
                continue
            named[each.container, each.name] = None
            if each.large:
                manifests_read += 1
                if manifests_read > large.MOST_MANIFESTS:
                    raise TooManyManifests()
                allow_read(each.container)
                left += self._nested(place.account, each)
        return list(named)

    def _nested(self, account: str, each: Segment) -> list[Segment]:
        try:
            return self._large.manifest(*self._large.find(
                Place(account, each.container, each.name), each.etag,
                each.size, large=True))
        except SegmentChanged:
            return []  # it is another object by now


def _by_container(
        named: Iterable[tuple[str, str]]) -> Iterable[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for container, name in named:
        found.setdefault(container, []).append(name)
    return found.items()


def _rows(session: orm.Session, account: str,
          wanted: Iterable[Asked | Segment]
          ) -> dict[tuple[str, str], Object]:
    return objects.named(session, account, dict(_by_container(
        (each.container, each.name) for each in wanted)))


def _checked(asked: list[Asked],
             rows: dict[tuple[str, str], Object]) -> list[Segment]:
    """Return the segments, or raise BadSegments that names the bad ones."""
    segments, problems = [], []
    for each in asked:
        row = rows.get((each.container, each.name))
        problem = _problem(each, row)
        if row is None or problem:
            problems.append(f"{urllib.parse.quote(each.path)}, {problem}")
        else:
            segments.append(_segment(each, row))
    if problems:
        raise BadSegments(problems="\n".join(problems))
    return segments


def _problem(each: Asked, row: Object | None) -> str | None:
    if row is None:
        return "404 Not Found"
    etag, size = _identity(row)
    if each.size is not None and each.size != size:
        return "Size Mismatch"
    if each.etag is not None and each.etag != etag:
        return "Etag Mismatch"
    if not size:
        return "Too Small; each segment must be at least 1 byte."
    if manifests.span(each.span, size) is None:
        return "Unsatisfiable Range"
    return None


def _identity(row: Object) -> tuple[str, int]:
    if row.large_etag is not None and row.large_size is not None:
        return row.large_etag, row.large_size
    return row.etag, row.size


def _segment(each: Asked, row: Object) -> Segment:
    etag, size = _identity(row)
    bounds = manifests.span(each.span, size)
    assert bounds is not None
    return Segment(
        each.container, each.name, etag, size, row.content_type,
        listings.moment(row.updated_at), *bounds,
        large=row.large_etag is not None)


def _recheck(place: Place, segments: list[Segment],
             session: orm.Session) -> None:
    """Raise SegmentChanged unless all are there, and let them be."""
    containers = {each.container for each in segments}
    objects.lock(session, place.account, containers | {place.container})
    rows = _rows(session, place.account, segments)
    for each in segments:
        row = rows.get((each.container, each.name))
        if row is None or _identity(row) != (each.etag, each.size):
            raise SegmentChanged(name=each.name)


class Deleted:
    """What became of a deletion of many."""

    def __init__(self) -> None:
        self.count = 0
        self.missing = 0
        self.errors: list[tuple[str, str]] = []

    def refused(self, container: str, name: str,
                error: exceptions.ServiceError) -> None:
        """Note what was not deleted."""
        path = urllib.parse.quote(f"/{container}/{name}")
        self.errors.append((path, f"{error.status} {error}"))

    def response(self, form: str) -> wsgi.Response:
        """Return what clients of deletions in bulk expect."""
        shown: dict[str, Any] = {
            "Number Deleted": self.count, "Number Not Found": self.missing,
            "Response Status": ("400 Bad Request" if self.errors
                                else "200 OK"),
            "Response Body": "", "Errors": self.errors}
        return listings.facts(shown, form)
