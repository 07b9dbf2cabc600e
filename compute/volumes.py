"""Servers' volumes at the block store, over its REST API."""

import contextlib
from typing import Any

from common import exceptions
from compute.networking import translated

_HEADERS = {"OpenStack-API-Version": "volume 3.67"}


class Volumes:
    """Calls to the block store.

    :param rest: a keystoneauth1 adapter, the service's or a user's
    """

    def __init__(self, rest: Any) -> None:
        self._rest = rest

    def get(self, volume_id: str) -> dict[str, Any] | None:
        """Return the volume, or None where there is none to see."""
        try:
            with translated():
                answer = self._rest.get(
                    f"/volumes/{volume_id}", headers=_HEADERS)
        except exceptions.NotFound:
            return None
        found: dict[str, Any] = answer.json()["volume"]
        return found

    def attachments(self, volume_id: str, server_id: str) -> list[str]:
        """Return the ids of the volume's attachments to the server."""
        with translated():
            answer = self._rest.get(
                "/attachments", headers=_HEADERS,
                params={"volume_id": volume_id, "instance_id": server_id,
                        "all_tenants": "1"})
        return [row["id"] for row in answer.json()["attachments"]]

    def create_attachment(self, volume_id: str, server_id: str) -> str:
        """Reserve the volume for the server; return the attachment."""
        with translated():
            answer = self._rest.post(
                "/attachments", headers=_HEADERS, json={"attachment": {
                    "volume_uuid": volume_id, "instance_uuid": server_id}})
        made: str = answer.json()["attachment"]["id"]
        return made

    def connect(self, attachment_id: str, connector: dict[str, Any]
                ) -> dict[str, Any]:
        """Open the volume to a host; return how to reach it."""
        with translated():
            answer = self._rest.put(
                f"/attachments/{attachment_id}", headers=_HEADERS,
                json={"attachment": {"connector": connector}})
        info: dict[str, Any] = answer.json()["attachment"]["connection_info"]
        return info

    def complete(self, attachment_id: str) -> None:
        """Say that the guest has the volume."""
        with translated():
            self._rest.post(f"/attachments/{attachment_id}/action",
                            headers=_HEADERS, json={"os-complete": {}})

    def delete_attachment(self, attachment_id: str) -> None:
        """Say that the host has let go of it; fine where there is none."""
        with contextlib.suppress(exceptions.NotFound), translated():
            self._rest.delete(
                f"/attachments/{attachment_id}", headers=_HEADERS)

    def snapshot(self, volume_id: str, name: str) -> dict[str, Any]:
        """Begin a snapshot of a volume that may be in use; return it."""
        with translated():
            answer = self._rest.post(
                "/snapshots", headers=_HEADERS, json={"snapshot": {
                    "volume_id": volume_id, "name": name, "force": True}})
        made: dict[str, Any] = answer.json()["snapshot"]
        return made

    def delete_snapshot(self, snapshot_id: str) -> None:
        with contextlib.suppress(exceptions.NotFound), translated():
            self._rest.delete(
                f"/snapshots/{snapshot_id}", headers=_HEADERS)

    def delete_volume(self, volume_id: str) -> None:
        with contextlib.suppress(exceptions.NotFound), translated():
            self._rest.delete(f"/volumes/{volume_id}", headers=_HEADERS)
