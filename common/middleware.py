"""What stands in front of every API: the filters of the Paste pipeline."""

import dataclasses
import functools
import itertools
import logging
import pathlib
import re
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import prometheus_client
from oslo_config import cfg
from paste.deploy import loadwsgi

from common import exceptions, jsontext, log

LOG = logging.getLogger("access")

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Filter = Callable[[App], App]

_PASTE = pathlib.Path(__file__).parent.parent / "etc/pileus/api-paste.ini"
_REQUEST_ID = re.compile(
    r"^req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")

SECONDS = prometheus_client.Histogram(
    "pileus_http_seconds", "Time to answer a request",
    ["api", "method", "status"])


@dataclasses.dataclass
class Runtime:
    """What the filters of one pipeline work with.

    Paste hands strings only to its factories, so they get the key of an
    entry in ``_RUNTIMES``.
    """

    app: App
    conf: cfg.ConfigOpts
    name: str
    validator: Callable[..., Any] | None


_RUNTIMES: dict[str, Runtime] = {}
_KEYS = itertools.count()

#: Readiness checks of the daemons in this process, by name; a check raises
#: to say that it is not ready, and why.
CHECKS: dict[str, Callable[[], object]] = {}


def pipeline(app: App, conf: cfg.ConfigOpts, name: str,
             validator: Callable[..., Any] | None = None) -> App:
    """Return ``app`` behind the filters of the Paste file."""
    key = str(next(_KEYS))
    _RUNTIMES[key] = Runtime(app, conf, name, validator)
    try:
        uri = f"config:{conf.paste or _PASTE}"
        loader = loadwsgi.ConfigLoader(uri.removeprefix("config:"))
        section = name if f"pipeline:{name}" in (
            loader.parser.sections()) else "main"
        made: App = loadwsgi.loadapp(
            uri, name=section, global_conf={"runtime": key})
        return made
    finally:
        del _RUNTIMES[key]


def runtime(global_conf: dict[str, str]) -> Runtime:
    """Return what belongs to the pipeline being made."""
    return _RUNTIMES[global_conf["runtime"]]


def api(global_conf: dict[str, str], **local: str) -> App:
    """Paste factory of the API itself."""
    return runtime(global_conf).app


def healthcheck(global_conf: dict[str, str], **local: str) -> Filter:
    """Answer /healthcheck (live and ready, with reasons) and /metrics.

    ``/healthcheck?live`` only says that the process turns.
    """
    def wrap(app: App) -> App:
        def call(environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = environ.get("PATH_INFO")
            if path == "/healthcheck":
                return _health(environ, start_response)
            if path == "/metrics":
                start_response("200 OK", [
                    ("Content-Type", prometheus_client.CONTENT_TYPE_LATEST)])
                return [prometheus_client.generate_latest()]
            return app(environ, start_response)
        return call
    return wrap


def _health(environ: dict[str, Any],
            start_response: Callable[..., Any]) -> Iterable[bytes]:
    reasons = {}
    if environ.get("QUERY_STRING") != "live":
        reasons = unready()
    status = "503 Service Unavailable" if reasons else "200 OK"
    start_response(status, [("Content-Type", "application/json")])
    return [jsontext.dumps({"ready": not reasons, "reasons": reasons})]


def unready() -> dict[str, str]:
    """Return why this process is not ready: check to reason."""
    reasons = {}
    for name, check in list(CHECKS.items()):
        try:
            check()
        except exceptions.ServiceError as error:
            reasons[name] = str(error)
        except Exception as error:
            LOG.debug("Check %s failed", name, exc_info=True)
            reasons[name] = type(error).__name__
    return reasons


def request_id(global_conf: dict[str, str], **local: str) -> Filter:
    """Give each request an id, or keep the one it came with."""
    def wrap(app: App) -> App:
        def call(environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
            given = environ.get("HTTP_X_OPENSTACK_REQUEST_ID", "")
            own = f"req-{uuid.uuid4()}"
            environ["common.request_id"] = own
            if _REQUEST_ID.match(given):
                environ["common.global_request_id"] = given
            log.request_id.set(
                environ.get("common.global_request_id", own))

            def start(status: str, headers: list[tuple[str, str]],
                      *rest: Any) -> Any:
                headers.append(("x-openstack-request-id", own))
                headers.append(("X-Content-Type-Options", "nosniff"))
                return start_response(status, headers, *rest)
            return app(environ, start)
        return call
    return wrap


def access_log(global_conf: dict[str, str], **local: str) -> Filter:
    """Log a line per request, without its query; count and time it."""
    name = runtime(global_conf).name

    def wrap(app: App) -> App:
        def call(environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
            began = time.monotonic()

            def start(status: str, headers: list[tuple[str, str]],
                      *rest: Any) -> Any:
                took = time.monotonic() - began
                method = environ["REQUEST_METHOD"]
                if method not in _METHODS:
                    method = "other"
                _seconds(name, method, status[:3]).observe(took)
                LOG.info(
                    "%s %s %s %s %.0f ms", name, method,
                    _printable(environ.get("PATH_INFO", "")), status[:3],
                    took * 1000)
                return start_response(status, headers, *rest)
            return app(environ, start)
        return call
    return wrap


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "COPY",
            "OPTIONS"}


@functools.cache
def _seconds(api: str, method: str, status: str) -> Any:
    return SECONDS.labels(api, method, status)


def _printable(path: str) -> str:
    return path[:512].encode("unicode_escape").decode("ascii")


def cors(global_conf: dict[str, str], **local: str) -> Filter:
    """Let pages of the configured origins call the API."""
    origins = set(runtime(global_conf).conf.cors.allowed_origins)

    def wrap(app: App) -> App:
        if not origins:
            return app

        def call(environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
            origin: str = environ.get("HTTP_ORIGIN", "")
            if origin not in origins:
                return app(environ, start_response)

            def start(status: str, headers: list[tuple[str, str]],
                      *rest: Any) -> Any:
                return start_response(
                    status, headers + _cors_headers(origin), *rest)
            if (environ["REQUEST_METHOD"] == "OPTIONS"
                    and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ):
                start("204 No Content", [])
                return []
            return app(environ, start)
        return call
    return wrap


def _cors_headers(origin: str) -> list[tuple[str, str]]:
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Vary", "Origin"),
        ("Access-Control-Allow-Methods",
         "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("Access-Control-Allow-Headers",
         "Content-Type, X-Auth-Token, X-Subject-Token, "
         "OpenStack-API-Version"),
        ("Access-Control-Expose-Headers",
         "X-Subject-Token, X-OpenStack-Request-Id"),
        ("Access-Control-Max-Age", "3600"),
    ]
