"""Turn a table of routes into a WSGI application."""

import dataclasses
import functools
import logging
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import routes
import webob
import webob.exc
from oslo_config import cfg

from common import (
    concurrency,
    db,
    exceptions,
    faults,
    jsontext,
    policy,
    schema,
)
from common import microversions as mv
from common.context import RequestContext
from common.faults import Style as FaultStyle
from common.microversions import Microversions

LOG = logging.getLogger(__name__)

Handler = Callable[..., Any]
Route = tuple[str, str, Handler]
F = TypeVar("F", bound=Handler)

_MAX_SECONDS = 120
_ATTEMPTS = 5


class Response(webob.Response):
    """What a handler returns when a dict does not say it all."""


class Request(webob.BaseRequest):
    """A request that knows who sends it and what they may do.

    ``params_checked`` is the query string as its schema allows;
    ``api_version`` is (major, minor), or None where the API has no
    microversions.
    """

    ctx: RequestContext
    enforcer: policy.Enforcer
    body_parsed: Any = None
    body_schema: schema.Schema | None = None
    params_checked: dict[str, Any] = {}
    api_version: Any = None
    conf: Any = None

    @property
    def json(self) -> Any:
        """The body. Raises BadRequest at first use if it breaks its schema.

        So a handler that authorizes before it looks at the body refuses
        those who may not act, whatever they sent.
        """
        if self.body_schema is not None:
            schema.validate(self.body_parsed, self.body_schema)
            self.body_schema = None
        return self.body_parsed

    @property
    def auth_token(self) -> str | None:
        """The sender's token, for calls made on their behalf."""
        token: str | None = self.ctx.auth_token
        return token

    def authorize(
            self, rule: str, target: dict[str, Any] | None = None, *,
            hide: exceptions.ServiceError | None = None) -> None:
        """Raise Forbidden unless policy allows ``rule`` on ``target``.

        :param target: attributes of the thing acted on; the sender's own
            project where there is none yet
        :param hide: raised in place of Forbidden, by rules whose refusal
            would tell that a thing exists
        """
        self.environ["common.authorized"] = True
        if not self.allowed(rule, target):
            raise hide or exceptions.Forbidden(rule=rule)

    def allowed(self, rule: str,
                target: dict[str, Any] | None = None) -> bool:
        """Say whether policy allows ``rule`` on ``target``."""
        if target is None:
            target = {"project_id": self.ctx.project_id,
                      "user_id": self.ctx.user_id,
                      "domain_id": self.ctx.domain_id}
        target = {"caller_id": self.ctx.user_id} | target
        return self.enforcer.allows(rule, target, self.ctx)

    def public_url(self, path: str) -> str:
        """Return the address of ``path`` of this API, for links."""
        base = self.environ.get("common.public_url") or self.host_url
        return f"{base}{path}"


def _spec(action: Handler) -> "Spec":
    """Return what the handler declared."""
    found: Spec = action.spec  # type: ignore[attr-defined]
    return found


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a handler declares about itself."""

    body: schema.Schema | None
    query: schema.Schema | None
    status: int
    public: bool
    versions: tuple[str | None, str | None]
    stream: bool

    def serves(self, version: mv.Version | None) -> bool:
        """Say whether the handler is there at ``version``."""
        low, high = self.versions
        if version is None:
            return True
        return ((low is None or mv.parse(low) <= version)
                and (high is None or version <= mv.parse(high)))


def handler(
        *, body: schema.Schema | None = None,
        query: schema.Schema | None = None, status: int = 200,
        public: bool = False,
        versions: tuple[str | None, str | None] = (None, None),
        stream: bool = False) -> Callable[[F], F]:
    """Declare a route handler.

    :param body: schema of the JSON body; without it no body is read
    :param query: schema of the query string, a member for each name, of
        type ``string`` or ``array`` of those; without it all are let pass
    :param status: status of the answer when the handler returns no
        Response
    :param public: needs no token and no ``authorize``
    :param versions: first and last microversion that has it
    :param stream: takes as long as it takes; reads ``body_file`` itself
    """
    def declare(func: F) -> F:
        func.spec = Spec(  # type: ignore[attr-defined]
            body, query, status, public, versions, stream)
        return func
    return declare


def mounted(prefixes: Iterable[str], table: Iterable[Route]) -> list[Route]:
    """Return the routes of ``table`` below each of ``prefixes``."""
    table = list(table)
    return [(method, prefix + path, action)
            for prefix in prefixes for method, path, action in table]


@dataclasses.dataclass
class API:
    """One REST face of a service.

    :param opaque_paths: names in paths are the client's data, such as
        names of objects, and may hold anything but NUL
    """

    name: str
    routes: list[Route]
    rules: list[policy.Rule]
    faults: FaultStyle = faults.COMPUTE
    microversions: Microversions | None = None
    opaque_paths: bool = False

    def compile_schemas(self) -> None:
        """Compile what is else compiled at first use, for all to share."""
        for _, _, action in self.routes:
            spec = _spec(action)
            for each in (spec.body, spec.query):
                if each is not None:
                    schema.compiled(each)


class Router:
    """Dispatch to the handler of the route that matches."""

    def __init__(self, api: API, enforcer: policy.Enforcer,
                 conf: cfg.ConfigOpts | None = None) -> None:
        self.api = api
        self._enforcer = enforcer
        self._conf = conf
        self._max_body = conf.limits.body_bytes if conf else 1 << 20
        self._actions: dict[tuple[str, str], list[Handler]] = {}
        for method, path, action in api.routes:
            self._actions.setdefault((method, path), []).append(action)
        self._mappers: dict[str, routes.Mapper] = {}
        # What clients ask for again and again is sought but once.
        self._route = functools.lru_cache(512)(self._find_route)
        for method, path in self._actions:
            mapper = self._mappers.setdefault(
                method, routes.Mapper(explicit=True))
            mapper.connect(None, path, action=path)

    def __call__(self, environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
        req = Request(environ)
        try:
            response = self._respond(req)
        except exceptions.ServiceError as error:
            if error.status >= 500:
                LOG.warning("%s %s: %r", req.method, environ.get(
                    "PATH_INFO"), error)
            response = self._fault(req, error)
        except webob.exc.HTTPException as error:
            response = self._fault(req, _from_webob(error))
        except Exception:
            LOG.exception("%s %s failed", req.method,
                          environ.get("PATH_INFO"))
            response = self._fault(req, exceptions.ServiceError())
        if self.api.microversions and req.api_version:
            response.headers.update(
                self.api.microversions.answer_headers(req.api_version))
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    def _respond(self, req: Request) -> Any:
        found = self._match(req)
        ctx = req.environ.get("common.context")
        public = found is not None and any(
            _spec(action).public for action in found[0])
        if ctx is None and not public:
            raise req.environ.get(
                "common.auth_error") or exceptions.Unauthorized()
        if found is None:
            raise self._not_found(req)
        req.ctx = ctx or RequestContext()
        req.enforcer = self._enforcer
        req.conf = self._conf
        if self.api.microversions:
            req.api_version = self.api.microversions.choose(req.headers)
        actions, path = found
        action = next((a for a in actions
                       if _spec(a).serves(req.api_version)), None)
        if action is None:
            raise exceptions.NotFound()
        return self._call(action, req, path)

    def _match(self, req: Request
               ) -> tuple[list[Handler], dict[str, str]] | None:
        path = _clean_path(req, opaque=self.api.opaque_paths)
        method = req.method
        if method == "HEAD" and not self._route("HEAD", path):
            method = "GET"
        found = self._route(method, path)
        if found is None:
            return None
        template = found["action"]
        return self._actions[method, template], {
            name: text for name, text in found.items() if name != "action"}

    def _find_route(self, method: str, path: str) -> dict[str, str] | None:
        mapper = self._mappers.get(method)
        if mapper is None:
            return None
        found: dict[str, str] | None = mapper.match(path)
        if found is None and path.endswith("/") and path != "/":
            found = mapper.match(path.rstrip("/") or "/")
        return found

    def _not_found(self, req: Request) -> exceptions.ServiceError:
        path = _clean_path(req, opaque=True)
        allowed = [method for method in sorted(self._mappers)
                   if self._route(method, path)]
        if allowed:
            return exceptions.MethodNotAllowed(
                method=req.method, allowed=", ".join(allowed))
        return exceptions.NotFound()

    def _call(self, action: Handler, req: Request,
              path: dict[str, str]) -> Any:
        spec = _spec(action)
        if spec.body is not None:
            with concurrency.Timeout(
                    _MAX_SECONDS, exceptions.RequestTimeout()):
                req.body_parsed = self._read_json(req)
            req.body_schema = spec.body
        if spec.query is not None:
            req.params_checked = _check_query(req, spec.query)
        if spec.stream:
            result = action(req, **path)
        else:
            with concurrency.Timeout(
                    _MAX_SECONDS, exceptions.ServiceUnavailable()):
                result = _retried(action, req, path)
        if "common.authorized" not in req.environ and not spec.public:
            raise AssertionError(f"{action.__qualname__} never authorizes")
        return _response(result, spec.status)

    def _read_json(self, req: Request) -> object:
        if req.content_length is not None and (
                req.content_length > self._max_body):
            raise exceptions.OverLimit(
                reason=f"The body is larger than {self._max_body} bytes.")
        text = req.body_file.read(self._max_body + 1)
        if len(text) > self._max_body:
            raise exceptions.OverLimit(
                reason=f"The body is larger than {self._max_body} bytes.")
        try:
            return jsontext.loads(text)
        except ValueError as error:
            raise exceptions.BadRequest(
                reason=f"body: not JSON: {error}") from None

    def _fault(self, req: Request,
               error: exceptions.ServiceError) -> Response:
        request_id = req.environ.get("common.request_id", "-")
        body, content_type = self.api.faults(error, request_id)
        response = Response(status=error.status, body=body)
        response.headers["Content-Type"] = content_type
        response.headers.update(error.headers)
        if error.status == 401:
            uri = self._conf.auth.url if self._conf else ""
            response.headers["WWW-Authenticate"] = f'Keystone uri="{uri}"'
        return response


def make_app(api: API, conf: cfg.ConfigOpts,
             validator: Callable[..., Any] | None = None) -> Any:
    """Return the API behind the Paste pipeline; its ``api`` is the API.

    :param validator: turns a token into what identity says of it (see
        ``auth.Validator``); by default identity is asked over REST
    """
    from common import middleware
    router = Router(api, policy.enforcer(conf, api.rules), conf)
    app = middleware.pipeline(router, conf, api.name, validator)
    app.api = api  # type: ignore[attr-defined]
    return app


def _retried(action: Handler, req: Request, path: dict[str, str]) -> Any:
    """Call the handler again when its first transaction lost a race."""
    for attempt in range(_ATTEMPTS):
        with db.track_commits() as commits:
            try:
                return action(req, **path)
            except db.Retryable:
                if commits.count or attempt + 1 == _ATTEMPTS:
                    raise
        concurrency.sleep(0.02 * 2 ** attempt)
    raise AssertionError("not reached")


def _clean_path(req: Request, *, opaque: bool) -> str:
    """Return the decoded path, refusing the ambiguous ones."""
    path: str = req.environ["PATH_INFO"]
    try:
        if not path.isascii():
            path = req.path_info
    except UnicodeDecodeError:
        raise exceptions.BadRequest(reason="path: not UTF-8") from None
    if "\0" in path:
        raise exceptions.BadRequest(reason="path: holds a NUL")
    if not opaque and ("\\" in path or "/../" in path + "/"
                       or "/./" in path + "/"):
        raise exceptions.BadRequest(
            reason="path: holds a backslash or a dot segment")
    return path or "/"


def _check_query(req: Request, rules: schema.Schema) -> dict[str, Any]:
    try:
        pairs = urllib.parse.parse_qsl(
            req.query_string, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise exceptions.BadRequest(reason="query: not UTF-8") from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        rule = rules.get("properties", {}).get(name, {})
        if rule.get("type") == "array":
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    schema.validate(found, rules, "query")
    return found


def _response(result: Any, status: int) -> Any:
    if isinstance(result, webob.Response):
        return result
    if result is None:
        response = Response(status=status)
        response.headers.pop("Content-Type", None)
        return response
    response = Response(status=status, body=jsontext.dumps(result))
    response.headers["Content-Type"] = "application/json"
    return response


def _from_webob(error: webob.exc.HTTPException) -> exceptions.ServiceError:
    if error.status_int == 400:
        return exceptions.BadRequest(reason=str(error.detail))
    if error.status_int == 404:
        return exceptions.NotFound()
    return exceptions.ServiceError()
