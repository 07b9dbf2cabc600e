"""Images from the image store."""

from collections.abc import Callable, Iterator

import requests
from keystoneauth1 import exceptions as ksa

from common import clients
from common import exceptions as common_exceptions
from compute import exceptions

_CHUNK_BYTES = 1 << 20


class ImageStore:
    """Reads and fills images as the service user."""

    def __init__(self, services: clients.Clients) -> None:
        self._services = services

    def fetch(self, image_id: str) -> Iterator[bytes]:
        """Give the bytes of the image.

        :raises ImageUnacceptable: if it is not there
        :raises ServiceUnavailable: if the store fails; worth a retry
        """
        try:
            answer = self._services.image.get(
                f"/v2/images/{image_id}/file", stream=True, log=False)
            if answer.status_code == 204:
                raise _without_data(image_id)
            yield from answer.iter_content(_CHUNK_BYTES)
        except ksa.NotFound as error:
            raise _without_data(image_id) from error
        except (ksa.ClientException, requests.RequestException) as error:
            raise common_exceptions.ServiceUnavailable() from error


    def send(self, image_id: str,
             read: Callable[[], Iterator[bytes]]) -> None:
        """Give the image its data; fine where it has them.

        :param read: gives the bytes, from the first on
        :raises ImageGone: there is no such image
        :raises ServiceUnavailable: the store failed, or somebody else is
            at it; worth a retry
        """
        status = self._status(image_id)
        if status in ("active", "deactivated"):
            return
        if status != "queued":
            raise common_exceptions.ServiceUnavailable()
        try:
            self._services.image.put(
                f"/v2/images/{image_id}/file", data=_Body(read), log=False,
                headers={"Content-Type": "application/octet-stream"})
        except (ksa.NotFound, ksa.Gone) as error:
            raise exceptions.ImageGone(image_id=image_id) from error
        except ksa.HttpError as error:
            raise clients.translate(error) from error
        except (ksa.ClientException, requests.RequestException) as error:
            raise common_exceptions.ServiceUnavailable() from error


    def _status(self, image_id: str) -> str:
        try:
            answer = self._services.image.get(f"/v2/images/{image_id}")
        except ksa.NotFound as error:
            raise exceptions.ImageGone(image_id=image_id) from error
        except ksa.ClientException as error:
            raise clients.translate(error) from error
        return str(answer.json()["status"])


class _Body:
    """A body that begins anew when it is sent again."""

    def __init__(self, read: Callable[[], Iterator[bytes]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[bytes]:
        return self._read()


def _without_data(image_id: str) -> exceptions.ImageUnacceptable:
    return exceptions.ImageUnacceptable(
        image_id=image_id, reason="the image store has no data of it")
