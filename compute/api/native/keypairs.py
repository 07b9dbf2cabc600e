"""Keypairs of users."""

from typing import Any

from oslo_config import cfg

from common import db, paging, wsgi
from common.exceptions import BadRequest
from compute import keypairs
from compute.api.native.common import ANY, body, micro, minor
from compute.db.api import keypairs as queries
from compute.db.api.models import Keypair
from compute.policies import keypairs as policies
from compute.schemas import keypairs as schemas

View = dict[str, Any]


class Keypairs:
    """Handlers of /os-keypairs."""

    def __init__(self, conf: cfg.ConfigOpts, api: db.Database) -> None:
        self._conf = conf
        self._db = api

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/os-keypairs", self.index),
            ("POST", "/os-keypairs", self.create),
            ("GET", "/os-keypairs/{name}", self.show),
            ("DELETE", "/os-keypairs/{name}", self.delete),
        ]

    @wsgi.handler(query=schemas.QUERY)
    def index(self, req: wsgi.Request) -> View:
        user = _user(req, policies.LIST)
        page = _page(req)
        with self._db.reader() as session:
            found = session.scalars(page.apply(
                session, queries.query(user).where(
                    Keypair.user_id == user), Keypair.name)).all()
        answer: View = {"keypairs": [
            {"keypair": _brief(req, row)} for row in found]}
        link = page.next_link(req, [_Named(row.name) for row in found])
        if link and minor(req) >= 35:
            answer["keypairs_links"] = [{"rel": "next", "href": link}]
        return answer

    @wsgi.handler()
    def show(self, req: wsgi.Request, name: str) -> View:
        user = _user(req, policies.SHOW)
        with self._db.reader() as session:
            found = queries.get(session, user, name)
        return {"keypair": _brief(req, found) | {
            "id": found.id, "user_id": found.user_id,
            "created_at": micro(found.created_at), "updated_at": None,
            "deleted": False, "deleted_at": None}}

    @wsgi.handler(body=ANY)
    def create(self, req: wsgi.Request) -> wsgi.Response:
        """Keep the public key given, or make a pair and tell it once."""
        asked = body(req, schemas.create)["keypair"]
        user = asked.get("user_id") or str(req.ctx.user_id)
        req.authorize(policies.CREATE, {"user_id": user})
        kind = asked.get("type", "ssh")
        private, public = None, asked.get("public_key")
        if public is None:
            if kind != "ssh":
                raise BadRequest(
                    reason="type: a pair of type x509 is not made here; "
                           "give its certificate as public_key")
            private, public = keypairs.generate()
        made = Keypair(
            user_id=user, name=asked["name"], type=kind,
            public_key=public.strip(),
            fingerprint=keypairs.fingerprint(kind, public))
        with self._db.writer() as session:
            queries.create(
                session, made, self._conf.compute.quota_key_pairs)
        view = _brief(req, made) | {"user_id": user}
        if private:
            view["private_key"] = private
        return wsgi.Response(
            json_body={"keypair": view}, charset="UTF-8",
            status=201 if minor(req) >= 2 else 200)

    @wsgi.handler()
    def delete(self, req: wsgi.Request, name: str) -> wsgi.Response:
        user = _user(req, policies.DELETE)
        with self._db.writer() as session:
            queries.delete(session, user, name)
        return wsgi.Response(status=204 if minor(req) >= 2 else 202)


def _user(req: wsgi.Request, rule: str) -> str:
    """Return whose keys are meant; others' from 2.10 on, for admins."""
    wanted = req.GET.get("user_id") if minor(req) >= 10 else None
    user = wanted or str(req.ctx.user_id)
    req.authorize(rule, {"user_id": user})
    return user


def _page(req: wsgi.Request) -> paging.Page:
    """Return the page; before 2.35 there is but one."""
    if minor(req) < 35:
        return paging.Page(1000, None, [])
    return paging.parse(req, {"name": Keypair.name}, default="name")


def _brief(req: wsgi.Request, found: Keypair) -> View:
    view = {"name": found.name, "public_key": found.public_key,
            "fingerprint": found.fingerprint}
    if minor(req) >= 2:
        view["type"] = found.type
    return view


class _Named:
    """Gives a page link the keypair's name, which is its marker."""

    def __init__(self, name: str) -> None:
        self.id = name
