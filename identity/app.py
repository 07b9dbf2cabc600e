"""Assemble identity; the one file that knows all its parts."""

import datetime
from typing import Any

from oslo_config import cfg

from common import auth, daemon, db, exceptions, faults, loop, rpc, wsgi
from identity import api as resources
from identity import bootstrap, env, policies, views
from identity.api.auth import REVISIONS
from identity.authority import Authority
from identity.db import authority as queries
from identity.db import delegations, oauth  # its tables, too
from identity.exceptions import TokenNotFound

SCHEMA = db.Schema("identity", delegations.Base.metadata,
                   "identity:db/migrations")

_PRUNE_INTERVAL = 3600


def _database_url(options: cfg.ConfigOpts) -> str:
    url: str = options.identity.database
    return url


@daemon.forkable
def api(options: cfg.ConfigOpts, bus: rpc.Bus) -> daemon.Daemon:
    """Return the daemon ``identity-api``."""
    database = db.Database(_database_url(options))
    parts = env.make(options, database, bus)
    own = options.identity
    return daemon.Daemon(
        name="identity-api",
        apps=[daemon.Listen(make_app(options, parts), own.listen, own.port,
                            "identity")],
        loops=[Pruner(database)],
        starting=[parts.keys.ensure, parts.receipt_keys.ensure,
                  parts.vault.ensure],
        checks={"database": lambda: _check(database),
                "keys": parts.keys.box, "vault": parts.vault.check},
        stopping=[database.dispose])


def make_app(options: cfg.ConfigOpts, parts: env.Env) -> Any:
    """Return the WSGI application."""
    return wsgi.make_app(
        make_api(parts), options, Validator(parts.authority))


def make_api(parts: env.Env) -> wsgi.API:
    """Return the REST face."""
    return wsgi.API(
        name="identity", routes=resources.routes(parts),
        rules=policies.RULES, faults=faults.IDENTITY)


class Validator:
    """Tells the pipeline who holds a token.

    The other services ask over REST; we are the one who is asked.
    """

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def __call__(self, token: str, allow_expired: bool) -> dict[str, Any]:
        """Return the ``token`` object, or raise Unauthorized."""
        return self.begin({})(token, allow_expired)

    def begin(self, environ: dict[str, Any]) -> auth.Validator:
        """Return what decides on all tokens of one request alike."""
        at = environ[REVISIONS] = self._authority.revisions()

        def validate(token: str, allow_expired: bool) -> dict[str, Any]:
            try:
                grant = self._authority.validate(
                    token, allow_expired=allow_expired, at=at)
            except TokenNotFound:
                raise exceptions.Unauthorized() from None
            return views.token(grant)
        return validate


def _check(database: db.Database) -> None:
    queries.revisions(database)


class Pruner(loop.Loop):
    """Drops what has expired: revocations, and tokens of OAuth."""

    def __init__(self, database: db.Database) -> None:
        super().__init__(_PRUNE_INTERVAL)
        self._db = database

    def run_once(self) -> int:
        """Drop them all, and return how many there were."""
        now = datetime.datetime.now(datetime.UTC)
        with self._db.writer() as session:
            return queries.prune(session, now) + oauth.prune(session, now)


SERVICE = daemon.Service(
    name="identity",
    schemas=[(SCHEMA, _database_url)],
    catalog=[daemon.Endpoint("identity", "keystone", "/v3", "identity")],
    bootstrap=bootstrap.run,
    rules=policies.RULES,
)
