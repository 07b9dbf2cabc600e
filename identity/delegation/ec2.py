"""Tokens of those who sign requests with an EC2 key."""

from typing import ClassVar

from sqlalchemy import orm

from identity.db import authority as queries
from identity.db.credentials import EC2
from identity.db.delegations import Credential
from identity.db.models import PROJECT
from identity.delegation import base
from identity.delegation.application_credential import (
    ApplicationCredentials,
)
from identity.tokens import Scope

#: The method that tokens show.
METHOD = "ec2credential"


class EC2Keys(base.Kind):
    """An EC2 key: all that the user may do on the key's project.

    One that was made by an application credential allows what that does.
    """

    name: ClassVar[str] = "ec2"

    def __init__(self) -> None:
        self._application_credentials = ApplicationCredentials()

    def look(self, session: orm.Session, delegation_id: str
             ) -> base.Allowance | None:
        row = session.get(Credential, delegation_id)
        if row is None or row.type != EC2 or row.project_id is None:
            return None
        scope = Scope(PROJECT, row.project_id)
        if row.application_credential_id is not None:
            behind = self._application_credentials.look(
                session, row.application_credential_id)
            return behind if behind and behind.scope == scope else None
        # One look for all roles: none of them can be missing.
        return base.Allowance(
            row.user_id, scope, row.user_id,
            frozenset(queries.roles_on(session, row.user_id, scope)))
