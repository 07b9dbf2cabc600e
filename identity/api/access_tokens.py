"""The access tokens that users have authorized by OAuth 1.0a."""

from typing import Any

import sqlalchemy as sa

from common import wsgi
from identity import views
from identity.api import base
from identity.api.roles import pick, view_named
from identity.api.users import find as find_user
from identity.db import oauth as rows
from identity.db.delegations import AccessToken
from identity.delegation import rights
from identity.policies import oauth as policies

#: In the class, ``list`` is a handler.
Views = list[dict[str, Any]]


class AccessTokens(base.Resource):
    """Handlers of /users/{user_id}/OS-OAUTH1/access_tokens."""

    def routes(self) -> list[wsgi.Route]:
        every = "/users/{user_id}/OS-OAUTH1/access_tokens"
        one = f"{every}/{{access_token_id}}"
        return [
            ("GET", every, self.list),
            ("GET", one, self.show),
            ("DELETE", one, self.delete),
            ("GET", f"{one}/roles", self.roles),
            ("GET", f"{one}/roles/{{role_id}}", self.role),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            find_user(session, req, policies.LIST_TOKENS, user_id)
        page, found = base.read_page(
            req, self._db, sa.select(AccessToken).filter_by(
                user_id=user_id), AccessToken, default="id")
        return base.page_of(req, "access_tokens", page, found, view)

    @wsgi.handler()
    def show(self, req: wsgi.Request, user_id: str,
             access_token_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            find_user(session, req, policies.GET_TOKEN, user_id)
            row = rows.get_access_token(session, user_id, access_token_id)
        return {"access_token": view(req, row)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, user_id: str,
               access_token_id: str) -> None:
        """Let the consumer act for the user no more."""
        with self._db.writer() as session:
            find_user(session, req, policies.DELETE_TOKEN, user_id)
            rights.refuse_delegated(req)
            session.delete(rows.get_access_token(
                session, user_id, access_token_id))
        self._announce(req.ctx, user_id=user_id)

    @wsgi.handler()
    def roles(self, req: wsgi.Request, user_id: str,
              access_token_id: str) -> dict[str, Any]:
        return base.whole(req, "roles", self._roles(
            req, policies.LIST_ROLES, user_id, access_token_id))

    @wsgi.handler()
    def role(self, req: wsgi.Request, user_id: str, access_token_id: str,
             role_id: str) -> dict[str, Any]:
        return pick(self._roles(
            req, policies.GET_ROLE, user_id, access_token_id), role_id)

    def _roles(self, req: wsgi.Request, rule: str, user_id: str,
               token_id: str) -> Views:
        with self._db.reader() as session:
            find_user(session, req, rule, user_id)
            row = rows.get_access_token(session, user_id, token_id)
            graph = self._authority.graph(session)
        return view_named(req, graph, row.role_ids)


def view(req: wsgi.Request, row: AccessToken) -> dict[str, Any]:
    """Return what clients see of an access token."""
    place = ("users", row.user_id, "OS-OAUTH1", "access_tokens", row.id)
    return {
        "id": row.id, "consumer_id": row.consumer_id,
        "project_id": row.project_id, "authorizing_user_id": row.user_id,
        "expires_at": views.moment(row.expires_at),
        "links": base.self_link(req, *place) | {
            "roles": req.public_url(base.path(*place, "roles"))}}
