"""REST clients of the other services, as keystoneauth1 adapters."""

import functools
from typing import Any

from keystoneauth1 import adapter, plugin, service_token, session
from keystoneauth1 import exceptions as ksa
from keystoneauth1.identity import v3
from oslo_config import cfg

from common import exceptions, log

_TIMEOUT_S = 60

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
        self.session = session.Session(
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


_STATUSES = {
    400: exceptions.BadRequest, 404: exceptions.NotFound,
    403: exceptions.Forbidden, 409: exceptions.Conflict,
    413: exceptions.OverLimit, 401: exceptions.Unauthorized,
}


def translate(error: ksa.ClientException) -> exceptions.ServiceError:
    """Return our error for one that another service answered with.

    What cannot be the sender's fault becomes ServiceUnavailable, which is
    worth a retry.
    """
    status = getattr(error, "http_status", None)
    made = _STATUSES.get(status or 0)
    if made is None:
        return exceptions.ServiceUnavailable()
    return made(reason=reason(error), rule="the request")


def reason(error: ksa.ClientException) -> str:
    """Return the readable part of another service's refusal."""
    return _readable(str(error.message or error))


@functools.lru_cache(maxsize=128)
def _readable(text: str) -> str:
    return text.split(" (HTTP ")[0][:1000]
