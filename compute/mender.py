"""Finds what no task works on any more, and has it ended.

Whatever changes a state writes the task that ends it in one transaction, so
there should be nothing to find; should a task be lost all the same, nobody
has to reset states by hand.
"""

import datetime
import logging
from typing import Any

from common import db, loop, task
from common.context import service_context
from compute import states
from compute.db.cell import nics, servers, volumes
from compute.db.cell.models import Nic, Server, Volume
from compute.tasks import faults
from compute.tasks.attach_port import DetachPort
from compute.tasks.attach_volume import DetachVolume
from compute.tasks.delete_server import DeleteServer

LOG = logging.getLogger(__name__)

_GRACE = datetime.timedelta(seconds=60)


class Mender(loop.Loop):
    """Ends states that nobody is about to end."""

    def __init__(self, cell: db.Database, tasks: task.Runner, *,
                 interval: float = 60,
                 grace: datetime.timedelta = _GRACE) -> None:
        super().__init__(interval)
        self._cell = cell
        self._tasks = tasks
        self._grace = grace

    def run_once(self) -> int:
        """Return how many servers, volumes and ports were mended."""
        before = db.utcnow() - self._grace
        with self._cell.reader() as session:
            lost = servers.abandoned(session, before)
            loose = volumes.abandoned(session, before)
            ports = nics.abandoned(session)
        mended = sum([self._mend(row) for row in lost]
                     + [self._detach(row) for row in loose]
                     + [self._detach_port(nic) for nic in ports])
        if mended:
            self._tasks.wake()
        return mended

    def _mend(self, server: Server) -> bool:
        """Go on with a deletion; take anything else as failed."""
        LOG.error("Nothing works on server %s, which is %s",
                  server.id, server.task_state or server.vm_state)
        deleting = server.task_state == states.DELETING
        values: dict[str, Any] = {} if deleting else {"task_state": None}
        if server.vm_state == states.BUILDING and not deleting:
            values |= {"vm_state": states.ERROR, "fault": faults.of(
                "The build was lost. Delete the server and try again.")}
        with self._cell.writer() as session:
            moved = servers.change(
                session, server.id, generation=server.generation,
                values=values)
            if moved is not None and deleting:
                self._tasks.add(
                    session, DeleteServer(server_id=server.id),
                    service_context())
        return moved is not None

    def _detach(self, row: Volume) -> bool:
        """Take the volume away: unknown how far it got, so all the way."""
        LOG.error("Nothing works on volume %s of server %s, which is %s",
                  row.volume_id, row.server_id, row.status)
        with self._cell.writer() as session:
            moved = volumes.set_state(
                session, row.id, was=row.status, status="detaching",
                created_at=db.utcnow())
            if moved:
                self._tasks.add(session, DetachVolume(
                    server_id=row.server_id, volume_id=row.volume_id),
                    service_context())
        return moved

    def _detach_port(self, nic: Nic) -> bool:
        LOG.error("Nothing works on port %s of server %s, which is %s",
                  nic.port_id, nic.server_id, nic.status)
        with self._cell.writer() as session:
            moved = nics.set_status(
                session, nic.server_id, nic.port_id, was=nic.status,
                status="detaching")
            if moved:
                self._tasks.add(session, DetachPort(
                    server_id=nic.server_id, port_id=nic.port_id),
                    service_context())
        return moved
