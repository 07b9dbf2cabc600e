"""What ends for good when somebody loses a role."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from identity.db.delegations import (
    ApplicationCredential,
    ApplicationCredentialRole,
)
from identity.db.models import (
    GROUP,
    PROJECT,
    Assignment,
    Membership,
    Project,
)
from identity.roles import RoleGraph


def of_grant(session: orm.Session, row: Assignment) -> None:
    """Delete the application credentials that relied on an assignment."""
    users: Any = [row.actor_id]
    if row.actor_kind == GROUP:
        users = sa.select(Membership.user_id).where(
            Membership.group_id == row.actor_id)
    _delete(session, users, [row])


def of_membership(session: orm.Session, group_id: str,
                  user_id: str | None = None) -> None:
    """Delete those that relied on being in the group.

    :param user_id: None for all members
    """
    users: Any = [user_id]
    if user_id is None:
        users = sa.select(Membership.user_id).where(
            Membership.group_id == group_id)
    _delete(session, users, session.scalars(sa.select(Assignment).where(
        Assignment.actor_kind == GROUP,
        Assignment.actor_id == group_id)).all())


def _delete(session: orm.Session, users: Any,
            rows: Iterable[Assignment]) -> None:
    here = {row.target_id for row in rows
            if row.target_kind == PROJECT and not row.inherited}
    above = {row.target_id for row in rows if row.inherited}
    if not (here or above):
        return
    # The user may have the role in another way, too; they can make a new
    # credential then, while one that outlives its right comes to life
    # again when the role is given back.
    lost = RoleGraph.load(session).closure({row.role_id for row in rows})
    roles = sa.select(ApplicationCredentialRole).where(
        ApplicationCredentialRole.application_credential_id
        == ApplicationCredential.id,
        ApplicationCredentialRole.role_id.in_(lost))
    # In two statements: MariaDB has no DELETE that begins with WITH.
    ids = session.scalars(sa.select(ApplicationCredential.id).where(
        ApplicationCredential.user_id.in_(users),
        sa.or_(ApplicationCredential.project_id.in_(here),
               ApplicationCredential.project_id.in_(_below(above))),
        roles.exists())).all()
    session.execute(
        sa.delete(ApplicationCredential)
        .where(ApplicationCredential.id.in_(ids))
        .execution_options(synchronize_session=False))


def _below(targets: set[str]) -> Any:
    start = (
        sa.select(Project.id).where(Project.parent_id.in_(targets))
        .cte("below", recursive=True))
    below = start.union(
        sa.select(Project.id).join(start, Project.parent_id == start.c.id))
    return sa.select(below.c.id)
