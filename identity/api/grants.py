"""Giving roles: /projects/../users/../roles/.. and its relatives."""

from typing import Any

from common import exceptions, wsgi
from identity.api import base
from identity.api.roles import view as view_role
from identity.db import assignments, projects, roles, users
from identity.db.models import (
    ALL,
    DOMAIN,
    GROUP,
    PROJECT,
    SYSTEM,
    USER,
    Assignment,
    Role,
)
from identity.exceptions import NotAllowed
from identity.policies import assignments as policies
from identity.policies.base import target

_TARGETS = ("/projects/{project_id}", "/domains/{domain_id}", "/system")
_ACTORS = ("/users/{user_id}", "/groups/{group_id}")
_INHERIT = "/OS-INHERIT"
_BELOW = "/inherited_to_projects"


class Grants(base.Resource):
    """Handlers of single assignments.

    The path says on what (``project_id``, ``domain_id``, or the system)
    and to whom (``user_id`` or ``group_id``).
    """

    def routes(self) -> list[wsgi.Route]:
        table: list[wsgi.Route] = []
        for on in _TARGETS:
            for to in _ACTORS:
                given = f"{on}{to}/roles"
                table.append(("GET", given, self.list))
                table += _four(given + "/{role_id}", (
                    self.check, self.check, self.grant, self.revoke))
                if on == "/system":
                    continue
                given = f"{_INHERIT}{given}"
                table.append(("GET", given + _BELOW, self.list_below))
                table += _four(given + "/{role_id}" + _BELOW, (
                    self.check_below, self.check_below, self.grant_below,
                    self.revoke_below))
        return table

    @wsgi.handler()
    def list(self, req: wsgi.Request, **path: str) -> dict[str, Any]:
        """List the roles given directly."""
        return self._list(req, path, inherited=False)

    @wsgi.handler()
    def list_below(self, req: wsgi.Request, **path: str) -> dict[str, Any]:
        """List the roles given for all that is below."""
        return self._list(req, path, inherited=True)

    @wsgi.handler(status=204)
    def check(self, req: wsgi.Request, **path: str) -> None:
        """Answer 204 if the role was given, else 404."""
        self._check(req, path, inherited=False)

    @wsgi.handler(status=204)
    def check_below(self, req: wsgi.Request, **path: str) -> None:
        self._check(req, path, inherited=True)

    @wsgi.handler(status=204)
    def grant(self, req: wsgi.Request, **path: str) -> None:
        """Give a role; that it was given already is fine."""
        self._grant(req, path, inherited=False)

    @wsgi.handler(status=204)
    def grant_below(self, req: wsgi.Request, **path: str) -> None:
        self._grant(req, path, inherited=True)

    @wsgi.handler(status=204)
    def revoke(self, req: wsgi.Request, **path: str) -> None:
        """Take a role back."""
        self._revoke(req, path, inherited=False)

    @wsgi.handler(status=204)
    def revoke_below(self, req: wsgi.Request, **path: str) -> None:
        self._revoke(req, path, inherited=True)

    def _list(self, req: wsgi.Request, path: dict[str, str], *,
              inherited: bool) -> dict[str, Any]:
        with self._db.reader() as session:
            row = self._find(
                session, req, path, inherited, policies.LIST,
                policies.LIST_SYSTEM)
            wanted = assignments.key(row)
            del wanted["role_id"]
            given = assignments.matching(session, **wanted)
            known = roles.by_id(roles.all_roles(session))
        return base.whole(req, "roles", [
            view_role(req, known[a.role_id]) for a in given])

    def _check(self, req: wsgi.Request, path: dict[str, str], *,
               inherited: bool) -> None:
        with self._db.reader() as session:
            row = self._find(
                session, req, path, inherited, policies.CHECK,
                policies.CHECK_SYSTEM)
            if not assignments.exists(session, row):
                raise assignments.not_found(row)

    def _grant(self, req: wsgi.Request, path: dict[str, str], *,
               inherited: bool) -> None:
        with self._db.writer() as session:
            row = self._find(
                session, req, path, inherited, policies.CREATE,
                policies.CREATE_SYSTEM)
            _check_domain(session, row)
            assignments.add(session, row)
        self._changed(req, row)

    def _revoke(self, req: wsgi.Request, path: dict[str, str], *,
                inherited: bool) -> None:
        with self._db.writer() as session:
            row = self._find(
                session, req, path, inherited, policies.REVOKE,
                policies.REVOKE_SYSTEM)
            assignments.remove(session, row)
        self._changed(req, row)

    def _changed(self, req: wsgi.Request, row: Assignment) -> None:
        """Let what is known of the user's, or the group's, tokens go."""
        if row.actor_kind == USER:
            self._announce(req.ctx, user_id=row.actor_id)
        else:
            self._announce(req.ctx)

    def _find(self, session: Any, req: wsgi.Request, path: dict[str, str],
              inherited: bool, rule: str,
              on_system: dict[str, str]) -> Assignment:
        """Return the assignment that the path names, not yet stored.

        :param on_system: in place of ``rule``, by the kind of actor

        :raises NotFound: if the target, actor or role does not exist
        """
        kind, _ = _target_of(path)
        rule = on_system[_actor_of(path)[0]] if kind == SYSTEM else rule
        found: Assignment = base.find(
            req, rule,
            lambda: _named(session, path, inherited),
            lambda row: _describe(session, row))
        return found


def _four(path: str, actions: tuple[Any, Any, Any, Any]
          ) -> list[wsgi.Route]:
    return list(zip(("HEAD", "GET", "PUT", "DELETE"), [path] * 4, actions,
                    strict=True))


def _target_of(path: dict[str, str]) -> tuple[str, str]:
    if "project_id" in path:
        return PROJECT, path["project_id"]
    if "domain_id" in path:
        return DOMAIN, path["domain_id"]
    return SYSTEM, ALL


def _actor_of(path: dict[str, str]) -> tuple[str, str]:
    if "user_id" in path:
        return USER, path["user_id"]
    return GROUP, path["group_id"]


def _named(session: Any, path: dict[str, str],
           inherited: bool) -> Assignment:
    kind, target_id = _target_of(path)
    if kind == PROJECT:
        projects.get(session, target_id)
    elif kind == DOMAIN:
        projects.get_domain(session, target_id)
    actor_kind, actor_id = _actor_of(path)
    if actor_kind == USER:
        users.get(session, actor_id)
    else:
        users.get_group(session, actor_id)
    if "role_id" in path:
        roles.get(session, path["role_id"])
    return Assignment(
        actor_kind=actor_kind, actor_id=actor_id, target_kind=kind,
        target_id=target_id, role_id=path.get("role_id"),
        inherited=inherited)


def _describe(session: Any, row: Assignment) -> dict[str, Any]:
    """Return what the rule looks at; all is in the session already."""
    get_actor = users.get if row.actor_kind == USER else users.get_group
    role = session.get(Role, row.role_id) if row.role_id else None
    return target(
        actor_domain_id=get_actor(session, row.actor_id).domain_id,
        target_domain_id=_domain_of(session, row),
        role_name=role.name if role and role.domain_id is None else None)


def _domain_of(session: Any, row: Assignment) -> str | None:
    if row.target_kind == SYSTEM:
        return None
    project = projects.get(session, row.target_id)
    return project.domain_id or project.id


def _check_domain(session: Any, row: Assignment) -> None:
    """Refuse a domain's role anywhere but in that domain."""
    role = roles.get(session, row.role_id)
    if role.domain_id is None:
        return
    if row.target_kind == SYSTEM:
        raise exceptions.BadRequest(
            reason=f"Role {role.id} is of a domain: it cannot be given on "
                   "the system.")
    if role.domain_id != _domain_of(session, row):
        raise NotAllowed(
            reason=f"Role {role.id} is of another domain than "
                   f"{row.target_kind} {row.target_id}.")
