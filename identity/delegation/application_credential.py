"""Tokens of programs that log in with an application credential."""

from typing import Any, ClassVar

from sqlalchemy import orm

from identity.db.delegations import ApplicationCredential
from identity.db.models import PROJECT
from identity.delegation import base
from identity.tokens import Scope


class ApplicationCredentials(base.Kind):
    """Some roles of a user on one project, maybe for some requests only."""

    name: ClassVar[str] = "application_credential"

    def look(self, session: orm.Session, delegation_id: str
             ) -> base.Allowance | None:
        row = session.get(ApplicationCredential, delegation_id)
        if row is None or base.is_over(row.expires_at):
            return None
        return base.Allowance(
            row.user_id, Scope(PROJECT, row.project_id), row.user_id,
            frozenset(role.role_id for role in row.roles),
            all_or_none=True, not_after=row.expires_at,
            shown={"application_credential": _shown(row)})


def _shown(row: ApplicationCredential) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row.id, "name": row.name, "restricted": not row.unrestricted}
    if row.limited:
        shown["access_rules"] = [
            {"id": rule.id, "service": rule.service, "method": rule.method,
             "path": rule.path} for rule in row.access_rules]
    return shown
