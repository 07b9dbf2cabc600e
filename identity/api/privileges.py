"""Keeping managers of domains from the rights of administrators.

Who may set a user's password may become that user, and who may choose the
members of a group may have what the group has. The manager of a domain may
do both there, but not where it would lead beyond the domain: to a role that
counts everywhere, such as ``admin``, or to one on the system.
"""

from typing import Any

from common import exceptions, wsgi
from identity.db import assignments


def refuse_lesser(session: Any, req: wsgi.Request, rule: str, kind: str,
                  actor_id: str) -> None:
    """Raise Forbidden for who may act in a domain only, if it is too much.

    :param rule: one that the sender obeys, for this user or group
    :param kind: USER or GROUP
    """
    if not req.allowed(rule, {}) and assignments.is_privileged(
            session, kind, actor_id):
        raise exceptions.Forbidden(rule=rule)
