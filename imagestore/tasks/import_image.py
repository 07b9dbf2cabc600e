"""Import of an image: from what waits, from elsewhere, or from a store."""

import contextlib
import dataclasses
import datetime
import functools
import os
from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import orm

from common import (
    concurrency,
    context,
    failpoint,
    fetch,
    signatures,
    task,
)
from common import exceptions as common_exceptions
from common.secret import Secret
from imagestore import exceptions, remote
from imagestore.db import data, images, imports, tasks
from imagestore.db.models import Data, Image
from imagestore.env import Env
from imagestore.plugins.base import Change, Staged
from imagestore.stores.base import Opened
from imagestore.stores.registry import STAGING, Store
from imagestore.tasks import progress
from imagestore.uploads import Copy

failpoint.declare("import.described", "import.prepared", "import.stored")


@dataclasses.dataclass
class ImportImage(task.Task):
    """Brings the data of an image to ``stores``, and makes it active.

    :param method: glance-direct, web-download, glance-download or
        copy-image
    :param must_succeed: one store that fails undoes what others took
    :param url: where the data are, of web-download
    :param place: fields of the remote.Place of glance-download
    :param plugins: names of those to be applied, in their order
    :param roles: of the user who asked for it
    """

    # Data may be large, and the web slow.
    deadline_s: ClassVar[float] = 24 * 3600

    image_id: str
    method: str
    stores: list[str]
    must_succeed: bool = True
    url: str = ""
    place: dict[str, str] = dataclasses.field(default_factory=dict)
    plugins: list[str] = dataclasses.field(default_factory=list)
    roles: list[str] = dataclasses.field(default_factory=list)

    @property
    def resource(self) -> str:
        return self.image_id

    @task.step
    def fetch(self, env: Env) -> None:
        """Bring the data to where they wait, if they are not there."""
        self._begin(env)
        if self.method not in ("web-download", "glance-download"):
            return
        with env.db.reader() as session:
            if data.staging(session, self.image_id):
                return
        body = self._remote(env) if self.place else fetch.get(
            self.url, env.web)
        try:
            env.uploads.fetch(
                self.image_id,
                progress.Counted(env, self.id, body.read, "Fetched"),
                body.size, self.id, self.guard, self._fetched)
        finally:
            body.close()

    @fetch.undo
    def drop(self, env: Env) -> None:
        """Leave nothing of the data, and of what plug-ins changed."""
        with env.db.writer() as session:
            self.guard(session)
            data.doom_staging(session, self.image_id)
            if self._importing(session):
                with contextlib.suppress(exceptions.ImageNotFound):
                    imports.change_back(session, self.id, images.get(
                        session, self.image_id, lock=True))
        env.collector.wake()

    @task.step
    def prepare(self, env: Env) -> None:
        """Apply the plug-ins, one after the other."""
        with env.db.reader() as session:
            done = imports.applied(session, self.id)
        for number, name in enumerate(self.plugins[done:], done + 1):
            self._begin(env)
            self._apply(env, name, number)
            failpoint.hit("import.prepared")
        env.collector.wake()

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
            if not self._importing(session):
                return  # what it has is its own by now
            data.doom(session, Data.task_id == self.id)
            data.refresh(session, self.image_id, env.stores)
        env.collector.wake()

    @task.step
    def settle(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            data.doom_staging(session, self.image_id)
            imports.forget(session, self.id)
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
            imports.forget(session, self.id)
            data.doom_staging(session, self.image_id)
        env.collector.wake()

    def _begin(self, env: Env) -> None:
        """Say that it runs; what an earlier attempt has left is not whole.
        """
        with env.db.writer() as session:
            self.guard(session)
            tasks.note(session, self.id, status="processing")
            data.doom(session, Data.task_id == self.id,
                      Data.state == "staged")

    def _remote(self, env: Env) -> remote.RemoteData:
        """Take over what the region says of the image; open its data."""
        with env.db.reader() as session:
            sealed = imports.sealed_token(session, self.id)
        try:
            token = env.seal.open(sealed or "", self.id)
        except LookupError:
            raise remote.TokenEnded() from None
        url = env.regions.url(token, remote.Place(**self.place))
        shown = env.regions.show(token, url)
        prefixes = env.conf.glance_download_properties.extra_properties
        with env.db.writer() as session:
            self.guard(session)
            self._change(session, Change(
                columns=remote.formats(shown),
                properties=self._permitted(
                    env, images.get(session, self.image_id),
                    remote.properties(shown, prefixes))))
        failpoint.hit("import.described")
        return env.regions.open(token, url, shown)

    def _permitted(self, env: Env, image: Image,
                   properties: dict[str, str]) -> dict[str, str]:
        """Return those that the user may set, too."""
        there = {each.name for each in image.properties}
        return {name: value for name, value in properties.items()
                if env.protection.allows(
                    "update" if name in there else "create", name,
                    self.roles)}

    def _fetched(self, session: orm.Session, data_id: str) -> None:
        imports.forget_token(session, self.id)

    def _apply(self, env: Env, name: str, number: int) -> None:
        if name not in env.plugins:
            raise exceptions.PluginGone(name=name)
        with env.db.reader() as session:
            image = images.get(session, self.image_id)
        assert image.container_format and image.disk_format
        with self._source(env) as (_, opened):
            # It stays there as long as it is open, and nothing changes it.
            staged = Staged(
                os.readlink(f"/proc/self/fd/{opened.fd}"),
                image.container_format, image.disk_format, self.roles)
            change = concurrency.blocking(
                env.plugins[name].change, staged)
            self._do(env, change, number)

    def _do(self, env: Env, change: Change, number: int) -> None:
        """Do what a plug-in wants, and note it, all at once."""
        def finish(session: orm.Session, data_id: str | None) -> None:
            self._change(session, change, applied=number)
            if data_id:
                data.doom(session, Data.image_id == self.image_id,
                          Data.store == STAGING, Data.state == "live",
                          Data.id != data_id)

        def fill(path: str) -> None:
            assert change.fill
            with progress.watched(env, self.id, path, f"{change.doing}:"):
                change.fill(path)
        if change.source:
            read = functools.partial(
                concurrency.blocking, change.source.read)
            try:
                env.uploads.fetch(
                    self.image_id,
                    progress.Counted(env, self.id, read, change.doing),
                    None, self.id, self.guard, finish)
            finally:
                concurrency.blocking(change.source.close)
        elif change.fill:
            env.uploads.fill(
                self.image_id, fill, self.id, self.guard, finish)
        else:
            with env.db.writer() as session:
                self.guard(session)
                finish(session, None)

    def _change(self, session: orm.Session, change: Change,
                **values: Any) -> None:
        image = images.get(session, self.image_id, lock=True)
        row = imports.change(session, self.id, image, change.columns,
                             change.properties)
        for name, value in values.items():
            setattr(row, name, value)

    def _importing(self, session: orm.Session) -> bool:
        """Say whether nobody relies yet on what stores took."""
        try:
            image = images.get(session, self.image_id, lock=True)
        except exceptions.ImageNotFound:
            return True
        if self.method == "copy-image":
            # Once it is empty, the copies may be all that there is.
            return bool(image.importing_to)
        return image.status == "importing"

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
        except (exceptions.ContentRefused, exceptions.Gone,
                signatures.Refused, task.LostLease):
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
            reader = progress.Reader(store, opened)
            env.uploads.copy(
                wanted, progress.Counted(
                    env, self.id, reader.read, f"To store {name}: copied"),
                opened.size)

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


def start(env: Env, session: orm.Session, image: Image, wanted: ImportImage,
          ctx: context.RequestContext, **shown: Any) -> None:
    """Note the task, in the transaction that decides on it.

    :param ctx: of the user who asks for it
    :param shown: values of what users see of it
    :raises TooManyImports: if the project has too many already
    """
    image.importing_to = _joined(wanted.stores)
    image.failed_to = ""
    if wanted.method != "copy-image":
        wanted.plugins = list(env.plugins)
        wanted.roles = list(ctx.roles)
    tasks.add(session, env.conf.imagestore.imports_per_project,
              id=wanted.id, image_id=image.id, project_id=image.project_id,
              user_id=ctx.user_id, request_id=ctx.request_id, **shown)
    imports.add(session, wanted.id,
                **(_sealed(env, wanted, ctx) if wanted.place else {}))
    env.tasks.add(session, wanted)


def _sealed(env: Env, wanted: ImportImage,
            ctx: context.RequestContext) -> dict[str, Any]:
    """Return the token as it may be kept, and until when."""
    if not (ctx.auth_token and ctx.expires_at):
        raise common_exceptions.Unauthorized()
    return {
        "sealed_token": env.seal.seal(Secret(ctx.auth_token), wanted.id),
        "expires_at": datetime.datetime.fromisoformat(
            ctx.expires_at).timestamp()}


def _split(names: str | None) -> list[str]:
    return [each for each in (names or "").split(",") if each]


def _joined(names: list[str]) -> str:
    return ",".join(dict.fromkeys(names))
