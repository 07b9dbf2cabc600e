"""Create a volume on a backend."""

import contextlib
import dataclasses
from typing import Any, ClassVar

from blockstore import exceptions, pools
from blockstore.db import backends, snapshots, volumes
from blockstore.db.history import record
from blockstore.env import AGENT_AWAY, Env
from common import task

#: A volume that is in one of these was not made yet.
_MAKING = {"creating", "downloading"}


@dataclasses.dataclass
class CreateVolume(task.Task):
    """Takes a volume from ``creating`` to ``available`` or ``error``."""

    deadline_s: ClassVar[int] = 600

    volume_id: str
    size_gib: int
    zone: str

    @property
    def resource(self) -> str:
        return self.volume_id

    @task.step
    def place(self, env: Env) -> str:
        """Give the volume the backend with most room."""
        with env.db.writer() as session:
            self.guard(session)
            volume = volumes.get(session, self.volume_id)
            if volume.host is not None:
                return volume.host
            known = [pool for _, pool in backends.pools(session)]
            for pool in pools.choose(known, self.size_gib, self.zone):
                if backends.claim(session, pool.name, self.volume_id,
                                  self.size_gib, self.zone):
                    return pool.name
        raise exceptions.NoBackend(
            size_gib=self.size_gib, reason="others took the room meanwhile")

    @place.undo
    def unplace(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            if volumes.current_status(session, self.volume_id) in _MAKING:
                volumes.unplace(session, self.volume_id)

    @task.step
    def create_blocks(self, env: Env) -> None:
        env.agent(self.results["place"]).create_volume(
            env.ctx(), volume_id=self.volume_id, size_gib=self.size_gib)

    @create_blocks.undo
    def delete_blocks(self, env: Env) -> None:
        with env.db.reader() as session:
            if volumes.current_status(
                    session, self.volume_id) not in _MAKING:
                return  # it all was done, or another task deletes it
        # What an agent that is away has made, its reconciler erases.
        with contextlib.suppress(*AGENT_AWAY):
            env.agent(self.results["place"]).delete_volume(
                env.ctx(), volume_id=self.volume_id, force=True)

    @task.step
    def finish(self, env: Env) -> None:
        with env.db.writer() as session:
            self.guard(session)
            volumes.follow(session, self.volume_id, "available",
                           of=_MAKING, **self.gained())
            record(session, self.volume_id, "create.end")

    def gained(self) -> dict[str, Any]:
        """Return what columns the volume has from its source."""
        return {}

    def undone(self, env: Env, reason: str) -> None:
        with env.db.writer() as session:
            self.guard(session)
            volumes.follow(session, self.volume_id, "error", reason=reason)
            record(session, self.volume_id, "create.error")


@dataclasses.dataclass
class CreateVolumeFromImage(CreateVolume):
    """The same, ``downloading`` meanwhile.

    ``image`` are the members of ``images.Image``.
    """

    deadline_s: ClassVar[int] = 6 * 3600

    image: dict[str, Any]

    @task.step
    def create_blocks(self, env: Env) -> None:
        """Have the agent make the volume.

        An order that is repeated while the agent is at it waits for it.
        """
        with env.db.writer() as session:
            self.guard(session)
            volumes.follow(session, self.volume_id, "downloading")
        env.agent(self.results["place"]).create_volume_from_image(
            env.ctx(), volume_id=self.volume_id, size_gib=self.size_gib,
            image=self.image)

    create_blocks.undo(CreateVolume.delete_blocks)

    def gained(self) -> dict[str, Any]:
        return {"bootable": True}


@dataclasses.dataclass
class CreateVolumeFromSnapshot(CreateVolume):
    """The same, on the backend that has the snapshot."""

    deadline_s: ClassVar[int] = 6 * 3600

    snapshot_id: str
    bootable: bool

    @task.step
    def place(self, env: Env) -> str:
        """Give the volume the backend of the snapshot."""
        with env.db.writer() as session:
            self.guard(session)
            volume = volumes.get(session, self.volume_id)
            if volume.host is not None:
                return volume.host
            host = snapshots.host(session, self.snapshot_id)
            if host is None:
                raise exceptions.SnapshotNotFound(
                    snapshot_id=self.snapshot_id)
            if not backends.claim(session, host, self.volume_id,
                                  self.size_gib, self.zone):
                raise exceptions.NoBackend(
                    size_gib=self.size_gib,
                    reason=f"{host}, which has the snapshot, has no room")
            return host

    place.undo(CreateVolume.unplace)

    @task.step
    def create_blocks(self, env: Env) -> None:
        """Have the agent copy; a repeated order waits for the first."""
        env.agent(self.results["place"]).create_volume_from_snapshot(
            env.ctx(), volume_id=self.volume_id, size_gib=self.size_gib,
            snapshot_id=self.snapshot_id)

    create_blocks.undo(CreateVolume.delete_blocks)

    def gained(self) -> dict[str, Any]:
        return {"bootable": self.bootable}
