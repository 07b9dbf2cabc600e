"""Changes to an image: what a user may write, and how a patch reads."""

import dataclasses
from typing import Any

from common import db, schema
from common import exceptions as common_exceptions
from imagestore import exceptions
from imagestore.db.models import Image, Property, Tag
from imagestore.protection import Protection
from imagestore.schemas import images as schemas

_MOST_PROPERTIES = 128
_MOST_TAGS = 128
_COLUMNS = {
    "name": "name", "visibility": "visibility", "protected": "protected",
    "os_hidden": "hidden", "container_format": "container_format",
    "disk_format": "disk_format", "min_disk": "min_disk_gib",
    "min_ram": "min_ram_mib", "owner": "project_id",
}
_ONLY_QUEUED = {"container_format", "disk_format"}


#: Media types of patches, the newest first.
PATCH_TYPES = ("application/openstack-images-v2.1-json-patch",
               "application/openstack-images-v2.0-json-patch")
OLD_PATCH_TYPE = PATCH_TYPES[1]


@dataclasses.dataclass
class LocationChange:
    """An operation on the places where the data are.

    :param kind: ``add``, ``remove`` or, of all, ``replace``
    :param index: of ``add`` and ``remove``; None is the end
    """

    kind: str
    index: int | None
    value: Any


@dataclasses.dataclass
class Document:
    """The part of an image that users write.

    :param columns: values by column; only those that are said
    """

    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    properties: dict[str, str] = dataclasses.field(default_factory=dict)
    tags: list[str] | None = None
    locations: "list[LocationChange]" = dataclasses.field(
        default_factory=list)

    def put(self, name: str, value: Any) -> None:
        """Set one member, or raise ReadOnly, Reserved or BadRequest."""
        check_name(name)
        if name in schemas.WRITABLE:
            schema.validate(value, schemas.WRITABLE[name], name)
            if name == "tags":
                self.tags = sorted(set(value))
            else:
                self.columns[_COLUMNS[name]] = value
            return
        schema.validate(value, schemas.PROPERTY, name)
        self.properties[name] = value

    def check_counts(self) -> None:
        """Raise TooMany if there are too many properties or tags."""
        if len(self.properties) > _MOST_PROPERTIES:
            raise exceptions.TooMany(
                limit=_MOST_PROPERTIES, what="properties")
        if len(self.tags or ()) > _MOST_TAGS:
            raise exceptions.TooMany(limit=_MOST_TAGS, what="tags")


def check_name(name: str) -> None:
    """Raise if a user may not write a member of this name."""
    if name in schemas.READ_ONLY:
        raise exceptions.ReadOnly(name=name)
    if (name in schemas.RESERVED
            or name.startswith(schemas.RESERVED_PREFIX)):
        raise exceptions.Reserved(name=name)
    if not 0 < len(name) <= 255 or "\0" in name:
        raise common_exceptions.BadRequest(
            reason="body: the name of a property has 1 to 255 characters")


def from_body(body: dict[str, Any], rights: "Rights") -> Document:
    """Return what the body of a new image says, its id aside."""
    document = Document()
    for name, value in body.items():
        if name != "id":
            document.put(name, value)
    for name in document.properties:
        rights.check("create", name)
    document.check_counts()
    return document


def operations(body: list[dict[str, Any]],
               content_type: str) -> list[dict[str, Any]]:
    """Return the operations of a patch, each with ``op`` and ``path``.

    :param content_type: one of PATCH_TYPES; in the older one the operation
        is the name of the member that holds the path
    """
    if content_type == OLD_PATCH_TYPE:
        body = [_upgraded(each) for each in body]
    schema.validate(body, schemas.OPERATIONS)
    return body


def _upgraded(old: dict[str, Any]) -> dict[str, Any]:
    found = [name for name in ("add", "replace", "remove") if name in old]
    if len(found) != 1:
        raise common_exceptions.BadRequest(
            reason="body: an operation has one of the members add, replace "
                   "and remove")
    made = {"op": found[0], "path": old[found[0]]}
    return made | ({"value": old["value"]} if "value" in old else {})


def patched(image: Image, body: list[dict[str, Any]],
            rights: "Rights") -> Document:
    """Return what the image should become; it is not changed."""
    document = Document(
        properties={each.name: each.value for each in image.properties})
    for operation in body:
        _apply(image, document, operation, rights)
    document.check_counts()
    return document


@dataclasses.dataclass
class Rights:
    """What the sender may do to custom properties.

    :param locations: whether to take operations on ``locations``
    """

    protection: Protection
    roles: list[str]
    locations: bool = False

    def check(self, action: str, name: str) -> None:
        """Raise Forbidden if they may not."""
        self.protection.check(action, name, self.roles)

    def sees(self, name: str) -> bool:
        """Say whether they may know that a property is there."""
        return self.protection.allows("read", name, self.roles)


def _apply(image: Image, document: Document, operation: dict[str, Any],
           rights: Rights) -> None:
    kind, path = operation["op"], operation["path"]
    if kind != "remove" and "value" not in operation:
        raise common_exceptions.BadRequest(
            reason=f"body: operation {kind} needs a value")
    if rights.locations and path.split("/")[1] == "locations":
        document.locations.append(_location(kind, path, operation))
        return
    name = _name(path)
    check_name(name)
    if name in schemas.WRITABLE:
        _apply_own(image, document, operation, name)
        return
    there = name in document.properties
    if kind != "add" and not (there and rights.sees(name)):
        raise exceptions.PropertyMissing(name=name)
    if kind == "remove":
        rights.check("delete", name)
        del document.properties[name]
        return
    rights.check("update" if there else "create", name)
    document.put(name, operation["value"])


def _apply_own(image: Image, document: Document, operation: dict[str, Any],
               name: str) -> None:
    if operation["op"] == "remove":
        raise exceptions.NotRemovable(name=name)
    if name in _ONLY_QUEUED and image.status != "queued" and (
            operation["value"] != getattr(image, name)):
        raise exceptions.OnlyQueued(name=name)
    document.put(name, operation["value"])


def _location(kind: str, path: str,
              operation: dict[str, Any]) -> LocationChange:
    place = path.removeprefix("/locations").removeprefix("/")
    whole = path == "/locations"
    if whole != (kind == "replace") or not (
            whole or place.isdecimal() or (kind == "add" and place == "-")):
        raise common_exceptions.BadRequest(
            reason=f"body: {kind} of {path[:64]!r}: allowed are replace of "
                   "/locations, add of /locations/- or /locations/N, and "
                   "remove of /locations/N")
    return LocationChange(
        kind, int(place) if place.isdecimal() else None,
        operation.get("value"))


def _name(path: str) -> str:
    """Return the one member that a JSON pointer names."""
    parts = path[1:].split("/")
    if len(parts) != 1 or not parts[0]:
        raise common_exceptions.BadRequest(
            reason=f"body: path {path[:64]!r} is not /NAME")
    return parts[0].replace("~1", "/").replace("~0", "~")


def apply(image: Image, document: Document) -> None:
    """Write what was said to the row."""
    for column, value in document.columns.items():
        setattr(image, column, value)
    kept = {each.name: each for each in image.properties}
    image.properties = [
        _kept(kept.get(name) or Property(name=name), value)
        for name, value in sorted(document.properties.items())]
    if document.tags is not None:
        tags = {each.value: each for each in image.tags}
        image.tags = [tags.get(value) or Tag(value=value)
                      for value in document.tags]
    image.updated_at = db.utcnow()


def _kept(row: Property, value: str) -> Property:
    row.value = value
    return row
