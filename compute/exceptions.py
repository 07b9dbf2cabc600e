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


class ImageGone(exceptions.NotFound):
    message = "Image {image_id} was deleted before it had its data."


class DiskNotCopied(exceptions.ServiceError):
    message = "The disk of server {server_id} could not be copied: {reason}"


class HostFull(exceptions.ServiceError):
    status = 507
    message = "The host has too little {resource} for the server."


class GuestNotStarted(exceptions.ServiceError):
    message = "The hypervisor could not start the server: {reason}"


class VolumeNotAttached(exceptions.ServiceError):
    message = "Volume {volume_id} could not be attached: {reason}"


class VolumeNotDetached(exceptions.ServiceError):
    message = "Volume {volume_id} could not be detached: {reason}"


class GuestNotStopped(exceptions.ServiceError):
    message = "Server {server_id} could not be stopped."


class PortNotAttached(exceptions.ServiceError):
    message = "Port {port_id} could not be attached."


class PortNotDetached(exceptions.ServiceError):
    message = "Port {port_id} could not be detached: the server keeps it."


class FlavorExists(exceptions.Conflict):
    message = "Flavor with ID {flavor_id} or name {name} already exists."


class KeypairExists(exceptions.Conflict):
    message = "Key pair '{name}' already exists."


class TooManyKeypairs(exceptions.Forbidden):
    message = "Quota exceeded, too many key pairs."


# Placement; ``code`` is what its clients tell the cases apart by.


class ProviderNotFound(exceptions.NotFound):
    message = "No resource provider with uuid {provider_id} found"


class ProviderExists(exceptions.Conflict):
    code = "placement.duplicate_name"
    message = "Conflicting resource provider name: {name} already exists."


class ProviderInUse(exceptions.Conflict):
    code = "placement.resource_provider.inuse"
    message = ("Unable to delete resource provider {provider_id}: Resource "
               "provider has allocations.")


class ProviderChanged(exceptions.Conflict):
    """Somebody else moved the provider's generation: read it again."""

    code = "placement.concurrent_update"
    message = "resource provider generation conflict: {provider_id}"


class InventoryInUse(exceptions.Conflict):
    code = "placement.inventory.inuse"
    message = ("Inventory for '{resource_class}' on resource provider "
               "'{provider_id}' in use.")


class AttachmentNotFound(exceptions.NotFound):
    message = ("Instance {server_id} is not attached to volume "
               "{volume_id}")


class ServiceNotFound(exceptions.NotFound):
    message = "Service {service_id} could not be found."


class HypervisorNotFound(exceptions.NotFound):
    message = "Hypervisor with ID '{node_id}' could not be found."


class AggregateNotFound(exceptions.NotFound):
    message = "Aggregate {aggregate_id} could not be found."


class AggregateExists(exceptions.Conflict):
    message = "Aggregate {name} already exists."


class AggregateInUse(exceptions.BadRequest):
    message = "Aggregate {aggregate_id} still has hosts."


class HostInAggregate(exceptions.Conflict):
    message = "Aggregate {aggregate_id} already has host {host}."


class ComputeHostNotFound(exceptions.NotFound):
    message = "Compute host {host} could not be found."


class HostNameTaken(exceptions.Conflict):
    message = ("Host name {host} is registered with another host's "
               "identity; give this host a name of its own.")


class PortsNotWired(exceptions.ServiceError):
    message = "The network did not wire ports in time: {ports}"


class PortInUse(exceptions.Conflict):
    message = "Port {port_id} is still in use."


class PortBusy(exceptions.Conflict):
    message = "Port {port_id} is {status}, not attached"


class PortRefused(exceptions.BadRequest):
    message = "{reason}"


class NetworkAmbiguous(exceptions.Conflict):
    message = ("Multiple possible networks found, use a Network ID to be "
               "more specific.")


class MetadataLimitExceeded(exceptions.Forbidden):
    message = "Maximum number of metadata items exceeds {limit}"


class ServerLocked(exceptions.Conflict):
    message = "Instance {server_id} is locked"


class ExtraSpecNotFound(exceptions.NotFound):
    message = "Flavor {flavor_id} has no extra specs with key {key}."


class VolumeUnusable(exceptions.BadRequest):
    message = "Invalid volume: volume {volume_id}: {reason}"


class TooManyVolumes(exceptions.Forbidden):
    message = "A server has at most {limit} volumes attached"


class PortNotUsable(exceptions.BadRequest):
    message = "Port {port_id} belongs to another project than the server"


# What another service answered; its text is fit for users.


class OtherConflict(exceptions.Conflict):
    message = "{reason}"


class OtherNotFound(exceptions.NotFound):
    message = "{reason}"


class OtherForbidden(exceptions.Forbidden):
    message = "{reason}"
