"""The /groups resource."""

import uuid
from typing import Any

import sqlalchemy as sa

from common import wsgi
from identity.api import base
from identity.api.privileges import refuse_lesser
from identity.api.projects import refuse_moves
from identity.api.users import View, domain_for, filtered
from identity.api.users import find as find_user
from identity.db import projects, users
from identity.db.models import GROUP, Group, Membership, User
from identity.env import Env
from identity.exceptions import NotAMember
from identity.policies import users as policies
from identity.policies.base import target
from identity.schemas import users as schemas

_KNOWN = ("name", "domain_id", "description")


class Groups(base.Resource):
    """Handlers of /groups."""

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self._view_user = View(self._rules)

    def routes(self) -> list[wsgi.Route]:
        one = "/groups/{group_id}"
        member = f"{one}/users/{{user_id}}"
        return [
            ("GET", "/groups", self.list),
            ("POST", "/groups", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
            ("GET", f"{one}/users", self.members),
            ("GET", member, self.check_member),
            ("PUT", member, self.add_member),
            ("DELETE", member, self.remove_member),
            ("GET", "/users/{user_id}/groups", self.of_user),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        query = dict(req.params_checked)
        domain_id = base.own_domain(
            req, policies.LIST_GROUPS, query.pop("domain_id", None))
        statement = sa.select(Group)
        if domain_id is not None:
            statement = statement.where(Group.domain_id == domain_id)
        statement = base.filtered(statement, query, (Group.name, Group.id))
        page, rows = base.read_page(req, self._db, statement, Group)
        return base.page_of(req, "groups", page, rows, view)

    @wsgi.handler(body=schemas.CREATE_GROUP, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        base.gate(req, policies.CREATE_GROUP)
        known, extra = base.split_extra(
            req.json["group"], _KNOWN, schemas.READ_ONLY)
        domain_id = domain_for(req)
        req.authorize(policies.CREATE_GROUP, target(domain_id=domain_id))
        with self._db.writer() as session:
            projects.get_domain(session, domain_id)
            group = users.add_group(session, Group(
                id=uuid.uuid4().hex, name=known["name"],
                domain_id=domain_id,
                description=known.get("description") or "",
                extra=base.merged({}, extra)))
        return {"group": view(req, group)}

    @wsgi.handler()
    def show(self, req: wsgi.Request, group_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            group = find(session, req, policies.GET_GROUP, group_id)
        return {"group": view(req, group)}

    @wsgi.handler(body=schemas.UPDATE_GROUP)
    def update(self, req: wsgi.Request, group_id: str) -> dict[str, Any]:
        with self._db.writer() as session:
            group = find(session, req, policies.UPDATE_GROUP, group_id)
            body = req.json["group"]
            base.refuse_other_id(body, group_id, "group")
            known, extra = base.split_extra(body, _KNOWN, schemas.READ_ONLY)
            refuse_moves(group, known, ("domain_id",))
            values: dict[str, Any] = {
                name: known[name] or "" for name in ("name", "description")
                if name in known}
            users.update_group(session, group, values | {
                "extra": base.merged(group.extra or {}, extra)})
        return {"group": view(req, group)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, group_id: str) -> None:
        with self._db.writer() as session:
            group = find(session, req, policies.DELETE_GROUP, group_id)
            refuse_lesser(
                session, req, policies.DELETE_GROUP, GROUP, group_id)
            users.delete_group(session, group)
        # Any token may have had its roles from the group.
        self._announce(req.ctx)

    @wsgi.handler(query=base.QUERY)
    def members(self, req: wsgi.Request, group_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            find(session, req, policies.LIST_MEMBERS, group_id)
        page, rows = self.read_rows(req, lambda: filtered(
            self._view_user.select()
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.group_id == group_id), req.params_checked),
            User)
        return base.listed(
            req, "users", page, rows, self._view_user.all(req, rows))

    @wsgi.handler(status=204)
    def check_member(self, req: wsgi.Request, group_id: str,
                     user_id: str) -> None:
        with self._db.reader() as session:
            self._both(session, req, policies.CHECK_MEMBER, group_id,
                       user_id)
            if not users.is_member(session, user_id, group_id):
                raise NotAMember(user_id=user_id, group_id=group_id)

    @wsgi.handler(status=204)
    def add_member(self, req: wsgi.Request, group_id: str,
                   user_id: str) -> None:
        with self._db.writer() as session:
            self._both(session, req, policies.ADD_MEMBER, group_id, user_id)
            refuse_lesser(session, req, policies.ADD_MEMBER, GROUP, group_id)
            users.add_member(session, user_id, group_id)
        self._announce(req.ctx, user_id=user_id)

    @wsgi.handler(status=204)
    def remove_member(self, req: wsgi.Request, group_id: str,
                      user_id: str) -> None:
        with self._db.writer() as session:
            self._both(session, req, policies.REMOVE_MEMBER, group_id,
                       user_id)
            refuse_lesser(
                session, req, policies.REMOVE_MEMBER, GROUP, group_id)
            users.remove_member(session, user_id, group_id)
        self._announce(req.ctx, user_id=user_id)

    @wsgi.handler(query=base.QUERY)
    def of_user(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            find_user(session, req, policies.LIST_GROUPS_OF_USER, user_id)
        statement = base.filtered(
            sa.select(Group)
            .join(Membership, Membership.group_id == Group.id)
            .where(Membership.user_id == user_id),
            req.params_checked, (Group.name, Group.domain_id))
        page, rows = base.read_page(req, self._db, statement, Group)
        return base.page_of(req, "groups", page, rows, _view_membership)

    def _both(self, session: Any, req: wsgi.Request, rule: str,
              group_id: str, user_id: str) -> None:
        def get() -> tuple[Group, User]:
            return (users.get_group(session, group_id),
                    users.get(session, user_id))

        base.find(req, rule, get, lambda both: target(
            domain_id=both[0].domain_id, user_id=both[1].id,
            user_domain_id=both[1].domain_id))


def find(session: Any, req: wsgi.Request, rule: str,
         group_id: str) -> Group:
    """Return the group if ``rule`` allows it."""
    found: Group = base.find(
        req, rule, lambda: users.get_group(session, group_id),
        lambda group: target(domain_id=group.domain_id))
    return found


def view(req: wsgi.Request, group: Group) -> dict[str, Any]:
    """Return what clients see of a group."""
    return (group.extra or {}) | {
        "id": group.id, "name": group.name, "domain_id": group.domain_id,
        "description": group.description,
        "links": base.self_link(req, "groups", group.id),
    }


def _view_membership(req: wsgi.Request, group: Group) -> dict[str, Any]:
    # Only who comes from another cloud is a member for a time.
    return view(req, group) | {"membership_expires_at": None}
