"""Queries on the log of what was done with servers."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from common import db
from common.context import RequestContext
from compute.db.cell.models import Action, ActionEvent


def begin(session: orm.Session, ctx: RequestContext, server_id: str,
          action: str) -> None:
    """Note who asks for what; in the transaction that begins it."""
    session.add(Action(
        server_id=server_id, action=action, request_id=ctx.request_id,
        user_id=ctx.user_id, project_id=ctx.project_id))


def find(session: orm.Session, server_id: str,
         request_id: str) -> Action | None:
    """Return the action with its events."""
    return session.scalar(
        sa.select(Action).options(orm.selectinload(Action.events))
        .where(Action.server_id == server_id,
               Action.request_id == request_id)
        .order_by(Action.id.desc()))


def query(server_id: str) -> sa.Select[Any]:
    return sa.select(Action).where(Action.server_id == server_id)


def event_begins(session: orm.Session, server_id: str, request_id: str,
                 event: str, host: str | None = None) -> None:
    """Note a step of the action, once."""
    action = find(session, server_id, request_id)
    if action is None or any(e.event == event for e in action.events):
        return
    session.add(ActionEvent(action_id=action.id, event=event, host=host))
    action.updated_at = db.utcnow()


def event_ends(session: orm.Session, server_id: str, request_id: str,
               event: str, *, details: str | None = None,
               host: str | None = None) -> None:
    """Note how a step ended; with ``details`` it failed."""
    event_begins(session, server_id, request_id, event, host)
    session.flush()
    session.expire_all()
    action = find(session, server_id, request_id)
    if action is None:
        return
    for row in action.events:
        if row.event == event and row.finished_at is None:
            row.finished_at = db.utcnow()
            row.result = "Error" if details else "Success"
            row.details = details
            row.host = host or row.host
    action.updated_at = db.utcnow()
    if details:
        action.message = "Error"


def events_of(session: orm.Session, action_id: int
              ) -> Sequence[ActionEvent]:
    return session.scalars(
        sa.select(ActionEvent).where(ActionEvent.action_id == action_id)
        .order_by(ActionEvent.id)).all()
