"""OAuth 1.0a: consumers, and how users authorize them."""

import datetime
import hmac
import secrets
import urllib.parse
import uuid
from typing import Any

from common import db, exceptions, wsgi
from identity.api import base
from identity.db import authority as queries
from identity.db import oauth as rows
from identity.db import projects
from identity.db.delegations import Consumer, RequestToken
from identity.db.models import PROJECT
from identity.delegation import oauth, request
from identity.delegation.base import is_over
from identity.exceptions import Missing, NotAllowed
from identity.policies import oauth as policies
from identity.schemas import oauth as schemas
from identity.tokens import Scope

#: How long a user may take, and how long a consumer may act for them.
_REQUEST_S = 8 * 3600
_ACCESS_S = 24 * 3600


class Consumers(base.Collection):
    """Handlers of /OS-OAUTH1/consumers."""

    about = policies.CONSUMERS
    model = Consumer

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        """Make a consumer; the answer has its secret, for the one time."""
        req.authorize(self.about.create, {})
        secret = secrets.token_hex(16)
        row = Consumer(
            id=uuid.uuid4().hex, sealed_secret=self._vault.seal(secret),
            description=req.json["consumer"].get("description"))
        with self._db.writer() as session:
            session.add(row)
        return {"consumer": self.view(req, row) | {"secret": secret}}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request,
               consumer_id: str) -> dict[str, Any]:
        req.authorize(self.about.update, {})
        body = req.json["consumer"]
        with self._db.writer() as session:
            row = self.get(session, consumer_id)
            row.description = body.get("description", row.description)
        return self.shown(req, row)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, **named: str) -> None:
        """Delete it; what users have authorized ends."""
        req.authorize(self.about.delete, {})
        with self._db.writer() as session:
            row = self.get(session, *named.values())
            users = rows.users_of(session, row.id)
            session.delete(row)
        for user_id in users:
            self._announce(req.ctx, user_id=user_id)

    def view(self, req: wsgi.Request, row: Consumer) -> dict[str, Any]:
        return {"id": row.id, "description": row.description,
                "links": base.self_link(
                    req, "OS-OAUTH1", "consumers", row.id)}


class Exchange(base.Resource):
    """Handlers of the three steps that end in an access token.

    The first and the last are signed by the consumer and need no token of
    ours; between them the user authorizes it.
    """

    def routes(self) -> list[wsgi.Route]:
        return [
            ("POST", "/OS-OAUTH1/request_token", self.ask),
            ("PUT", "/OS-OAUTH1/authorize/{request_token_id}",
             self.authorize),
            ("POST", "/OS-OAUTH1/access_token", self.exchange),
        ]

    @wsgi.handler(public=True)
    def ask(self, req: wsgi.Request) -> wsgi.Response:
        """Return a request token for the consumer that signed."""
        project_id = req.headers.get("Requested-Project-Id")
        if not project_id:
            raise exceptions.BadRequest(
                reason="header Requested-Project-Id: is required")
        call = oauth.Call.read(req)
        with self._db.reader() as session:
            consumer = session.get(Consumer, call.params.get(
                "consumer_key", ""))
        if "token" in call.params or consumer is None:
            consumer = None
        call.verify(self._vault.secret_of(consumer), None)
        assert consumer is not None
        secret = secrets.token_hex(16)
        row = RequestToken(
            id=uuid.uuid4().hex, consumer_id=consumer.id,
            project_id=project_id, sealed_secret=self._vault.seal(secret),
            expires_at=_after(_REQUEST_S))
        with self._db.writer() as session:
            rows.remember(session, call.nonce_id, _after(2 * oauth.SKEW_S))
            projects.get(session, project_id)
            rows.add_request_token(session, row)
        return _form(row.id, secret, row.expires_at)

    @wsgi.handler(body=schemas.AUTHORIZE)
    def authorize(self, req: wsgi.Request,
                  request_token_id: str) -> dict[str, Any]:
        """Let the sender's roles be used by who has the request token."""
        req.authorize(policies.AUTHORIZE, {})
        if req.ctx.delegation is not None:
            raise NotAllowed(
                reason="A token that was made by a delegation cannot "
                       "authorize another.")
        user_id = str(req.ctx.user_id)
        verifier = secrets.token_urlsafe(12)
        with self._db.writer() as session:
            row = session.get(RequestToken, request_token_id)
            if row is None or is_over(row.expires_at):
                raise Missing(kind="request token", id=request_token_id)
            graph = self._authority.graph(session)
            held = {role.id for role in graph.effective(queries.roles_on(
                session, user_id, Scope(PROJECT, row.project_id)))}
            chosen = [role.id for role in request.chosen(
                graph, req.json["roles"])]
            if not set(chosen) <= held:
                raise NotAllowed(
                    reason="body.roles: you do not have them all on the "
                           "project that was asked for")
            rows.authorize(session, row, user_id, chosen, verifier)
        return {"token": {"oauth_verifier": verifier}}

    @wsgi.handler(public=True)
    def exchange(self, req: wsgi.Request) -> wsgi.Response:
        """Return an access token for an authorized request token."""
        call = oauth.Call.read(req)
        with self._db.reader() as session:
            consumer = session.get(Consumer, call.params.get(
                "consumer_key", ""))
            row = session.get(RequestToken, call.params.get("token", ""))
        if row is not None and (
                consumer is None or row.consumer_id != consumer.id):
            row = None
        call.verify(self._vault.secret_of(consumer),
                    self._vault.secret_of(row))
        if row is None or not _is_authorized(row, call):
            raise exceptions.Unauthorized()
        secret = secrets.token_hex(16)
        with self._db.writer() as session:
            rows.remember(session, call.nonce_id, _after(2 * oauth.SKEW_S))
            made = rows.exchange(
                session, row, self._vault.seal(secret), _after(_ACCESS_S))
        return _form(made.id, secret, made.expires_at)


def _is_authorized(row: RequestToken, call: oauth.Call) -> bool:
    given = call.params.get("verifier", "")
    return (row.verifier is not None and not is_over(row.expires_at)
            and hmac.compare_digest(row.verifier.encode(), given.encode()))


def _after(seconds: int) -> datetime.datetime:
    return db.utcnow() + datetime.timedelta(seconds=seconds)


def _form(token_id: str, secret: str,
          expires_at: datetime.datetime | None) -> wsgi.Response:
    """Return a new token as the protocol has it: a form."""
    pairs = {"oauth_token": token_id, "oauth_token_secret": secret}
    if expires_at is not None:
        pairs["oauth_expires_at"] = expires_at.strftime(
            "%Y-%m-%dT%H:%M:%S.%fZ")
    response = wsgi.Response(
        status=201, body=urllib.parse.urlencode(pairs).encode())
    response.headers["Content-Type"] = "application/x-www-form-urlencoded"
    return response
