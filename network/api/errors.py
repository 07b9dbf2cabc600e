"""Errors under the names that clients of Neutron know."""

from common import exceptions, faults

#: Errors of the common library; those of our own are named as classes.
_NAMES = {
    exceptions.BadRequest: "HTTPBadRequest",
    exceptions.NotFound: "HTTPNotFound",
    exceptions.Forbidden: "PolicyNotAuthorized",
    exceptions.Conflict: "HTTPConflict",
    exceptions.Unauthorized: "HTTPUnauthorized",
}


def style(error: exceptions.ServiceError,
          request_id: str) -> tuple[bytes, str]:
    """Return body and content type of the answer."""
    name = _NAMES.get(type(error))
    if name:
        error.type_name = name  # type: ignore[attr-defined]
    return faults.NETWORK(error, request_id)
