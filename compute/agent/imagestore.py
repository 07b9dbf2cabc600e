"""Images from the image store."""

from collections.abc import Iterator

import requests
from keystoneauth1 import exceptions as ksa

from common import clients
from common import exceptions as common_exceptions
from compute import exceptions

_CHUNK_BYTES = 1 << 20


class ImageStore:
    """Reads images as the service user."""

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


def _without_data(image_id: str) -> exceptions.ImageUnacceptable:
    return exceptions.ImageUnacceptable(
        image_id=image_id, reason="the image store has no data of it")
