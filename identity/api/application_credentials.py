"""Application credentials of users, and their access rules."""

import datetime
import secrets
import uuid
from typing import Any

import sqlalchemy as sa

from common import exceptions, wsgi
from identity import views
from identity.api import base
from identity.api.users import find as find_user
from identity.db import application_credentials as rows
from identity.db.credentials import lock_owner
from identity.db.delegations import (
    AccessRule,
    ApplicationCredential,
    ApplicationCredentialRole,
)
from identity.delegation import request, rights
from identity.exceptions import Missing
from identity.policies import application_credentials as policies
from identity.roles import RoleGraph, RoleName
from identity.schemas import application_credentials as schemas

_PLACE = "body.application_credential"


class ApplicationCredentials(base.Resource):
    """Handlers of /users/{user_id}/application_credentials."""

    def routes(self) -> list[wsgi.Route]:
        every = "/users/{user_id}/application_credentials"
        one = f"{every}/{{application_credential_id}}"
        return [
            ("GET", every, self.list),
            ("POST", every, self.create),
            ("GET", one, self.show),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            find_user(session, req, policies.LIST, user_id)
            graph = self._authority.graph(session)
        statement = base.filtered(
            sa.select(ApplicationCredential).filter_by(user_id=user_id),
            req.params_checked, (ApplicationCredential.name,))
        page, found = base.read_page(
            req, self._db, statement, ApplicationCredential)
        return base.page_of(
            req, "application_credentials", page, found,
            lambda req, row: view(req, row, graph))

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        """Make one for the sender, on the project of their token.

        The answer has the secret, for the one time.
        """
        with self._db.reader() as session:
            find_user(session, req, policies.CREATE, user_id)
            rights.refuse_delegated(req)
            rights.refuse_limited(session, req)
            graph = self._authority.graph(session)
        if req.ctx.project_id is None:
            raise exceptions.BadRequest(
                reason="Application credentials are made with a token of "
                       "a project.")
        body = req.json["application_credential"]
        given = body.get("secret")
        secret = given or secrets.token_urlsafe(64)
        row = _new(req, body, _roles(req, graph, body), self._hasher.hash(
            secret, made_by_machine=given is None))
        with self._db.writer() as session:
            lock_owner(session, user_id)
            row.access_rules = _rules(session, user_id, body)
            rows.add(session, row)
        return {"application_credential":
                view(req, row, graph) | {"secret": secret}}

    @wsgi.handler()
    def show(self, req: wsgi.Request, user_id: str,
             application_credential_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            find_user(session, req, policies.GET, user_id)
            row = rows.get(session, user_id, application_credential_id)
            graph = self._authority.graph(session)
        return {"application_credential": view(req, row, graph)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, user_id: str,
               application_credential_id: str) -> None:
        """Delete it; its tokens, and the EC2 keys it made, end with it."""
        with self._db.writer() as session:
            find_user(session, req, policies.DELETE, user_id)
            rights.refuse_delegated(req)
            session.delete(
                rows.get(session, user_id, application_credential_id))
        self._announce(req.ctx, user_id=user_id)


class AccessRules(base.Resource):
    """Handlers of /users/{user_id}/access_rules."""

    def routes(self) -> list[wsgi.Route]:
        one = "/users/{user_id}/access_rules/{access_rule_id}"
        return [
            ("GET", "/users/{user_id}/access_rules", self.list),
            ("GET", one, self.show),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            find_user(session, req, policies.LIST_RULES, user_id)
        statement = base.filtered(
            sa.select(AccessRule).filter_by(user_id=user_id),
            req.params_checked,
            (AccessRule.service, AccessRule.path, AccessRule.method))
        page, found = base.read_page(
            req, self._db, statement, AccessRule, default="id")
        return base.page_of(req, "access_rules", page, found, view_rule)

    @wsgi.handler()
    def show(self, req: wsgi.Request, user_id: str,
             access_rule_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            find_user(session, req, policies.GET_RULE, user_id)
            rule = rows.get_rule(session, user_id, access_rule_id)
        return {"access_rule": view_rule(req, rule)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, user_id: str,
               access_rule_id: str) -> None:
        with self._db.writer() as session:
            find_user(session, req, policies.DELETE_RULE, user_id)
            rights.refuse_delegated(req)
            rows.delete_rule(session, rows.get_rule(
                session, user_id, access_rule_id))


def _roles(req: wsgi.Request, graph: RoleGraph,
           body: dict[str, Any]) -> list[RoleName]:
    """Return the roles of the body, by default all of the token.

    :raises BadRequest: for one that the token has not
    """
    own = set(req.ctx.roles or [])
    wanted = body.get("roles") or [{"name": name} for name in sorted(own)]
    try:
        found = request.chosen(graph, wanted)
    except Missing as error:
        raise exceptions.BadRequest(
            reason=f"{_PLACE}.roles: {error}") from None
    lacking = [role.name for role in found if role.name not in own]
    if lacking:
        raise exceptions.BadRequest(
            reason=f"{_PLACE}.roles: the token does not have "
                   f"{', '.join(lacking)}")
    return found


def _rules(session: Any, user_id: str,
           body: dict[str, Any]) -> list[AccessRule]:
    wanted = [
        rule["id"] if "path" not in rule else
        (rule["service"], rule["method"], rule["path"])
        for rule in body.get("access_rules") or []]
    try:
        return rows.ensure_rules(session, user_id, wanted)
    except Missing as error:
        raise exceptions.BadRequest(
            reason=f"{_PLACE}.access_rules: {error}") from None


def _new(req: wsgi.Request, body: dict[str, Any], roles: list[RoleName],
         secret_hash: str) -> ApplicationCredential:
    return ApplicationCredential(
        id=uuid.uuid4().hex, user_id=req.ctx.user_id, name=body["name"],
        project_id=req.ctx.project_id, secret_hash=secret_hash,
        description=body.get("description"),
        expires_at=request.future(
            body.get("expires_at"), f"{_PLACE}.expires_at"),
        unrestricted=bool(body.get("unrestricted")),
        limited=bool(body.get("access_rules")),
        roles=[ApplicationCredentialRole(role_id=role.id)
               for role in roles])


def view(req: wsgi.Request, row: ApplicationCredential,
         graph: RoleGraph) -> dict[str, Any]:
    """Return what clients see of an application credential."""
    known = [graph.names[role.role_id] for role in row.roles
             if role.role_id in graph.names]
    shown: dict[str, Any] = {
        "id": row.id, "name": row.name, "description": row.description,
        "user_id": row.user_id, "project_id": row.project_id,
        "roles": [{"id": role.id, "name": role.name,
                   "domain_id": role.domain_id} for role in known],
        "expires_at": _local(row.expires_at),
        "unrestricted": row.unrestricted,
        "links": base.self_link(req, "users", row.user_id,
                                "application_credentials", row.id),
    }
    if row.limited:
        shown["access_rules"] = [brief(rule) for rule in row.access_rules]
    return shown


def _local(moment: datetime.datetime | None) -> str | None:
    # Other than all else, these are shown without their Z.
    shown = views.moment(moment)
    return shown and shown.removesuffix("Z")


def brief(rule: AccessRule) -> dict[str, str]:
    """Return what shows an access rule inside of something else."""
    return {"id": rule.id, "service": rule.service, "method": rule.method,
            "path": rule.path}


def view_rule(req: wsgi.Request, rule: AccessRule) -> dict[str, Any]:
    """Return what clients see of an access rule."""
    return {**brief(rule), "links": base.self_link(
        req, "users", rule.user_id, "access_rules", rule.id)}
