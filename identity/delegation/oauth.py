"""OAuth 1.0a: requests signed by consumers, and tokens made by them."""

import dataclasses
import hashlib
import logging
import secrets
from typing import Any, ClassVar

from oauthlib import oauth1
from oauthlib.oauth1.rfc5849 import utils
from oauthlib.oauth1.rfc5849.endpoints import signature_only
from sqlalchemy import orm

from common import exceptions, wsgi
from identity.db.delegations import AccessToken
from identity.db.models import PROJECT
from identity.delegation import base
from identity.tokens import Scope

# At DEBUG it writes what it signs, tokens included.
logging.getLogger("oauthlib").setLevel(logging.WARNING)

#: Seconds by which the clock of a consumer may be wrong.
SKEW_S = 600


class AccessTokens(base.Kind):
    """The roles on one project that a user has authorized."""

    name: ClassVar[str] = "access_token"

    def look(self, session: orm.Session, delegation_id: str
             ) -> base.Allowance | None:
        row = session.get(AccessToken, delegation_id)
        if row is None or base.is_over(row.expires_at):
            return None
        return base.Allowance(
            row.user_id, Scope(PROJECT, row.project_id), row.user_id,
            frozenset(row.role_ids), all_or_none=True,
            not_after=row.expires_at, shown={"OS-OAUTH1": {
                "access_token_id": row.id,
                "consumer_id": row.consumer_id}})


@dataclasses.dataclass(frozen=True)
class Call:
    """A request: where it comes from, and what its signature covers."""

    method: str
    url: str
    header: str
    #: What the header says, without ``oauth_`` in the names.
    params: dict[str, str]
    #: The address of the sender; see ``guard.source_of``.
    source: str = ""

    @classmethod
    def read(cls, req: wsgi.Request, source: str = "") -> "Call":
        """Return what ``req`` says; without a header, or with a bad one,
        it names no consumer."""
        header = req.headers.get("Authorization", "")[:8192]
        try:
            found = dict(utils.parse_authorization_header(header))
        except ValueError:
            found = {}
        query = f"?{req.query_string}" if req.query_string else ""
        return cls(req.method, req.public_url(req.path) + query, header, {
            name.removeprefix("oauth_"): value
            for name, value in found.items()}, source)

    def verify(self, consumer_secret: str | None,
               token_secret: str | None) -> None:
        """Raise Unauthorized unless it is signed with these lately.

        :param consumer_secret: None for an unknown consumer, and
        :param token_secret: for an unknown token; then it takes as long
        """
        known = consumer_secret is not None and (
            token_secret is not None or "token" not in self.params)
        endpoint = signature_only.SignatureOnlyEndpoint(_Validator(
            consumer_secret or secrets.token_hex(16),
            token_secret or secrets.token_hex(16)))
        try:
            good, _ = endpoint.validate_request(
                self.url, self.method, None,
                {"Authorization": self.header})
        except ValueError:  # of what it cannot read
            good = False
        if not (good and known):
            raise exceptions.Unauthorized()

    @property
    def nonce_id(self) -> str:
        """What two signed requests have in common only if one is replayed."""
        text = "\0".join(self.params.get(name, "") for name in (
            "consumer_key", "token", "timestamp", "nonce"))
        return hashlib.sha256(text.encode()).hexdigest()


class _Validator(oauth1.RequestValidator):  # type: ignore[misc]
    """Answers what the library asks while it checks one request."""

    enforce_ssl = False  # TLS ends before us, or not; links say where
    timestamp_lifetime = SKEW_S
    allowed_signature_methods = (
        oauth1.SIGNATURE_HMAC_SHA1, oauth1.SIGNATURE_HMAC_SHA256,
        oauth1.SIGNATURE_HMAC_SHA512)
    dummy_client = "nobody"
    client_key_length = (1, 64)
    nonce_length = (1, 64)

    def __init__(self, consumer_secret: str, token_secret: str) -> None:
        super().__init__()
        self._consumer_secret = consumer_secret
        self._token_secret = token_secret

    def validate_timestamp_and_nonce(
            self, client_key: str, timestamp: str, nonce: str, request: Any,
            request_token: str | None = None,
            access_token: str | None = None) -> bool:
        # The library has looked at the time. Nonces are kept only of
        # requests whose signature is good: strangers fill no table.
        return True

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return self._consumer_secret

    def get_access_token_secret(self, client_key: str, token: str,
                                request: Any) -> str:
        return self._token_secret
