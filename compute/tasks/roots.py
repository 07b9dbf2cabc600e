"""Volumes that servers start from."""

from typing import Any

from common import task
from compute import volumes
from compute.db.cell import volumes as rows
from compute.db.cell.models import Server, Volume
from compute.env import Env


def connect(env: Env, job: task.Task, server: Server) -> list[str]:
    """Open the server's volume to its host; return the attachments."""
    rest, made = volumes.Volumes(env.clients.volume), []
    for row in server.volumes:
        known = rest.attachments(row.volume_id, server.id)
        attachment_id = known[0] if known else rest.create_attachment(
            row.volume_id, server.id)
        connector = env.agent(str(server.host)).connector(job.context())
        info = rest.connect(attachment_id, connector)
        _set(env, job, row, status="attached", attachment_id=attachment_id,
             connection_info=info)
        made.append(attachment_id)
    return made


def disconnect(env: Env, job: task.Task, server: Server) -> None:
    """Give the volume free; it stays the server's own for its life."""
    rest = volumes.Volumes(env.clients.volume)
    for row in server.volumes:
        for known in rest.attachments(row.volume_id, server.id):
            rest.delete_attachment(known)
        _set(env, job, row, status="attaching", attachment_id=None,
             connection_info=None)


def _set(env: Env, job: task.Task, row: Volume, **values: Any) -> None:
    with env.cell.writer() as session:
        job.guard(session)
        rows.set_state(session, row.id, **values)
