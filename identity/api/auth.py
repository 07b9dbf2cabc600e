"""The /auth resource: tokens, and what one can get a token for."""

from typing import Any

from common import access, exceptions, wsgi
from identity import views
from identity.api import base
from identity.api.domains import view as view_domain
from identity.api.projects import view as view_project
from identity.authority import Grant
from identity.db import authority as queries
from identity.db.models import DOMAIN, PROJECT, SYSTEM
from identity.delegation.oauth import Call
from identity.exceptions import TokenNotFound
from identity.guard import source_of
from identity.policies import auth as policies
from identity.policies.base import target
from identity.receipts import Incomplete
from identity.schemas import auth as schemas
from identity.tokens import Scope

#: Where the pipeline notes the state that this request sees.
REVISIONS = "identity.revisions"


class Auth(base.Resource):
    """Handlers of /auth."""

    def routes(self) -> list[wsgi.Route]:
        return [
            ("POST", "/auth/tokens", self.create),
            ("GET", "/auth/tokens", self.show),
            ("DELETE", "/auth/tokens", self.delete),
            ("GET", "/auth/catalog", self.catalog),
            ("GET", "/auth/projects", self.projects),
            ("GET", "/auth/domains", self.domains),
            ("GET", "/auth/system", self.system),
        ]

    @wsgi.handler(body=schemas.LOGIN, query=schemas.QUERY, public=True)
    def create(self, req: wsgi.Request) -> wsgi.Response:
        """Issue a token."""
        try:
            text, grant = self._env.login(
                req.json["auth"], Call.read(req, source_of(req)),
                req.headers.get(schemas.RECEIPT_HEADER))
        except Incomplete as error:
            return _incomplete(error)
        return _answer(req, text, grant, 201)

    @wsgi.handler(query=schemas.QUERY)
    def show(self, req: wsgi.Request) -> wsgi.Response:
        """Say what the token in X-Subject-Token stands for."""
        text = _subject_token(req)
        grant = self._authority.validate(
            text, allow_expired=_allows_expired(req),
            at=req.environ[REVISIONS])
        req.authorize(policies.VALIDATE,
                      target(user_id=grant.subject.id))
        if (grant.access_rules is not None
                and req.headers.get(access.HEADER) != access.VERSION):
            # Who asks would let it do all that its roles allow.
            raise TokenNotFound()
        return _answer(req, text, grant, 200)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request) -> None:
        """End the token in X-Subject-Token; see ``Authority.revoke``."""
        grant = self._authority.validate(
            _subject_token(req), at=req.environ[REVISIONS])
        req.authorize(policies.REVOKE, target(user_id=grant.subject.id))
        with self._db.writer() as session:
            self._authority.revoke(session, grant.token)
        which = "audit_chain_id" if grant.token.is_first else "audit_id"
        self._announce(req.ctx, **{which: grant.token.audit_ids[0]})

    @wsgi.handler()
    def catalog(self, req: wsgi.Request) -> dict[str, Any]:
        """Return the catalog as the sender's token sees it."""
        req.authorize(policies.CATALOG)
        grant = self._authority.validate(
            req.auth_token or "", at=req.environ[REVISIONS])
        if not grant.token.scope:
            raise exceptions.Forbidden(rule=policies.CATALOG)
        return {"catalog": grant.catalog(), "links": base.links(req)}

    @wsgi.handler()
    def projects(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.PROJECTS)
        with self._db.reader() as session:
            rows = queries.reachable(session, _sender(req), PROJECT)
        return base.whole(
            req, "projects", [view_project(req, row) for row in rows])

    @wsgi.handler()
    def domains(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.DOMAINS)
        with self._db.reader() as session:
            rows = queries.reachable(session, _sender(req), DOMAIN)
        return base.whole(
            req, "domains", [view_domain(req, row) for row in rows])

    @wsgi.handler()
    def system(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.SYSTEM)
        with self._db.reader() as session:
            given = queries.roles_on(
                session, _sender(req), Scope(SYSTEM))
        return base.whole(req, "system", [{"all": True}] if given else [])


def _sender(req: wsgi.Request) -> str:
    return str(req.ctx.user_id)


def _subject_token(req: wsgi.Request) -> str:
    text = req.headers.get("X-Subject-Token")
    if not text:
        raise exceptions.BadRequest(
            reason="header X-Subject-Token: is required")
    return str(text)


def _allows_expired(req: wsgi.Request) -> bool:
    """Say whether a service asks, that wants to end what it began."""
    return ("service" in (req.ctx.roles or [])
            and base.flag(req.params_checked.get("allow_expired", "0")))


def _incomplete(error: Incomplete) -> wsgi.Response:
    response = base.json_response(views.receipt(error), 401)
    response.headers[schemas.RECEIPT_HEADER] = error.text
    return response


def _answer(req: wsgi.Request, text: str, grant: Grant,
            status: int) -> wsgi.Response:
    shown = (views.token(grant) if "nocatalog" in req.params_checked
             else views.with_catalog(grant))
    response = base.json_response({"token": shown}, status)
    response.headers["X-Subject-Token"] = text
    response.headers["Vary"] = "X-Auth-Token"
    return response
