"""What the handlers work with."""

import dataclasses

from oslo_config import cfg

from common import db, rpc
from identity import compliance, limits, passwords, tokens
from identity.authority import Authority
from identity.db import authority as queries
from identity.delegation.application_credential import (
    ApplicationCredentials,
)
from identity.delegation.base import Kind
from identity.delegation.ec2 import EC2Keys
from identity.delegation.oauth import AccessTokens
from identity.delegation.trust import Trusts
from identity.delegation.vault import Vault
from identity.guard import Guard, by_source
from identity.login import Login, load_methods
from identity.methods.base import Means
from identity.methods.password import Password
from identity.receipts import Receipts
from identity.revocation import Announcer

#: The kinds of delegation there are.
DELEGATIONS: tuple[Kind, ...] = (
    ApplicationCredentials(), EC2Keys(), Trusts(), AccessTokens())


@dataclasses.dataclass(frozen=True)
class Env:
    """The parts of identity, put together."""

    db: db.Database
    keys: tokens.KeyRepository
    receipt_keys: tokens.KeyRepository
    vault: Vault
    authority: Authority
    login: Login
    hasher: passwords.Hasher
    #: Verifies passwords for others than logins.
    checker: Password
    announce: Announcer
    rules: compliance.Rules
    max_project_depth: int
    #: Signatures with EC2 keys of versions 0 and 1 are good, too.
    weak_signatures: bool
    limit_model: limits.Model


def make(conf: cfg.ConfigOpts, database: db.Database,
         bus: rpc.Bus | None) -> Env:
    """Return the parts as the options say."""
    queries.watch(database)
    own = conf.identity
    limit_model = limits.MODELS[own.limit_model]
    keys = tokens.KeyRepository(own.key_repository)
    receipt_keys = tokens.KeyRepository(own.receipt_key_repository)
    vault = make_vault(conf)
    codec = tokens.Codec(keys)
    authority = Authority(
        database, codec, token_s=own.token_seconds,
        grace_s=own.expired_token_seconds,
        kinds={kind.name: kind for kind in DELEGATIONS})
    hasher = make_hasher(conf)
    rules = compliance.from_conf(conf)
    guard = Guard(database, rules, by_source(own.wrong_logins_per_minute))
    means = Means(
        database, hasher,
        passwords.Remembered(own.password_memory_seconds), authority, guard,
        vault, own.totp_previous_windows)
    return Env(
        database, keys, receipt_keys, vault, authority,
        Login(load_methods(means), authority,
              Receipts(receipt_keys, own.receipt_seconds), guard),
        hasher, Password(means), Announcer(conf, bus), rules,
        min(own.max_project_depth,
            limit_model.levels or own.max_project_depth),
        own.weak_ec2_signatures, limit_model)


def make_vault(conf: cfg.ConfigOpts) -> Vault:
    """Return what seals the secrets that are stored."""
    return Vault(tokens.KeyRepository(
        conf.identity.credential_key_repository))


def make_hasher(conf: cfg.ConfigOpts) -> passwords.Hasher:
    """Return what hashes passwords."""
    own = conf.identity
    return passwords.Hasher(
        own.password_rounds, own.password_threads, own.password_queue)
