"""Tokens at the door of every API.

Identity is asked once for each token; what it says is believed for at most
a minute, and forgotten at once when a revocation comes over the bus.
"""

import datetime
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import cachetools
from oslo_config import cfg

from common import (
    access,
    concurrency,
    context,
    exceptions,
    middleware,
    rpc,
)

#: Turns a token into the ``token`` object of identity's answer. Raises
#: Unauthorized for a token that is not valid. The second argument accepts
#: tokens that have expired.
Validator = Callable[[str, bool], dict[str, Any]]

_MAX_TOKEN_CHARS = 4096


class RevocationAPI(rpc.Interface):
    """Tells every process that holds validated tokens what has ended."""

    topic = "identity.revocations"

    @rpc.fanout
    def revoked(self, ctx: context.RequestContext, *,
                event: dict[str, Any]) -> None:
        """Forget the tokens that match all members of ``event``.

        Members: audit_id, audit_chain_id, user_id, project_id, domain_id,
        issued_before (ISO 8601).
        """


class TokenCache(RevocationAPI):
    """What identity said of the tokens seen last, by digest of the token."""

    def __init__(self, size: int, seconds: float) -> None:
        self._known: cachetools.TTLCache[bytes, dict[str, Any]] = (
            cachetools.TTLCache(max(size, 1), seconds))
        self._asking: dict[bytes, concurrency.Event] = {}
        #: Counts revocations, so that an answer given before one of them
        #: is not kept after it.
        self._epoch = 0

    def get(self, token: str, ask: Callable[[], dict[str, Any]]
            ) -> dict[str, Any]:
        """Return what is known of ``token``, asking at most once."""
        key = hashlib.sha256(token.encode()).digest()
        found = self._known.get(key)
        while found is None and key in self._asking:
            self._asking[key].wait()
            found = self._known.get(key)
            if found is None and key not in self._asking:
                break
        if found is None:
            found = self._ask(key, ask)
        return found

    def _ask(self, key: bytes, ask: Callable[[], dict[str, Any]]
             ) -> dict[str, Any]:
        done = self._asking[key] = concurrency.Event()
        epoch = self._epoch
        try:
            found = ask()
            if epoch == self._epoch:
                self._known[key] = found
            return found
        finally:
            del self._asking[key]
            done.send()

    def revoked(self, ctx: context.RequestContext, *,
                event: dict[str, Any]) -> None:
        self._epoch += 1
        for key, token in list(self._known.items()):
            if _matches(token, event):
                self._known.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._epoch += 1
        self._known.clear()


def _matches(token: dict[str, Any], event: dict[str, Any]) -> bool:
    audit_ids = token.get("audit_ids") or [None]
    facts = {
        "audit_id": audit_ids[0],
        "audit_chain_id": audit_ids[-1],
        "user_id": token["user"]["id"],
        "project_id": token.get("project", {}).get("id"),
        "domain_id": token.get("domain", {}).get("id"),
    }
    for name, value in event.items():
        if name == "user_id" and "OS-TRUST:trust" in token:
            continue  # it depends on more users than it shows
        if name == "issued_before":
            if token.get("issued_at", "") > value:
                return False
        elif value is not None and name in facts and facts[name] != value:
            return False
    return True


_CACHES: dict[str, TokenCache] = {}


def cache_for(conf: cfg.ConfigOpts) -> TokenCache:
    """Return this process's cache of the tokens of ``conf.auth.url``."""
    if conf.auth.url not in _CACHES:
        _CACHES[conf.auth.url] = TokenCache(
            conf.auth.cache_size, conf.auth.cache_seconds)
    return _CACHES[conf.auth.url]


def filter_factory(global_conf: dict[str, str], **local: str
                   ) -> middleware.Filter:
    """Paste factory of the filter that says who sends a request.

    It sets ``common.context``, or ``common.auth_error`` with the reason
    why there is none; the router decides whether that matters.
    """
    made = middleware.runtime(global_conf)
    validator = made.validator or RemoteValidator(made.conf, made.name)
    # Identity itself is asked each time: what it ends is over at once.
    begin = getattr(validator, "begin", None)
    cache = None if begin else cache_for(made.conf)

    def wrap(app: middleware.App) -> middleware.App:
        def call(environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
            _strip_identity(environ)
            token = environ.get("HTTP_X_AUTH_TOKEN")
            if token:
                try:
                    ask = begin(environ) if begin else validator
                    environ["common.context"] = _context(
                        environ, token, cache, ask, made.name)
                except exceptions.ServiceError as error:
                    environ["common.auth_error"] = error
            return app(environ, start_response)
        return call
    return wrap


_IDENTITY_HEADERS = (
    "HTTP_X_USER", "HTTP_X_PROJECT", "HTTP_X_TENANT", "HTTP_X_ROLE",
    "HTTP_X_DOMAIN", "HTTP_X_IDENTITY", "HTTP_X_SYSTEM",
    "HTTP_X_SERVICE_USER", "HTTP_X_SERVICE_PROJECT", "HTTP_X_SERVICE_ROLE",
    "HTTP_X_SERVICE_IDENTITY", "HTTP_OPENSTACK_SYSTEM_SCOPE")


def _strip_identity(environ: dict[str, Any]) -> None:
    for name in [n for n in environ if n.startswith(_IDENTITY_HEADERS)]:
        del environ[name]


def _context(environ: dict[str, Any], token: str, cache: TokenCache | None,
             validator: Validator, api: str) -> context.RequestContext:
    service_roles: list[str] = []
    service = environ.get("HTTP_X_SERVICE_TOKEN")
    if service:
        service_roles = _roles(_validated(
            service, cache, validator, allow_expired=False))
    found = _validated(
        token, cache, validator, allow_expired="service" in service_roles)
    if "service" not in service_roles:
        # A service does the rest of what was asked, and allowed, there.
        _obey_access_rules(environ, found, api)
    return make_context(
        found, token, service_roles=service_roles,
        request_id=environ.get("common.global_request_id")
        or environ.get("common.request_id"))


def _obey_access_rules(environ: dict[str, Any], token: dict[str, Any],
                       api: str) -> None:
    """Raise Unauthorized unless the token is good for this request."""
    rules = token.get("application_credential", {}).get("access_rules")
    if rules is None:
        return
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    # WSGI hands the bytes of the path on as Latin-1.
    path = path.encode("latin-1").decode("utf-8", "replace")
    if not access.allow(rules, api, environ["REQUEST_METHOD"], path):
        raise exceptions.Unauthorized()


def _validated(token: str, cache: TokenCache | None, validator: Validator,
               *, allow_expired: bool) -> dict[str, Any]:
    if len(token) > _MAX_TOKEN_CHARS or not token.isascii():
        raise exceptions.Unauthorized()
    if cache is None:
        found = validator(token, allow_expired)
    else:
        found = cache.get(token, lambda: validator(token, allow_expired))
    if not allow_expired and _expired(found):
        raise exceptions.Unauthorized()
    return found


def _expired(token: dict[str, Any]) -> bool:
    expires = datetime.datetime.fromisoformat(token["expires_at"])
    return expires <= datetime.datetime.now(datetime.timezone.utc)


def _roles(token: dict[str, Any]) -> list[str]:
    return [role["name"] for role in token.get("roles", [])]


def make_context(token: dict[str, Any], text: str | None,
                 **values: Any) -> context.RequestContext:
    """Return the context that identity's ``token`` object stands for."""
    user = token["user"]
    project = token.get("project", {})
    domain = token.get("domain", {})
    return context.RequestContext(
        auth_token=text,
        user_id=user["id"], user_name=user.get("name"),
        user_domain_id=user.get("domain", {}).get("id"),
        project_id=project.get("id"), project_name=project.get("name"),
        project_domain_id=project.get("domain", {}).get("id"),
        domain_id=domain.get("id"), domain_name=domain.get("name"),
        system_scope="all" if token.get("system", {}).get("all") else None,
        roles=_roles(token), expires_at=token.get("expires_at"),
        audit_ids=tuple(token.get("audit_ids", ())),
        delegation=_delegation(token), **values)


def _delegation(token: dict[str, Any]) -> context.Delegation | None:
    if "ec2credential" in token.get("methods", ()):
        return context.Delegation("ec2", "")
    if "OS-TRUST:trust" in token:
        return context.Delegation("trust", token["OS-TRUST:trust"]["id"])
    if "application_credential" in token:
        found = token["application_credential"]
        return context.Delegation(
            "application_credential", found["id"],
            not found.get("restricted", True))
    if "OS-OAUTH1" in token:
        return context.Delegation(
            "access_token", token["OS-OAUTH1"]["access_token_id"])
    return None


class RemoteValidator:
    """Asks identity over REST, as the service's own user."""

    def __init__(self, conf: cfg.ConfigOpts, group: str) -> None:
        self._conf = conf
        self._group = group
        self._clients: Any = None

    def __call__(self, token: str, allow_expired: bool) -> dict[str, Any]:
        # keystoneauth1 takes a fifth of a second to import: not at start.
        from keystoneauth1 import exceptions as ksa

        from common import clients
        if self._clients is None:
            self._clients = clients.Clients(self._conf, self._group)
        query = "?nocatalog" + ("&allow_expired=1" if allow_expired else "")
        try:
            answer = self._clients.session.get(
                f"{self._conf.auth.url}/v3/auth/tokens{query}",
                headers={"X-Subject-Token": token,
                         access.HEADER: access.VERSION},
                authenticated=True)
        except ksa.NotFound:
            raise exceptions.Unauthorized() from None
        except ksa.ClientException as error:
            raise exceptions.ServiceUnavailable() from error
        found: dict[str, Any] = answer.json()["token"]
        return found
