"""EC2 keys of users, and tokens for requests signed with them."""

import logging
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from common import db, exceptions, jsontext, wsgi
from identity import views
from identity.api import base
from identity.api.credentials import read_key
from identity.api.users import find as find_user
from identity.authority import Wish
from identity.db import authority as queries
from identity.db import credentials, projects
from identity.db.delegations import Credential
from identity.db.models import PROJECT
from identity.delegation import ec2, rights, signatures
from identity.exceptions import Missing
from identity.methods.base import Proof
from identity.policies import credentials as policies
from identity.policies.base import target
from identity.schemas import credentials as schemas
from identity.tokens import Delegation, Scope

LOG = logging.getLogger(__name__)

#: What is checked where an access key is unknown, so that it takes as long.
_NOBODYS_SECRET = secrets.token_hex(16)


class EC2Credentials(base.Resource):
    """Handlers of /users/{user_id}/credentials/OS-EC2."""

    def routes(self) -> list[wsgi.Route]:
        every = "/users/{user_id}/credentials/OS-EC2"
        one = f"{every}/{{credential_id}}"
        return [
            ("GET", every, self.list),
            ("POST", every, self.create),
            ("GET", one, self.show),
            ("DELETE", one, self.delete),
        ]

    @wsgi.handler(query=base.QUERY)
    def list(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        """List them, without their secrets."""
        with self._db.reader() as session:
            find_user(session, req, policies.LIST_EC2, user_id)
            rows = credentials.of_user(session, user_id, credentials.EC2)
        return base.whole(req, "credentials", [
            self._view(req, row, with_secret=False) for row in rows])

    @wsgi.handler(body=schemas.CREATE_EC2, status=201)
    def create(self, req: wsgi.Request, user_id: str) -> dict[str, Any]:
        """Make a key; its id and secret are ours to choose."""
        with self._db.reader() as session:
            find_user(session, req, policies.CREATE_EC2, user_id)
        rights.refuse_delegated(req)
        project_id = req.json["tenant_id"]
        rights.refuse_elsewhere(req, project_id)
        access, secret = uuid.uuid4().hex, secrets.token_hex(16)
        blob = jsontext.dumps({"access": access, "secret": secret})
        hashed = credentials.access_hash(access)
        row = Credential(
            id=hashed, access_hash=hashed, user_id=user_id,
            project_id=project_id, type=credentials.EC2,
            sealed_blob=self._vault.seal(blob.decode()),
            application_credential_id=rights.maker_id(req))
        with self._db.writer() as session:
            find_user(session, req, policies.CREATE_EC2, user_id)
            _check_project(session, req, user_id, project_id)
            credentials.add(session, row)
        return {"credential": self._view(req, row, with_secret=True)}

    @wsgi.handler()
    def show(self, req: wsgi.Request, user_id: str,
             credential_id: str) -> dict[str, Any]:
        with self._db.reader() as session:
            row = _find(session, req, policies.GET_EC2, user_id,
                        credential_id)
        rights.refuse_foreign(req, row.application_credential_id)
        return {"credential": self._view(
            req, row, with_secret=req.allowed(
                policies.REVEAL, target(user_id=user_id)))}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, user_id: str,
               credential_id: str) -> None:
        with self._db.writer() as session:
            row = _find(session, req, policies.DELETE_EC2, user_id,
                        credential_id)
            rights.refuse_foreign(req, row.application_credential_id)
            session.delete(row)
        self._announce(req.ctx, user_id=user_id)

    def _view(self, req: wsgi.Request, row: Credential, *,
              with_secret: bool) -> dict[str, Any]:
        access, secret = read_key(
            self._vault.open(row.sealed_blob)) or ("", "")
        shown: dict[str, Any] = {
            "user_id": row.user_id, "tenant_id": row.project_id,
            "access": access, "trust_id": None,
            "links": base.self_link(
                req, "users", row.user_id, "credentials", "OS-EC2", access)}
        return shown | {"secret": secret} if with_secret else shown


def _find(session: Any, req: wsgi.Request, rule: str, user_id: str,
          access: str) -> Credential:
    """Return the user's key if ``rule`` allows it."""
    find_user(session, req, rule, user_id)
    row = credentials.by_access(session, access)
    if row is None or row.user_id != user_id:
        raise Missing(kind="credential", id=access)
    return row


def _check_project(session: Any, req: wsgi.Request, user_id: str,
                   project_id: str) -> None:
    """Raise Missing unless the user may have keys there.

    To others than administrators, where the user has no role is nowhere.
    """
    projects.get(session, project_id)
    scope = Scope(PROJECT, project_id)
    if not (queries.roles_on(session, user_id, scope)
            or req.allowed(policies.CREATE_EC2, {})):
        raise Missing(kind="project", id=project_id)


class SignedRequests(base.Resource):
    """Handlers of /ec2tokens and /s3tokens, for services alone.

    A service that got a signed request learns who sent it. Whatever is
    wrong with the signature, the answer is the same.
    """

    def routes(self) -> list[wsgi.Route]:
        return [("POST", "/ec2tokens", self.ec2),
                ("POST", "/s3tokens", self.s3)]

    @wsgi.handler(body=schemas.EC2_TOKEN)
    def ec2(self, req: wsgi.Request) -> wsgi.Response:
        req.authorize(policies.EC2_TOKEN, {})
        body: dict[str, Any] = next(iter(req.json.values()))
        signed = signatures.Signed.read(body)
        return self._answer(signed.access, lambda secret: signatures.verify(
            signed, secret, db.utcnow(),
            weak=self._env.weak_signatures), with_token=True)

    @wsgi.handler(body=schemas.S3_TOKEN)
    def s3(self, req: wsgi.Request) -> wsgi.Response:
        req.authorize(policies.S3_TOKEN, {})
        body = req.json["credentials"]
        return self._answer(
            body["access"], lambda secret: signatures.verify_text(
                body["token"], body["signature"], secret, db.utcnow()),
            with_token=False)

    def _answer(self, access: str, verify: Callable[[str], None], *,
                with_token: bool) -> wsgi.Response:
        """Return what the signer may do, or raise Unauthorized."""
        with self._db.reader() as session:
            row = credentials.by_access(session, access)
        key = read_key(self._vault.open(row.sealed_blob)) if row else None
        try:
            verify(key[1] if key else _NOBODYS_SECRET)
        except signatures.BadSignature as error:
            LOG.info("A signed request was refused: %s", error)
            raise exceptions.Unauthorized() from None
        if row is None or key is None:
            raise exceptions.Unauthorized()
        text, grant = self._authority.issue(
            Proof(row.user_id, (ec2.METHOD,),
                  delegation=Delegation(ec2.EC2Keys.name, row.id)), Wish())
        response = base.json_response(
            {"token": views.with_catalog(grant)}, 200)
        if with_token:
            response.headers["X-Subject-Token"] = text
        response.headers["Vary"] = "X-Auth-Token"
        return response
