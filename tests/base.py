"""What the tests share."""

import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import webob

from common import db, jsontext
from common.context import RequestContext


def make_ctx(project: str | None = "p1",
             roles: Iterable[str] = ("member", "reader"), user: str = "u1",
             system: bool = False, domain: str | None = None,
             service: bool = False) -> RequestContext:
    """Return the context that a validated token would have given."""
    roles = list(roles)
    return RequestContext(
        user_id=user, project_id=project, roles=roles, domain_id=domain,
        system_scope="all" if system else None, user_domain_id="default",
        project_domain_id="default", auth_token="token-" + user,
        service_roles=["service"] if service else [])


_NEWEST: dict[str, bytes] = {}


def upgrade(schema: db.Schema, url: str) -> None:
    """Make a database at the newest schema.

    Migrations run once: what they made in a file is copied to the next.
    """
    name = url.removeprefix("sqlite:///")
    if name == url or pathlib.Path(name).exists():
        db.upgrade(schema, url)
    elif schema.name in _NEWEST:
        pathlib.Path(name).write_bytes(_NEWEST[schema.name])
    else:
        db.upgrade(schema, url)
        _NEWEST[schema.name] = pathlib.Path(name).read_bytes()


def call(router: Any, method: str, path: str, body: Any = None, *,
         ctx: RequestContext | None = None,
         headers: Mapping[str, str] | None = None) -> webob.Response:
    """Send a request to a bare router, as ``ctx`` (by default a member).

    ``body`` is sent as JSON, or as it is when it is bytes.
    """
    req = webob.Request.blank(path, method=method, headers=headers or {})
    if isinstance(body, bytes):
        req.body = body
    elif body is not None:
        req.body = jsontext.dumps(body)
        req.headers.setdefault("Content-Type", "application/json")
    if body is not None and "Content-Type" in (headers or {}):
        req.headers["Content-Type"] = headers["Content-Type"]
    req.environ["common.context"] = ctx or make_ctx()
    return req.get_response(router)


def load(response: webob.Response) -> Any:
    """Return the JSON of an answer, or fail with what it holds."""
    try:
        return json.loads(response.body)
    except ValueError:
        raise AssertionError(response.body) from None
