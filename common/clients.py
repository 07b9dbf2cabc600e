"""REST clients of the other services, as keystoneauth1 adapters."""

from typing import Any

from keystoneauth1 import adapter, plugin, service_token, session
from keystoneauth1 import exceptions as ksa
from keystoneauth1.identity import v3
from oslo_config import cfg

from common import db, exceptions, log

_TIMEOUT_S = 60
_TEXT_MAX = 1000

#: Catalog type of each service.
TYPES = {
    "identity": "identity", "image": "image", "network": "network",
    "compute": "compute", "volume": "block-storage",
    "object": "object-store", "placement": "placement",
}


class Clients:
    """Adapters that speak as the service user of ``group``.

    ``clients.network.get("/v2.0/ports")`` is a call as the service itself;
    ``clients.as_user(req, "network")`` one on the behalf of a request.
    Errors are those of keystoneauth1; ``translate`` makes them ours.
    """

    def __init__(self, conf: cfg.ConfigOpts, group: str) -> None:
        self._conf = conf
        own = conf[group]
        self._auth = v3.Password(
            auth_url=f"{conf.auth.url}/v3", username=own.username,
            password=own.password, user_domain_id="default",
            project_name="service", project_domain_id="default")
        self.session = _Session(
            auth=self._auth, timeout=_TIMEOUT_S,
            user_agent=f"pileus-{group}")

    def __getattr__(self, name: str) -> Any:
        if name not in TYPES:
            raise AttributeError(name)
        return self._adapter(name, self._auth)

    def as_user(self, req: Any, name: str) -> Any:
        """Return an adapter with the sender's token and our service token.

        :param req: the wsgi.Request on whose behalf calls are made
        """
        user = _GivenToken(req.auth_token, self._auth)
        auth = service_token.ServiceTokenAuthWrapper(
            user_auth=user, service_auth=self._auth)
        return self._adapter(name, auth)

    def _adapter(self, name: str, auth: Any) -> Any:
        request_id = log.request_id.get()
        return adapter.Adapter(
            self.session, auth=auth, service_type=TYPES[name],
            interface="internal", region_name=self._conf.region,
            connect_retries=2, global_request_id=(
                request_id if request_id.startswith("req-") else None))


class _Session(session.Session):
    """Sends nothing while a transaction is open, which would hold it open
    for as long as the other service likes."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        if db.in_transaction():
            raise RuntimeError("a request inside a database transaction")
        return super().request(*args, **kwargs)


class _GivenToken(plugin.BaseAuthPlugin):
    """A token that somebody gave us; the catalog is the service user's."""

    def __init__(self, token: str, catalog: Any) -> None:
        super().__init__()
        self._token = token
        self._catalog = catalog

    def get_token(self, session: Any, **kwargs: Any) -> str:
        return self._token

    def get_endpoint(self, session: Any, **kwargs: Any) -> Any:
        return self._catalog.get_endpoint(session, **kwargs)

    def get_endpoint_data(self, session: Any, **kwargs: Any) -> Any:
        return self._catalog.get_endpoint_data(session, **kwargs)


class OtherForbids(exceptions.Forbidden):
    message = "{reason}"


class OtherMisses(exceptions.NotFound):
    message = "{reason}"


class OtherConflicts(exceptions.Conflict):
    message = "{reason}"


_STATUSES = {
    400: exceptions.BadRequest, 401: exceptions.Unauthorized,
    403: OtherForbids, 404: OtherMisses, 409: OtherConflicts,
    413: exceptions.OverLimit,
}


def translate(error: ksa.ClientException) -> exceptions.ServiceError:
    """Return our error for one that another service answered with.

    What is the sender's fault keeps the other service's text; what cannot
    be becomes ServiceUnavailable, which is worth a retry.
    """
    made = _STATUSES.get(getattr(error, "http_status", None) or 0)
    if made is None:
        return exceptions.ServiceUnavailable()
    return made(reason=reason(error))


def reason(error: ksa.ClientException) -> str:
    """Return the readable part of another service's refusal."""
    text = _said(error) or str(error.message or error)
    return text.split(" (HTTP ")[0][:_TEXT_MAX]


def _said(error: ksa.ClientException) -> str | None:
    """Return what the body says, in any of the shapes of ``faults``."""
    try:
        body = error.response.json()  # type: ignore[attr-defined]
        (fault,) = body.values()
        if isinstance(fault, list):
            return str(fault[0]["detail"])
        return str(fault["message"])
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return None
