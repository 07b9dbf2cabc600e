"""The /OS-TRUST/trusts resource."""

import uuid
from typing import Any

import sqlalchemy as sa

from common import db, wsgi
from identity import views
from identity.api import base
from identity.api.roles import pick, view_named
from identity.db import authority as queries
from identity.db import trusts, users
from identity.db.delegations import Trust, TrustRole
from identity.db.models import PROJECT
from identity.delegation import redelegation, request, rights
from identity.exceptions import Missing, NotAllowed
from identity.policies import trusts as policies
from identity.policies.base import target
from identity.roles import RoleGraph, RoleName
from identity.schemas import trusts as schemas
from identity.tokens import Scope


class Trusts(base.Resource):
    """Handlers of /OS-TRUST/trusts."""

    def routes(self) -> list[wsgi.Route]:
        every = "/OS-TRUST/trusts"
        one = f"{every}/{{trust_id}}"
        return [
            ("GET", every, self.list),
            ("POST", every, self.create),
            ("GET", one, self.show),
            ("DELETE", one, self.delete),
            ("GET", f"{one}/roles", self.roles),
            ("GET", f"{one}/roles/{{role_id}}", self.role),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        """List trusts, without their roles."""
        query = req.params_checked
        _authorize_list(req, query)
        statement = base.filtered(
            sa.select(Trust).where(Trust.deleted_at.is_(None)), query,
            (Trust.trustor_user_id, Trust.trustee_user_id))
        page, rows = base.read_page(
            req, self._db, statement, Trust, default="id")
        return base.page_of(req, "trusts", page, rows, view)

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Make a trust of the sender's, or hand on the one of the token."""
        req.authorize(policies.CREATE, target(
            trustor_user_id=req.ctx.user_id))
        source_id = _source(req)
        body = req.json["trust"]
        req.authorize(policies.CREATE, target(
            trustor_user_id=body["trustor_user_id"]))
        if body.get("redelegated_trust_id") not in (None, source_id):
            raise NotAllowed(
                reason="body.trust.redelegated_trust_id: is not the trust "
                       "of the token")
        with self._db.writer() as session:
            rights.refuse_limited(session, req)
            trust = self._new(session, req, body, source_id)
            graph = self._authority.graph(session)
            trusts.add(session, trust)
        return {"trust": detailed(req, trust, graph)}

    def _new(self, session: Any, req: wsgi.Request, body: dict[str, Any],
             source_id: str | None) -> Trust:
        users.get(session, body["trustee_user_id"])
        chain = trusts.chain(session, source_id) if source_id else []
        graph = self._authority.graph(session)
        roles = _roles(session, req, body, graph, chain)
        trust = Trust(
            id=uuid.uuid4().hex, trustor_user_id=body["trustor_user_id"],
            trustee_user_id=body["trustee_user_id"],
            project_id=body.get("project_id"),
            impersonation=body["impersonation"],
            expires_at=request.future(
                body.get("expires_at"), "body.trust.expires_at"),
            remaining_uses=body.get("remaining_uses"),
            redelegated_trust_id=source_id,
            redelegation_count=redelegation.depth(
                body, chain[0] if chain else None),
            roles=[TrustRole(role_id=role.id) for role in roles])
        redelegation.check(trust, chain)
        return trust

    @wsgi.handler()
    def show(self, req: wsgi.Request, trust_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            trust = _find(session, req, policies.GET, trust_id)
            graph = self._authority.graph(session)
        return {"trust": detailed(req, trust, graph)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, trust_id: str) -> None:
        """Delete it, and those that come from it; their tokens end."""
        with self._db.writer() as session:
            trust = _find(session, req, policies.DELETE, trust_id)
            if trust.redelegated_trust_id is None or (
                    trust.redelegated_trust_id != _trust_id(req)):
                rights.refuse_delegated(req)
            sides = trusts.delete(session, trust, db.utcnow())
        for user_id in sorted({user for side in sides for user in side}):
            self._announce(req.ctx, user_id=user_id)

    @wsgi.handler()
    def roles(self, req: wsgi.Request, trust_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            trust = _find(session, req, policies.LIST_ROLES, trust_id)
            graph = self._authority.graph(session)
        return base.whole(req, "roles", _view_roles(req, trust, graph))

    @wsgi.handler()
    def role(self, req: wsgi.Request, trust_id: str,
             role_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            trust = _find(session, req, policies.GET_ROLE, trust_id)
            graph = self._authority.graph(session)
        return pick(_view_roles(req, trust, graph), role_id)


def _authorize_list(req: wsgi.Request, query: dict[str, Any]) -> None:
    """Let those who see not all trusts list those of one side only."""
    for name, rule in (("trustor_user_id", policies.LIST_OF_TRUSTOR),
                       ("trustee_user_id", policies.LIST_OF_TRUSTEE)):
        if name in query and req.allowed(rule, {name: query[name]}):
            req.authorize(rule, {name: query[name]})
            return
    req.authorize(policies.LIST, {})


def _source(req: wsgi.Request) -> str | None:
    """Return the id of the trust that the sender would hand on."""
    trust_id = _trust_id(req)
    if trust_id is None:
        rights.refuse_delegated(req)
    return trust_id


def _trust_id(req: wsgi.Request) -> str | None:
    acts_by = req.ctx.delegation
    if acts_by is None or acts_by.kind != "trust":
        return None
    return str(acts_by.id)


def _find(session: Any, req: wsgi.Request, rule: str,
          trust_id: str) -> Trust:
    """Return the trust if ``rule`` allows it.

    That there is none is told to anybody: clients that delete theirs look
    whether it has gone, and nobody guesses ids.
    """
    found = trusts.get(session, trust_id)
    req.authorize(rule, target(trustor_user_id=found.trustor_user_id,
                               trustee_user_id=found.trustee_user_id))
    return found


def _roles(session: Any, req: wsgi.Request, body: dict[str, Any],
           graph: RoleGraph, chain: list[Trust]) -> list[RoleName]:
    """Return the roles that the body hands on, which the trustor must hold.

    :raises NotAllowed: if they are none, or not all are held
    """
    project_id, wanted = body.get("project_id"), body.get("roles", [])
    if bool(project_id) != bool(wanted):
        raise NotAllowed(
            reason="body.trust: needs at least one of 'roles' together "
                   "with 'project_id', or neither")
    if not project_id:
        return []
    holder_id = chain[-1].trustor_user_id if chain else req.ctx.user_id
    held = graph.effective(queries.roles_on(
        session, str(holder_id), Scope(PROJECT, project_id)))
    if not held:
        raise Missing(kind="project", id=project_id)
    found = request.chosen(graph, wanted)
    lacking = {role.name for role in found} - {
        role.name for role in held if _covers(req, project_id, role)}
    if lacking:
        raise NotAllowed(
            reason="body.trust.roles: the trustor does not have "
                   f"{', '.join(sorted(lacking))} there")
    return found


def _covers(req: wsgi.Request, project_id: str, role: RoleName) -> bool:
    """Say whether the token allows to hand on a role that is held.

    An application credential hands on no more than what it has.
    """
    if rights.maker_id(req) is None:
        return True
    return (project_id == req.ctx.project_id
            and role.name in (req.ctx.roles or []))


def view(req: wsgi.Request, trust: Trust) -> dict[str, Any]:
    """Return what lists show of a trust."""
    return {
        "id": trust.id, "trustor_user_id": trust.trustor_user_id,
        "trustee_user_id": trust.trustee_user_id,
        "project_id": trust.project_id,
        "impersonation": trust.impersonation,
        "expires_at": views.moment(trust.expires_at),
        "deleted_at": views.moment(trust.deleted_at),
        "remaining_uses": trust.remaining_uses,
        "redelegated_trust_id": trust.redelegated_trust_id,
        "redelegation_count": trust.redelegation_count,
        "links": base.self_link(req, "OS-TRUST", "trusts", trust.id),
    }


def detailed(req: wsgi.Request, trust: Trust,
             graph: RoleGraph) -> dict[str, Any]:
    """Return all that clients see of a trust."""
    place = ("OS-TRUST", "trusts", trust.id, "roles")
    return view(req, trust) | {
        "roles": _view_roles(req, trust, graph),
        "roles_links": {"self": req.public_url(base.path(*place)),
                        "previous": None, "next": None}}


def _view_roles(req: wsgi.Request, trust: Trust,
                graph: RoleGraph) -> list[dict[str, Any]]:
    return view_named(req, graph, (role.role_id for role in trust.roles))
