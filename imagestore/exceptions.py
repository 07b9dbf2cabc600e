"""Errors of the image service."""

from common import exceptions


class ImageNotFound(exceptions.NotFound):
    message = "No image found with ID {image_id}."


class MemberNotFound(exceptions.NotFound):
    message = "Image {image_id} has no member {member_id}."


class TagNotFound(exceptions.NotFound):
    message = "Image {image_id} has no tag {tag}."


class DuplicateImage(exceptions.Conflict):
    message = "Image ID {image_id} already exists!"


class DuplicateMember(exceptions.Conflict):
    message = "Image {image_id} has the member {member_id} already."


class PropertyMissing(exceptions.Conflict):
    message = "Property {name} does not exist."


class ReadOnly(exceptions.Forbidden):
    message = "Attribute '{name}' is read-only."


class Reserved(exceptions.Forbidden):
    message = "Attribute '{name}' is reserved."


class NotRemovable(exceptions.Forbidden):
    message = "Property '{name}' may not be removed."


class OnlyQueued(exceptions.Forbidden):
    message = "Attribute {name} can be only replaced for a queued image."


class Protected(exceptions.Forbidden):
    message = "Image {image_id} is protected and cannot be deleted."


class NotShared(exceptions.Forbidden):
    message = "Only shared images have members."


class Deactivated(exceptions.Forbidden):
    message = "The requested image has been deactivated. Download is " \
              "forbidden."


class WrongStatus(exceptions.Conflict):
    message = ("Image status transition from {status} to {wanted} is not "
               "allowed.")


class ChangedMeanwhile(exceptions.Conflict):
    message = "Image {image_id} was changed meanwhile; try again."


class NotActivated(exceptions.Forbidden):
    """Of the statuses, two alone lead to each other by request."""

    message = "An image of status {status} cannot become {wanted}."


class Gone(exceptions.ServiceError):
    status = 410
    message = "Image {image_id} was deleted while its data were uploaded."


class FormatsUnset(exceptions.BadRequest):
    message = ("Properties disk_format, container_format must be set prior "
               "to saving data.")


class FormatsUnsetForImport(exceptions.Conflict):
    message = ("'container_format' and 'disk_format' need to be set before "
               "import.")


class ContentRefused(exceptions.BadRequest):
    """The bytes are not what they are said to be, or may do harm."""

    message = "The data were refused: {reason}"


class LengthMismatch(exceptions.BadRequest):
    message = "The data ended after {got} bytes; {wanted} were announced."


class TooLarge(exceptions.OverLimit):
    message = "The data exceed the limit of {limit} bytes for an image."


class StoreFull(exceptions.OverLimit):
    message = "There is no room left to store the image."


class StoreAway(exceptions.ServiceUnavailable):
    message = "The store of the image does not answer; try again."


class StoreUnknown(exceptions.BadRequest):
    message = "There is no store {store} to write to; there are: {known}."


class StoreNotOffered(exceptions.Conflict):
    message = StoreUnknown.message


class StoreNotFound(exceptions.NotFound):
    message = "There is no store {store}; there are: {known}."


class StoreReadOnly(exceptions.Forbidden):
    message = "The store can only be read."


class NotInStore(exceptions.NotFound):
    message = "Image {image_id} has no data in store {store}."


class LastStore(exceptions.Forbidden):
    message = ("Store {store} is the last one that has image {image_id}: "
               "delete the image.")


class BeingImported(exceptions.Conflict):
    message = "Image {image_id} is being imported."


class NotStaged(exceptions.Conflict):
    message = ("Image {image_id} has status {status}; method {method} needs "
               "{wanted}.")


class MethodNotOffered(exceptions.BadRequest):
    message = "The import method {method} is not offered; those are: {known}."


class TooManyImports(exceptions.OverLimit):
    message = ("The project has {limit} imports under way, as many as it "
               "may.")


class PluginGone(exceptions.Conflict):
    message = "The plug-in {name} is no longer offered: start it anew."


class ImportFailed(exceptions.Conflict):
    message = "No store took the image: {reason}"


class HashMismatch(exceptions.Conflict):
    message = "The data are not those that the image was made of."


class TaskNotFound(exceptions.NotFound):
    message = "No task found with ID {task_id}."


class RangeUnsatisfiable(exceptions.ServiceError):
    status = 416
    message = "The range is outside of the image's {size} bytes."


class TooMany(exceptions.OverLimit):
    message = "An image may have at most {limit} {what}."


class OverQuota(exceptions.OverLimit):
    message = ("The project uses {used} of {name}, of which it may have "
               "{limit}.")


class NamespaceNotFound(exceptions.NotFound):
    message = "Metadata definition namespace {namespace} not found."


class DefinitionNotFound(exceptions.NotFound):
    message = "The namespace has no {kind} named {name}."


class AssociationNotFound(exceptions.NotFound):
    message = "The namespace is not associated with resource type {name}."


class DuplicateNamespace(exceptions.Conflict):
    message = "The metadata definition namespace {namespace} exists already."


class DuplicateDefinition(exceptions.Conflict):
    message = "The namespace has a {kind} of the same name: {name}."


class DuplicateAssociation(exceptions.Conflict):
    message = "The namespace is associated already with: {name}."


class ProtectedNamespace(exceptions.Forbidden):
    message = ("Namespace {namespace} is protected: neither it nor what it "
               "has can be deleted.")
