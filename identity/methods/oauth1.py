"""Consumers that a user has authorized by OAuth 1.0a."""

import datetime
from typing import Any, ClassVar

from common import db, exceptions, schema
from identity.db import oauth as rows
from identity.db.delegations import AccessToken, Consumer
from identity.delegation import oauth
from identity.methods import base
from identity.tokens import Delegation


class OAuth1(base.Method):
    """The method ``oauth1``: the request is signed with an access token."""

    claim_schema: ClassVar[schema.Schema] = schema.closed({})

    def authenticate(self, claim: dict[str, Any],
                     call: oauth.Call) -> base.Proof:
        with self.means.db.reader() as session:
            row = session.get(AccessToken, call.params.get("token", ""))
            consumer = session.get(
                Consumer, call.params.get("consumer_key", ""))
        if consumer is None or (
                row is not None and row.consumer_id != consumer.id):
            row = None
        vault = self.means.vault
        call.verify(vault.secret_of(consumer), vault.secret_of(row))
        if row is None:
            raise exceptions.Unauthorized()
        with self.means.db.writer() as session:
            rows.remember(session, call.nonce_id, db.utcnow()
                          + datetime.timedelta(seconds=2 * oauth.SKEW_S))
        return base.Proof(
            row.user_id, ("oauth1",),
            delegation=Delegation(oauth.AccessTokens.name, row.id))
