"""Import of an image: from what waits, from the web, or from a store."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from sqlalchemy import orm

from common import exceptions as common_exceptions
from common import failpoint, fetch, task
from imagestore import exceptions
from imagestore.db import data, images, tasks
from imagestore.db.models import Data, Image
from imagestore.env import Env
from imagestore.stores.base import Opened
from imagestore.stores.registry import Store
from imagestore.uploads import Copy

failpoint.declare("import.stored")

#: Seconds between two notes of how far it is.
_NOTE_S = 2.0


@dataclasses.dataclass
class ImportImage(task.Task):
    """Brings the data of an image to ``stores``, and makes it active.

    :param method: glance-direct, web-download or copy-image
    :param must_succeed: one store that fails undoes what others took
    """

    # Data may be large, and the web slow.
    deadline_s: ClassVar[float] = 24 * 3600

    image_id: str
    method: str
    stores: list[str]
    must_succeed: bool = True
    url: str = ""

    @property
    def resource(self) -> str:
        return self.image_id

    @task.step
    def fetch(self, env: Env) -> None:
        """Bring the data to where they wait, if they are not there."""
        with env.db.writer() as session:
            self.guard(session)
            tasks.note(session, self.id, status="processing")
            # What an earlier attempt has left is not whole.
            data.doom(session, Data.task_id == self.id,
                      Data.state == "staged")
        if self.method != "web-download":
            return
        with env.db.reader() as session:
            if data.staging(session, self.image_id):
                return
        body = fetch.get(self.url, env.web)
        try:
            env.uploads.fetch(
                self.image_id, _Counted(env, self.id, body.read, "Fetched"),
                body.size, self.id, self.guard)
        finally:
            body.close()

    @fetch.undo
    def drop(self, env: Env) -> None:
        self._drop(env)

    @task.step
    def store(self, env: Env) -> None:
        """Bring the data to one store after the other."""
        while True:
            with env.db.reader() as session:
                image = images.get(session, self.image_id)
                left = _split(image.importing_to)
            if not left:
                break
            self._store_one(env, image, left[0], last=len(left) == 1)
            failpoint.hit("import.stored")
        if not self._taken(env):
            raise exceptions.ImportFailed(reason=image.failed_to or "")

    @store.undo
    def take_back(self, env: Env) -> None:
        """Leave to the collector what stores took of this import."""
        with env.db.writer() as session:
            self.guard(session)
            if self.method != "copy-image" and not self._importing(session):
                return  # it is active: what it has is its own by now
            data.doom(session, Data.task_id == self.id)
            data.refresh(session, self.image_id, env.stores)
        env.collector.wake()

    @task.step
    def settle(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            data.doom_staging(session, self.image_id)
            tasks.note(session, self.id, status="success",
                       result={"image_id": self.image_id})
        env.collector.wake()

    def undone(self, env: Env, reason: str) -> None:
        """Let the image wait for other data, unless it had some before."""
        with env.db.writer() as session:
            self.guard(session)
            tasks.note(session, self.id, status="failure", message=reason)
            with contextlib.suppress(exceptions.ImageNotFound):
                image = images.get(session, self.image_id, lock=True)
                image.failed_to = _joined(
                    [*_split(image.failed_to), *_split(image.importing_to)])
                image.importing_to = ""
                if image.status == "importing":
                    images.set_status(session, image, "queued")
                    image.data_id = None
        self._drop(env)

    def _importing(self, session: orm.Session) -> bool:
        try:
            image = images.get(session, self.image_id, lock=True)
        except exceptions.ImageNotFound:
            return True
        return image.status == "importing"

    def _drop(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            data.doom_staging(session, self.image_id)
        env.collector.wake()

    def _taken(self, env: Env) -> bool:
        with env.db.reader() as session:
            have = {row.store for row in data.of_image(
                session, self.image_id)}
        return bool(have & set(self.stores))

    def _store_one(self, env: Env, image: Image, name: str, *,
                   last: bool) -> None:
        try:
            if not self._has(env, name):
                self._copy(env, image, name, last=last)
        except (exceptions.ContentRefused, exceptions.Gone, task.LostLease):
            raise
        except (OSError, common_exceptions.ServiceError) as error:
            if self.must_succeed or task.transient(error):
                raise
            self._progress(env, name, failed=True)
        else:
            self._progress(env, name, failed=False)

    def _has(self, env: Env, name: str) -> bool:
        with env.db.reader() as session:
            return any(row.store == name for row in data.of_image(
                session, self.image_id))

    def _progress(self, env: Env, name: str, *, failed: bool) -> None:
        with env.db.writer() as session:
            self.guard(session)
            image = images.get(session, self.image_id, lock=True)
            left = [each for each in _split(image.importing_to)
                    if each != name]
            image.importing_to = _joined(left)
            if failed:
                image.failed_to = _joined([*_split(image.failed_to), name])
            done = len(self.stores) - len(left)
            tasks.note(session, self.id, message=(
                f"{done} of {len(self.stores)} stores done"))

    def _copy(self, env: Env, image: Image, name: str, *,
              last: bool) -> None:
        # All or none: it is active when the last store has it.
        activate = image.status == "importing" and (
            last or not self.must_succeed)
        wanted = Copy(image, env.stores.writable(name), self.id, self.guard,
                      activate)
        with self._source(env) as (store, opened):
            assert opened.size is not None
            reader = _Reader(store, opened)
            env.uploads.copy(
                wanted, _Counted(env, self.id, reader.read,
                                 f"To store {name}: copied"), opened.size)

    @contextlib.contextmanager
    def _source(self, env: Env) -> Iterator[tuple[Store, Opened]]:
        with env.db.reader() as session:
            row = self._source_row(env, session)
        store = env.stores.get(row.store or env.stores.default)
        opened = store.open(row.key)
        try:
            yield store, opened
        finally:
            store.call(opened.close)

    def _source_row(self, env: Env, session: orm.Session) -> Data:
        if self.method != "copy-image":
            found = data.staging(session, self.image_id)
        else:
            rows = data.best(session, self.image_id, env.stores)
            found = rows[0] if rows else None
        if found is None:
            raise exceptions.Gone(image_id=self.image_id)
        return found


class _Counted:
    """Notes at the task how much was read, now and then."""

    def __init__(self, env: Env, task_id: str,
                 read: Callable[[int], bytes], verb: str) -> None:
        self._env = env
        self._task_id = task_id
        self._read = read
        self._verb = verb
        self._got = 0
        self._noted_at = time.monotonic()

    def read(self, length: int) -> bytes:
        chunk = self._read(length)
        self._got += len(chunk)
        if time.monotonic() - self._noted_at > _NOTE_S:
            self._noted_at = time.monotonic()
            with self._env.db.writer() as session:
                tasks.note(session, self._task_id, message=(
                    f"{self._verb} {self._got >> 20} MiB"))
        return chunk


class _Reader:
    """Reads what was opened from its start to its end."""

    def __init__(self, store: Store, opened: Opened) -> None:
        self._store = store
        self._opened = opened
        self._at = 0

    def read(self, length: int) -> bytes:
        chunk = self._store.call(self._opened.read, self._at, length)
        self._at += len(chunk)
        return chunk


def start(env: Env, session: orm.Session, image: Image, wanted: ImportImage,
          **shown: Any) -> None:
    """Note the task, in the transaction that decides on it.

    :param shown: values of what users see of it
    """
    image.importing_to = _joined(wanted.stores)
    image.failed_to = ""
    tasks.add(session, id=wanted.id, image_id=image.id,
              project_id=image.project_id, **shown)
    env.tasks.add(session, wanted)


def _split(names: str | None) -> list[str]:
    return [each for each in (names or "").split(",") if each]


def _joined(names: list[str]) -> str:
    return ",".join(dict.fromkeys(names))
