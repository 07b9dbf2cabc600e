"""Finding snapshots, for those who may see them."""

from typing import Any

from sqlalchemy import orm

from blockstore import exceptions
from blockstore.db import snapshots
from blockstore.db.models import Snapshot
from blockstore.policies import snapshots as policies
from common import wsgi


def find(req: wsgi.Request, session: orm.Session, snapshot_id: str,
         rule: str = policies.GET) -> Snapshot:
    """Return the snapshot, if the sender may do what ``rule`` guards.

    :raises SnapshotNotFound: also if the sender may not see it
    """
    hidden = exceptions.SnapshotNotFound(snapshot_id=snapshot_id)
    req.environ["common.authorized"] = True
    found = snapshots.get(session, snapshot_id)
    target = {"project_id": found.project_id}
    req.authorize(policies.GET, target, hide=hidden)
    if rule != policies.GET:
        req.authorize(rule, target)
    return found


def snapshot_source(req: wsgi.Request, session: orm.Session,
                    spec: dict[str, Any]) -> Snapshot | None:
    """Return the snapshot that a new volume is to be made from, if any.

    :raises InvalidSnapshot: if it is not available
    """
    if not spec.get("snapshot_id"):
        return None
    found = find(req, session, spec["snapshot_id"])
    if found.status != "available":
        raise exceptions.InvalidSnapshot(
            snapshot_id=found.id, status=found.status, allowed="available")
    return found
