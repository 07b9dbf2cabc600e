"""Errors of the object store."""

from common import exceptions


class AccountForbidden(exceptions.Forbidden):
    message = "Access to this account was denied."


class NoContainer(exceptions.NotFound):
    message = "There is no container {container}."


class NoObject(exceptions.NotFound):
    message = "There is no object {name} in the container {container}."


class NotEmpty(exceptions.Conflict):
    message = "The container is not empty: delete its objects first."


class WrongETag(exceptions.ServiceError):
    status = 422
    message = "The data have MD5 {got}, not {wanted} as the ETag says."


class ClientGone(exceptions.ServiceError):
    """The body ended early; few senders live to read this."""

    status = 400
    message = "The body ended after {got} bytes; {wanted} were announced."


class TooLarge(exceptions.OverLimit):
    message = "An object has at most {limit} bytes."


class TooManySegments(exceptions.OverLimit):
    message = "A manifest names at most {limit} segments."


class TooManyManifests(exceptions.BadRequest):
    message = "The manifest leads to too many other manifests."


class BadSegments(exceptions.BadRequest):
    message = "Errors:\n{problems}"


class NamesItself(exceptions.Conflict):
    message = "The manifest {name} cannot name itself."


class SegmentChanged(exceptions.Conflict):
    message = ("The segment {name} is gone, or not what it was when the "
               "large object was made.")


class BadRange(exceptions.ServiceError):
    status = 416
    message = "The range is outside of the object's {size} bytes."

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self.fields['size']}"}


class NoQuorum(exceptions.ServiceUnavailable):
    message = "Too few storage nodes answer; try again."


class NodesFull(exceptions.ServiceError):
    status = 507
    message = "There is no room left to store the object."


class Damaged(exceptions.ServiceUnavailable):
    message = "No undamaged copy of the object can be read now."
