"""Errors of compute and placement, with the HTTP status of each."""

from common import exceptions


class ServerNotFound(exceptions.NotFound):
    message = "Instance {server_id} could not be found."


class FlavorNotFound(exceptions.NotFound):
    message = "Flavor {flavor_id} could not be found."


class KeypairNotFound(exceptions.NotFound):
    message = "Keypair {name} not found for user {user_id}"


class ServerInWrongState(exceptions.Conflict):
    message = ("Cannot '{action}' instance {server_id} while it is in "
               "{attribute} {state}")


class QuotaExceeded(exceptions.Forbidden):
    message = ("Quota exceeded for {resource}: Requested {requested}, but "
               "already used {used} of {limit} {resource}")


class NoValidHost(exceptions.ServiceError):
    """No host can take the server; ``reason`` counts hosts by cause."""

    status = 400
    message = "No valid host was found. {reason}"


# What agents raise; each text is fit for the server's owner.


class StaleRequest(exceptions.Conflict):
    """A message of an older generation came late: dropped."""

    message = ("Generation {generation} of server {server_id} is older than "
               "{seen}, which this host has seen.")


class ServerNotOnHost(exceptions.NotFound):
    message = "Server {server_id} is not on this host."


class ImageUnacceptable(exceptions.BadRequest):
    message = "Image {image_id} is unacceptable: {reason}"


class HostFull(exceptions.ServiceError):
    status = 507
    message = "The host has too little {resource} for the server."


class GuestNotStarted(exceptions.ServiceError):
    message = "The hypervisor could not start the server: {reason}"


class VolumeNotAttached(exceptions.ServiceError):
    message = "Volume {volume_id} could not be attached: {reason}"


class VolumeNotDetached(exceptions.ServiceError):
    message = "Volume {volume_id} could not be detached: {reason}"
