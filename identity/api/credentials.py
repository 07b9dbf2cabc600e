"""The /credentials resource: secrets that are kept for users."""

import uuid
from typing import Any

import sqlalchemy as sa

from common import exceptions, jsontext, wsgi
from identity.api import base
from identity.db import credentials
from identity.db.delegations import Credential
from identity.delegation import rights
from identity.exceptions import Missing
from identity.policies import credentials as policies
from identity.policies.base import target
from identity.schemas import credentials as schemas


class Credentials(base.Resource):
    """Handlers of /credentials.

    Lists show no secrets. Who acts by a delegation sees none, and makes
    none: it would be worth more than the delegation is.
    """

    def routes(self) -> list[wsgi.Route]:
        one = "/credentials/{credential_id}"
        return [
            ("GET", "/credentials", self.list),
            ("POST", "/credentials", self.create),
            ("GET", one, self.show),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        statement = base.filtered(
            sa.select(Credential), req.params_checked,
            (Credential.user_id, Credential.type))
        if not req.allowed(policies.LIST, {}):
            own = str(req.ctx.user_id)
            req.authorize(policies.LIST, target(user_id=own))
            statement = statement.where(Credential.user_id == own)
        else:
            req.authorize(policies.LIST, {})
        page, rows = base.read_page(
            req, self._db, statement, Credential, default="id")
        return base.page_of(req, "credentials", page, rows, view)

    @wsgi.handler(body=schemas.CREATE, status=201)
    def create(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.CREATE, target(user_id=req.ctx.user_id))
        rights.refuse_delegated(req)
        body = req.json["credential"]
        rights.refuse_login(req, body["type"])
        req.authorize(policies.CREATE, target(user_id=body["user_id"]))
        row = Credential(
            user_id=body["user_id"], type=body["type"],
            project_id=body.get("project_id"),
            sealed_blob=self._vault.seal(body["blob"]),
            application_credential_id=rights.maker_id(req))
        row.access_hash = _access_hash(row, body["blob"])
        if row.type == credentials.EC2:
            rights.refuse_elsewhere(req, row.project_id)
        row.id = row.access_hash or uuid.uuid4().hex
        try:
            with self._db.writer() as session:
                credentials.add(session, row)
        except Missing as error:
            raise exceptions.BadRequest(
                reason=f"body.credential.user_id: {error}") from None
        return {"credential": view(req, row, body["blob"])}

    @wsgi.handler()
    def show(self, req: wsgi.Request,
             credential_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            row = _find(session, req, policies.GET, credential_id)
        rights.refuse_foreign(req, row.application_credential_id)
        blob = None
        if req.allowed(policies.REVEAL, target(user_id=row.user_id)):
            blob = self._vault.open(row.sealed_blob)
        return {"credential": view(req, row, blob)}

    @wsgi.handler(body=schemas.UPDATE)
    def update(self, req: wsgi.Request,
               credential_id: str) -> dict[str, Any]:
        """Change what the body has; the owner stays, and so does the id."""
        with self._db.reader() as session:
            row = _find(session, req, policies.UPDATE, credential_id)
        rights.refuse_foreign(req, row.application_credential_id)
        body = req.json["credential"]
        with self._db.writer() as session:
            row = _find(session, req, policies.UPDATE, credential_id)
            if body.get("user_id", row.user_id) != row.user_id:
                raise exceptions.BadRequest(
                    reason="body.credential.user_id: cannot be changed")
            blob = body.get("blob", self._vault.open(row.sealed_blob))
            row.type = body.get("type", row.type)
            rights.refuse_login(req, row.type)
            row.project_id = body.get("project_id", row.project_id)
            row.sealed_blob = self._vault.seal(blob)
            row.access_hash = _access_hash(row, blob)
            if row.type == credentials.EC2:
                rights.refuse_elsewhere(req, row.project_id)
            credentials.flush(session)
        self._announce(req.ctx, user_id=row.user_id)
        return {"credential": view(req, row, blob)}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, credential_id: str) -> None:
        with self._db.writer() as session:
            row = _find(session, req, policies.DELETE, credential_id)
            rights.refuse_foreign(req, row.application_credential_id)
            session.delete(row)
        self._announce(req.ctx, user_id=row.user_id)


def _find(session: Any, req: wsgi.Request, rule: str,
          credential_id: str) -> Credential:
    found: Credential = base.find(
        req, rule, lambda: credentials.get(session, credential_id),
        lambda row: target(user_id=row.user_id))
    return found


def _access_hash(row: Credential, blob: str) -> str | None:
    """Return by what an EC2 key is found, None for other types.

    :raises BadRequest: if something is missing that EC2 keys need
    """
    if row.type != credentials.EC2:
        return None
    if row.project_id is None:
        raise exceptions.BadRequest(
            reason="body.credential.project_id: is required for type ec2")
    key = read_key(blob)
    if key is None:
        raise exceptions.BadRequest(
            reason="body.credential.blob: must be a JSON object with texts "
                   "'access' and 'secret' for type ec2")
    return credentials.access_hash(key[0])


def read_key(blob: str) -> tuple[str, str] | None:
    """Return access and secret key of an EC2 key, None if it is none."""
    try:
        found = jsontext.loads(blob.encode())
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    access, secret = found.get("access"), found.get("secret")
    if not (isinstance(access, str) and access
            and isinstance(secret, str) and secret):
        return None
    return access, secret


def view(req: wsgi.Request, row: Credential,
         blob: str | None = None) -> dict[str, Any]:
    """Return what clients see of a credential."""
    shown = {
        "id": row.id, "user_id": row.user_id, "type": row.type,
        "project_id": row.project_id,
        "links": base.self_link(req, "credentials", row.id),
    }
    return shown if blob is None else shown | {"blob": blob}
