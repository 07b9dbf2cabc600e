"""Images that volumes are made from: their records, and their bytes."""

import dataclasses
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import requests
from keystoneauth1 import exceptions as ksa

from blockstore import exceptions
from common import clients, concurrency
from common import exceptions as common_exceptions

GIB = 1 << 30

_CHUNK_BYTES = 1 << 20
_HASHES = {"sha256", "sha384", "sha512"}
_FORMATS = {"raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso"}
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

#: What Cinder copies of an image's record, beside properties.
_COPIED = ("checksum", "container_format", "disk_format", "min_disk",
           "min_ram", "size")
#: What the image service itself says of an image: no properties.
_OWN = {
    *_COPIED, "id", "name", "status", "owner", "visibility", "protected",
    "tags", "created_at", "updated_at", "virtual_size", "os_hash_algo",
    "os_hash_value", "os_hidden", "file", "self", "schema", "stores",
    "locations", "direct_url"}
_RESERVED = "os_glance_"
_VALUE_MAX = 65535


@dataclasses.dataclass(frozen=True)
class Image:
    """What is needed to fetch an image and to know that it is the one."""

    id: str
    disk_format: str
    size_bytes: int
    hash_algo: str | None
    hash_value: str | None


def find(rest: Any, reference: str, size_gib: int) -> dict[str, Any]:
    """Return the record of an image that makes a volume of this size.

    :param rest: an adapter to the image service with the sender's rights
    :param reference: the image's id, or a URL that ends with it
    :raises ImageNotFound: also if the sender may not see it
    :raises InvalidInput: if no such volume can be made of it
    """
    image_id = reference.rsplit("/", 1)[-1]
    if not _ID.fullmatch(image_id):
        raise _refused("is not the id of an image")
    try:
        found: dict[str, Any] = rest.get(f"/v2/images/{image_id}").json()
    except ksa.NotFound:
        raise exceptions.ImageNotFound(image_id=image_id) from None
    except ksa.ClientException as error:
        raise clients.translate(error) from error
    _check_usable(found)
    _check_fits(found, size_gib)
    return found


def of(record: dict[str, Any]) -> Image:
    """Return what of a record the backend needs."""
    return Image(
        id=record["id"], disk_format=record["disk_format"],
        size_bytes=record["size"], hash_algo=record.get("os_hash_algo"),
        hash_value=record.get("os_hash_value"))


def metadata(record: dict[str, Any]) -> dict[str, str]:
    """Return what a volume keeps of its image's record."""
    kept = {"image_id": record["id"], "image_name": record.get("name")}
    kept |= {name: record.get(name) for name in _COPIED}
    kept |= {name: value for name, value in record.items()
             if name not in _OWN and not name.startswith(_RESERVED)}
    return {name: str(value)[:_VALUE_MAX] for name, value in kept.items()
            if value is not None}


def _check_usable(record: dict[str, Any]) -> None:
    if record.get("status") != "active":
        raise _refused(f"Image {record['id']} is not active.")
    for name, allowed in (("container_format", {"bare"}),
                          ("disk_format", _FORMATS)):
        if record.get(name) not in allowed:
            raise _refused(
                f"{name} of image {record['id']} is {record.get(name)}, and "
                f"must be {' or '.join(sorted(allowed))}")


def _check_fits(record: dict[str, Any], size_gib: int) -> None:
    for name in ("size", "virtual_size"):
        needed = -(-(record.get(name) or 0) // GIB)
        if needed > size_gib:
            raise _refused(f"Size of specified image {needed}GB is larger "
                           f"than volume size {size_gib}GB.")
    least = record.get("min_disk") or 0
    if least > size_gib:
        raise _refused(
            f"Volume size {size_gib}GB cannot be smaller than the image "
            f"minDisk size {least}GB.")


def _refused(reason: str) -> exceptions.InvalidInput:
    return exceptions.InvalidInput(field="imageRef", reason=reason)


class ImageStore:
    """Reads images as the service user.

    Whether the sender may see one was asked when the volume was.
    """

    def __init__(self, services: clients.Clients) -> None:
        self._services = services

    def fetch(self, image: Image) -> Iterator[bytes]:
        """Give the bytes of the image, and raise unless these were all.

        :raises ImageUnacceptable: if they are not what the record says
        :raises ServiceUnavailable: if the store fails; worth a retry
        """
        digest, count = hashlib.new(_algorithm(image)), 0
        for chunk in self._bytes(image):
            count += len(chunk)
            if count > image.size_bytes:
                raise unacceptable(
                    image, f"is longer than its {image.size_bytes} bytes")
            concurrency.blocking(digest.update, chunk)
            yield chunk
        if count < image.size_bytes:
            # Cut short on the way: worth another try.
            raise common_exceptions.ServiceUnavailable()
        if image.hash_value and digest.hexdigest() != image.hash_value:
            raise unacceptable(image, "does not have the recorded hash")

    def _bytes(self, image: Image) -> Iterator[bytes]:
        try:
            answer = self._services.image.get(
                f"/v2/images/{image.id}/file", stream=True, log=False)
            with answer:
                if answer.status_code != 204:
                    yield from answer.iter_content(_CHUNK_BYTES)
        except (ksa.NotFound, ksa.Forbidden) as error:
            raise unacceptable(image, "has no data that can be read"
                               ) from error
        except (ksa.ClientException, requests.RequestException) as error:
            raise common_exceptions.ServiceUnavailable() from error


def unacceptable(image: Image, reason: str) -> exceptions.ImageUnacceptable:
    """Return the error for an image that no volume can be made of."""
    return exceptions.ImageUnacceptable(image_id=image.id, reason=reason)


def _algorithm(image: Image) -> str:
    algorithm = image.hash_algo or "sha512"
    if algorithm not in _HASHES:
        raise unacceptable(image, f"has hash {algorithm}, which is none of "
                           + ", ".join(sorted(_HASHES)))
    return algorithm
