"""Image services of other regions, asked on behalf of a user.

Where they are, the operator's catalog says, so they may be in private
networks, unlike what users name. They get the user's token and nothing of
our own: what they show is what the user may see there.
"""

import dataclasses
import hashlib
import time
from collections.abc import Sequence
from typing import Any

import orjson
from keystoneauth1 import exceptions as ksa
from keystoneauth1.access import service_catalog
from oslo_config import cfg

from common import access, clients, concurrency, exceptions, fetch, schema
from common.secret import Secret
from imagestore.exceptions import HashMismatch
from imagestore.schemas import images as schemas

_HEAD_S = 30
#: Custom properties of an image take at most this many bytes.
_DOCUMENT_MAX = 16 << 20
_MOST_PROPERTIES = 128
_MOST_S = 6 * 3600.0
#: Of those that the services of regions compute, what proves something.
_DIGESTS = ("sha256", "sha384", "sha512", "sha3_256", "sha3_512")
_SERVICE = clients.TYPES["image"]


class RegionUnknown(exceptions.BadRequest):
    message = "Region {region} has no {interface} image service for you."


class TokenEnded(exceptions.Unauthorized):
    message = "The token has ended: start the import anew."


class RemoteRefused(exceptions.BadRequest):
    message = "The image service of the region refuses: {reason}"


class RemoteDamaged(exceptions.BadRequest):
    message = "The image service of the region does not answer properly."


class NotActive(exceptions.Conflict):
    message = "Image {image_id} of the region is {status}, not active."


@dataclasses.dataclass(frozen=True)
class Place:
    """An image of a region, as a user names it.

    :param interface: public, internal or admin
    """

    region: str
    interface: str
    image_id: str


class Regions:
    """Finds image services in the catalogs of users."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._clients: clients.Clients | None = None

    def url(self, token: Secret, place: Place) -> str:
        """Return the address of an image, or raise RegionUnknown.

        :raises TokenEnded: if the token is no longer good
        """
        catalog = service_catalog.ServiceCatalogV3(self._catalog(token))
        try:
            found = str(catalog.url_for(
                service_type=_SERVICE, interface=place.interface,
                region_name=place.region))
        except ksa.CatalogException:
            raise RegionUnknown(region=place.region,
                                interface=place.interface) from None
        root = found.rstrip("/").removesuffix("/v2")
        return f"{root}/v2/images/{place.image_id}"

    def show(self, token: Secret, url: str) -> dict[str, Any]:
        """Return the image, which is active."""
        body = self._get(token, url)
        try:
            shown = orjson.loads(body.read(_DOCUMENT_MAX))
            status, image_id = shown["status"], shown["id"]
        except (ValueError, KeyError, TypeError):
            raise RemoteDamaged() from None
        finally:
            body.close()
        if status != "active":
            raise NotActive(image_id=image_id, status=status)
        if not isinstance(shown.get("size"), int):
            raise RemoteDamaged()
        return dict(shown)

    def open(self, token: Secret, url: str,
             shown: dict[str, Any]) -> "RemoteData":
        """Begin to read the data of an image, as ``show`` returns it."""
        return RemoteData(self._get(token, f"{url}/file"), shown)

    def _catalog(self, token: Secret) -> Any:
        """Return the user's catalog; identity says whether they have one.
        """
        try:
            answer = self._session().get(
                f"{self._conf.auth.url}/v3/auth/tokens", headers={
                    "X-Subject-Token": token.reveal(),
                    access.HEADER: access.VERSION}, authenticated=True)
        except ksa.NotFound:
            raise TokenEnded() from None
        except ksa.ClientException as error:
            raise exceptions.ServiceUnavailable() from error
        return answer.json()["token"].get("catalog", [])

    def _get(self, token: Secret, url: str) -> fetch.Fetched:
        until = time.monotonic() + _MOST_S
        try:
            with concurrency.Timeout(_HEAD_S):
                # Nothing is followed: it would carry the token along.
                answer = self._session().get(
                    url, authenticated=False, redirect=False, stream=True,
                    log=False, headers={
                        "X-Auth-Token": token.reveal(),
                        "Accept-Encoding": "identity"})
        except ksa.HttpError as error:
            raise _refused(error) from error
        except (ksa.ClientException, OSError) as error:
            raise exceptions.ServiceUnavailable() from error
        if answer.status_code != 200:
            answer.close()
            raise RemoteDamaged()
        return fetch.Fetched(answer.raw, answer, until)

    def _session(self) -> Any:
        if self._clients is None:
            self._clients = clients.Clients(self._conf, "imagestore")
        return self._clients.session


def _refused(error: ksa.HttpError) -> exceptions.ServiceError:
    if error.http_status == 401:
        return TokenEnded()
    if error.http_status >= 500:
        return exceptions.ServiceUnavailable()
    return RemoteRefused(reason=clients.reason(error))


def formats(shown: dict[str, Any]) -> dict[str, str]:
    """Return the columns that the data of an image need."""
    container, disk = shown.get("container_format"), shown.get("disk_format")
    if container not in schemas.CONTAINER_FORMATS or (
            disk not in schemas.DISK_FORMATS):
        raise RemoteDamaged()
    return {"container_format": container, "disk_format": disk}


def properties(shown: dict[str, Any],
               prefixes: Sequence[str]) -> dict[str, str]:
    """Return the custom properties whose names begin like that."""
    found = {name: value for name, value in shown.items()
             if name.startswith(tuple(prefixes)) and not _is_own(name)}
    if len(found) > _MOST_PROPERTIES:
        raise RemoteDamaged()
    for name, value in found.items():
        schema.validate(value, schemas.PROPERTY, name)
    return found


def _is_own(name: str) -> bool:
    return (name in schemas.WRITABLE or name in schemas.READ_ONLY
            or name in schemas.RESERVED
            or name.startswith(schemas.RESERVED_PREFIX))


class RemoteData:
    """The data of a remote image: whole, and what the region says."""

    def __init__(self, body: fetch.Fetched, shown: dict[str, Any]) -> None:
        self._body = body
        self._got = 0
        #: Bytes to come.
        self.size: int = shown["size"]
        self._wanted = shown.get("os_hash_value")
        algo = str(shown.get("os_hash_algo"))
        known = self._wanted and algo in _DIGESTS
        self._digest = hashlib.new(algo) if known else None

    def read(self, length: int) -> bytes:
        """Return ``length`` bytes, or fewer at the end."""
        chunk = self._body.read(length)
        self._got += len(chunk)
        if self._digest:
            concurrency.blocking(self._digest.update, chunk)
            if self._got == self.size and (
                    self._digest.hexdigest() != self._wanted):
                raise HashMismatch()
        return chunk

    def close(self) -> None:
        """Let go of the connection; may be repeated."""
        self._body.close()
