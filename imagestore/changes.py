"""Changes to an image: what a user may write, and how a patch reads."""

import dataclasses
from typing import Any

from common import db, schema
from common import exceptions as common_exceptions
from imagestore import exceptions
from imagestore.db.models import Image, Property, Tag
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


@dataclasses.dataclass
class Document:
    """The part of an image that users write.

    :param columns: values by column; only those that are said
    """

    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    properties: dict[str, str] = dataclasses.field(default_factory=dict)
    tags: list[str] | None = None

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


def from_body(body: dict[str, Any]) -> Document:
    """Return what the body of a new image says, its id aside."""
    document = Document()
    for name, value in body.items():
        if name != "id":
            document.put(name, value)
    document.check_counts()
    return document


def patched(image: Image, operations: list[dict[str, Any]]) -> Document:
    """Return what the image should become; it is not changed."""
    document = Document(
        properties={each.name: each.value for each in image.properties})
    for operation in operations:
        _apply(image, document, operation)
    document.check_counts()
    return document


def _apply(image: Image, document: Document,
           operation: dict[str, Any]) -> None:
    kind, name = operation["op"], _name(operation["path"])
    check_name(name)
    base = name in schemas.WRITABLE
    if kind == "remove":
        if base:
            raise exceptions.NotRemovable(name=name)
        if document.properties.pop(name, None) is None:
            raise exceptions.PropertyMissing(name=name)
        return
    if "value" not in operation:
        raise common_exceptions.BadRequest(
            reason=f"body: operation {kind} needs a value")
    if kind == "replace" and not base and name not in document.properties:
        raise exceptions.PropertyMissing(name=name)
    if name in _ONLY_QUEUED and image.status != "queued" and (
            operation["value"] != getattr(image, name)):
        raise exceptions.OnlyQueued(name=name)
    document.put(name, operation["value"])


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
