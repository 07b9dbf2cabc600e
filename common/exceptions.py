"""Errors that may cross a service boundary, and the HTTP status of each."""

from typing import ClassVar

#: Every class by its qualified name, so that an error raised behind RPC
#: comes out as the same class.
REGISTRY: dict[str, type["ServiceError"]] = {}


class ServiceError(Exception):
    """Base class: give ``message`` as a format string and ``status``.

    The text reaches users, so it holds no internals; ``fields`` are JSON
    values, so that the error can travel over the bus.
    """

    status: ClassVar[int] = 500
    message: ClassVar[str] = (
        "The service failed. Try again; if it fails again, give the "
        "operator the request id.")

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(self.message.format(**fields))

    def __init_subclass__(cls) -> None:
        REGISTRY[qualified_name(cls)] = cls

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that go with the answer."""
        return {}


def qualified_name(cls: type) -> str:
    """Return the name under which an error class travels."""
    return f"{cls.__module__}.{cls.__qualname__}"


class BadRequest(ServiceError):
    status = 400
    message = "{reason}"


class Unauthorized(ServiceError):
    status = 401
    message = "The request you have made requires authentication."


class Forbidden(ServiceError):
    status = 403
    message = "Policy does not allow {rule} to be performed."


class NotFound(ServiceError):
    status = 404
    message = "The resource could not be found."


class MethodNotAllowed(ServiceError):
    status = 405
    message = "{method} is not allowed here; allowed: {allowed}."

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": str(self.fields["allowed"])}


class NotAcceptable(ServiceError):
    status = 406
    message = "{reason}"


class RequestTimeout(ServiceError):
    status = 408
    message = "The body of the request did not come in time."


class Conflict(ServiceError):
    status = 409
    message = "The request conflicts with the state of the resource."


class LengthRequired(ServiceError):
    status = 411
    message = "A Content-Length header is required."


class PreconditionFailed(ServiceError):
    status = 412
    message = "A condition of the request is not met."


class OverLimit(ServiceError):
    status = 413
    message = "{reason}"


class UnsupportedMediaType(ServiceError):
    status = 415
    message = "Content-Type {content_type} is not one of: {allowed}."


class RetryLater(ServiceError):
    """Base of refusals that tell when to come back."""

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.fields.get("retry_after", 1))}


class TooManyRequests(RetryLater):
    status = 429
    message = "Too many requests; try again in {retry_after} s."


class ServiceUnavailable(RetryLater):
    status = 503
    message = "The service is busy or a part of it is away; try again."


class RPCTimeout(ServiceError):
    status = 504
    message = "No reply to {topic}.{method} in {timeout} s."


class RemoteError(ServiceError):
    """An error of a class that is not known on this side."""

    message = "{type}: {text}"
