"""The resources by which somebody acts for a user."""

from typing import Any

from identity.api.access_tokens import AccessTokens
from identity.api.application_credentials import (
    AccessRules,
    ApplicationCredentials,
)
from identity.api.credentials import Credentials
from identity.api.ec2 import EC2Credentials, SignedRequests
from identity.api.oauth1 import Consumers, Exchange
from identity.api.trusts import Trusts
from identity.env import Env


def resources(env: Env) -> list[Any]:
    """Return what has their routes."""
    return [
        ApplicationCredentials(
            env.db, env.hasher, env.authority, env.announce),
        AccessRules(env.db),
        Credentials(env.db, env.vault, env.announce),
        EC2Credentials(env.db, env.vault, env.announce),
        Trusts(env.db, env.authority, env.announce),
        SignedRequests(env.db, env.vault, env.authority,
                       weak=env.weak_signatures),
        Consumers(env.db, env.vault, env.announce),
        Exchange(env.db, env.vault, env.authority),
        AccessTokens(env.db, env.authority, env.announce),
    ]
