"""The /roles resource, and what roles imply."""

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from common import exceptions, wsgi
from identity.api import base
from identity.api.projects import refuse_immutable, refuse_moves
from identity.db import projects, roles
from identity.db.models import Role
from identity.exceptions import ImplicationNotFound, Missing, NotAllowed
from identity.policies import roles as policies
from identity.policies.base import target
from identity.roles import RoleGraph
from identity.schemas import roles as schemas

#: Who has these was given them by name.
_NEVER_IMPLIED = ("admin",)


class Roles(base.Resource):
    """Handlers of /roles and /role_inferences."""

    def routes(self) -> list[wsgi.Route]:
        one = "/roles/{role_id}"
        implied = "/roles/{prior_id}/implies/{implied_id}"
        return [
            ("GET", "/roles", self.list),
            ("POST", "/roles", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
            ("GET", "/roles/{prior_id}/implies", self.list_implied),
            ("HEAD", implied, self.check_implied),
            ("GET", implied, self.show_implied),
            ("PUT", implied, self.imply),
            ("DELETE", implied, self.imply_no_more),
            ("GET", "/role_inferences", self.inferences),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        """List the roles of a domain, or those of none."""
        domain_id = req.params_checked.get("domain_id")
        if domain_id is None:
            req.authorize(policies.LIST, target(domain_id=req.ctx.domain_id))
        else:
            req.authorize(policies.LIST_OF_DOMAIN, {})
        statement = base.filtered(
            sa.select(Role).where(Role.domain_id == domain_id),
            req.params_checked, (Role.name, Role.id))
        page, rows = base.read_page(req, self._db, statement, Role)
        return base.page_of(req, "roles", page, rows, view)

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        base.gate(req, policies.CREATE)
        body = req.json["role"]
        if body.get("domain_id") is not None:
            req.authorize(policies.CREATE_OF_DOMAIN, {})
        with self._db.writer() as session:
            _check_domain(session, body.get("domain_id"))
            role = roles.create(session, Role(
                id=uuid.uuid4().hex, name=body["name"],
                domain_id=body.get("domain_id"),
                description=body.get("description"),
                options=base.merged({}, body.get("options", {}))))
        return {"role": view(req, role)}

    @wsgi.handler()
    def show(self, req: wsgi.Request, role_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            role = _find(session, req, role_id, policies.GET,
                         policies.GET_OF_DOMAIN)
        return {"role": view(req, role)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request, role_id: str) -> dict[str, Any]:
        with self._db.writer() as session:
            role = _find(session, req, role_id, policies.UPDATE,
                         policies.UPDATE_OF_DOMAIN)
            body = req.json["role"]
            refuse_moves(role, body, ("domain_id",))
            refuse_immutable(role, body)
            values = {name: body[name] for name in ("name", "description")
                      if name in body}
            if "options" in body:
                values["options"] = base.merged(
                    role.options, body["options"])
            roles.update(session, role, values)
        self._announce(req.ctx)
        return {"role": view(req, role)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, role_id: str) -> None:
        with self._db.writer() as session:
            role = _find(session, req, role_id, policies.DELETE,
                         policies.DELETE_OF_DOMAIN)
            refuse_immutable(role, {})
            roles.delete(session, role)
        self._announce(req.ctx)

    @wsgi.handler()
    def list_implied(self, req: wsgi.Request,
                     prior_id: str) -> dict[str, Any]:
        req.authorize(policies.LIST_IMPLIED, {})
        with self._db.reader() as session:
            prior = roles.get(session, prior_id)
            graph = RoleGraph.load(session)
            known = roles.by_id(roles.all_roles(session))
        return {"role_inference": {
            "prior_role": _brief(req, prior),
            "implies": [_brief(req, known[i])
                        for i in graph.implied.get(prior_id, [])]},
            "links": base.links(req)}

    @wsgi.handler(status=204)
    def check_implied(self, req: wsgi.Request, prior_id: str,
                      implied_id: str) -> None:
        req.authorize(policies.CHECK_IMPLIED, {})
        self._implication(prior_id, implied_id)

    @wsgi.handler()
    def show_implied(self, req: wsgi.Request, prior_id: str,
                     implied_id: str) -> dict[str, Any]:
        req.authorize(policies.GET_IMPLIED, {})
        return _inference(req, *self._implication(prior_id, implied_id))

    def _implication(self, prior_id: str,
                     implied_id: str) -> tuple[Role, Role]:
        """Return both roles, or raise NotFound."""
        with self._db.reader() as session:
            prior = roles.get(session, prior_id)
            implied = roles.get(session, implied_id)
            if not roles.implies(session, prior_id, implied_id):
                raise ImplicationNotFound(
                    prior_id=prior_id, implied_id=implied_id)
        return prior, implied

    @wsgi.handler(status=201)
    def imply(self, req: wsgi.Request, prior_id: str,
              implied_id: str) -> dict[str, Any]:
        """Let a role imply another, unless the two would form a ring."""
        req.authorize(policies.CREATE_IMPLIED, {})
        with self._db.writer() as session:
            prior = roles.get(session, prior_id)
            implied = roles.get(session, implied_id)
            _check_implied(prior, implied)
            if RoleGraph.load(session).would_loop(prior_id, implied_id):
                raise exceptions.BadRequest(
                    reason=f"Role {implied_id} implies {prior_id} already.")
            roles.imply(session, prior_id, implied_id)
        self._announce(req.ctx)
        return _inference(req, prior, implied)

    @wsgi.handler(status=204)
    def imply_no_more(self, req: wsgi.Request, prior_id: str,
                      implied_id: str) -> None:
        req.authorize(policies.DELETE_IMPLIED, {})
        with self._db.writer() as session:
            roles.get(session, prior_id)
            roles.get(session, implied_id)
            roles.imply_no_more(session, prior_id, implied_id)
        self._announce(req.ctx)

    @wsgi.handler()
    def inferences(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.LIST_INFERENCES, {})
        with self._db.reader() as session:
            graph = RoleGraph.load(session)
            known = roles.by_id(roles.all_roles(session))
        return base.whole(req, "role_inferences", [
            {"prior_role": _brief(req, known[prior]),
             "implies": [_brief(req, known[i]) for i in implied]}
            for prior, implied in graph.implied.items()])


def _find(session: Any, req: wsgi.Request, role_id: str, rule: str,
          of_domain: str) -> Role:
    """Return the role if the rule, for its kind, allows it."""
    try:
        role = roles.get(session, role_id)
    except exceptions.NotFound:
        req.authorize(rule, {})
        raise
    if role.domain_id is None:
        req.authorize(rule, target(role_name=role.name))
    else:
        req.authorize(of_domain, {})
    return role


def _check_implied(prior: Role, implied: Role) -> None:
    if implied.domain_id is not None and prior.domain_id is None:
        raise NotAllowed(
            reason=f"Role {implied.id} is of a domain: only roles of a "
                   "domain may imply it.")
    if implied.domain_id is None and implied.name in _NEVER_IMPLIED:
        raise NotAllowed(reason=f"Role {implied.name} is never implied.")


def _check_domain(session: Any, domain_id: str | None) -> None:
    if domain_id is None:
        return
    try:
        projects.get_domain(session, domain_id)
    except Missing as error:
        raise exceptions.BadRequest(
            reason=f"body.role.domain_id: {error}") from None


def _inference(req: wsgi.Request, prior: Role,
               implied: Role) -> dict[str, Any]:
    return {"role_inference": {"prior_role": _brief(req, prior),
                               "implies": _brief(req, implied)},
            "links": base.links(req)}


def _brief(req: wsgi.Request, role: Role) -> dict[str, Any]:
    return {"id": role.id, "name": role.name,
            "description": role.description,
            "links": base.self_link(req, "roles", role.id)}


def view_named(req: wsgi.Request, graph: RoleGraph,
               role_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return what clients see of roles that somebody hands on.

    Those that are gone are left out.
    """
    known = [graph.names[role_id] for role_id in role_ids
             if role_id in graph.names]
    return [{"id": role.id, "name": role.name, "domain_id": role.domain_id,
             "links": base.self_link(req, "roles", role.id)}
            for role in known]


def pick(views: Iterable[dict[str, Any]], role_id: str) -> dict[str, Any]:
    """Return the answer that shows one of them, or raise Missing."""
    for role in views:
        if role["id"] == role_id:
            return {"role": role}
    raise Missing(kind="role", id=role_id)


def view(req: wsgi.Request, role: Role) -> dict[str, Any]:
    """Return what clients see of a role."""
    return {
        "id": role.id, "name": role.name, "domain_id": role.domain_id,
        "description": role.description, "options": role.options,
        "links": base.self_link(req, "roles", role.id),
    }
