"""How each family of APIs says that a request failed.

A style is a function from an error to the body of the answer and its
content type; the shapes are those of OpenStack's API references.
"""

import html
import http
from collections.abc import Callable

from common import exceptions, jsontext

Style = Callable[[exceptions.ServiceError, str], tuple[bytes, str]]

_JSON = "application/json"

_COMPUTE_NAMES = {
    400: "badRequest", 401: "unauthorized", 403: "forbidden",
    404: "itemNotFound", 405: "badMethod", 409: "conflictingRequest",
    413: "overLimit", 415: "badMediaType", 429: "overLimit",
    501: "notImplemented", 503: "serviceUnavailable",
}


def title(status: int) -> str:
    """Return the standard phrase of a status code."""
    return http.HTTPStatus(status).phrase


def compute(error: exceptions.ServiceError,
            request_id: str) -> tuple[bytes, str]:
    """Compute and block storage: one member, named by the kind."""
    name = _COMPUTE_NAMES.get(error.status, "computeFault")
    fault: dict[str, object] = {"code": error.status, "message": str(error)}
    if isinstance(error, exceptions.RetryLater):
        fault["retryAfter"] = error.headers["Retry-After"]
    return jsontext.dumps({name: fault}), _JSON


def identity(error: exceptions.ServiceError,
             request_id: str) -> tuple[bytes, str]:
    return jsontext.dumps({"error": {
        "code": error.status, "message": str(error),
        "title": title(error.status)}}), _JSON


def network(error: exceptions.ServiceError,
            request_id: str) -> tuple[bytes, str]:
    """Network: the type is the class, or its ``type_name``."""
    name = getattr(error, "type_name", type(error).__name__)
    return jsontext.dumps({"NeutronError": {
        "type": name, "message": str(error), "detail": ""}}), _JSON


def image(error: exceptions.ServiceError,
          request_id: str) -> tuple[bytes, str]:
    """Image: a small page of HTML, as clients of it expect."""
    head = f"{error.status} {title(error.status)}"
    page = (f"<html>\n <head>\n  <title>{head}</title>\n </head>\n"
            f" <body>\n  <h1>{head}</h1>\n  {html.escape(str(error))}"
            f"<br /><br />\n\n\n </body>\n</html>")
    return page.encode(), "text/html; charset=UTF-8"


def placement(error: exceptions.ServiceError,
              request_id: str) -> tuple[bytes, str]:
    return jsontext.dumps({"errors": [{
        "status": error.status, "title": title(error.status),
        "detail": str(error), "request_id": request_id,
        "code": getattr(error, "code", "placement.undefined_code"),
    }]}), _JSON


def plain(error: exceptions.ServiceError,
          request_id: str) -> tuple[bytes, str]:
    """The metadata service: text."""
    return str(error).encode(), "text/plain; charset=UTF-8"


def objects(error: exceptions.ServiceError,
            request_id: str) -> tuple[bytes, str]:
    """Object storage: free in the API; this is what clients show users.

    The message comes first: some show the beginning only.
    """
    return jsontext.dumps({"error": {
        "message": str(error), "code": error.status,
        "title": title(error.status)}}), _JSON


COMPUTE = compute
IDENTITY = identity
NETWORK = network
IMAGE = image
PLACEMENT = placement
PLAIN = plain
OBJECTS = objects
