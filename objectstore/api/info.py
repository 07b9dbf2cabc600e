"""What the store can do; public, as clients expect."""

from typing import Any

from common import wsgi
from objectstore import manifests


class Info:
    """Handler of /info."""

    def __init__(self, max_object_bytes: int) -> None:
        self._max_object_bytes = max_object_bytes

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/info", self.show)]

    @wsgi.handler(public=True)
    def show(self, req: wsgi.Request) -> dict[str, Any]:
        """Name the features that are there, and their limits."""
        return {"swift": {
            "version": "2.38.0",
            "account_listing_limit": 10000,
            "container_listing_limit": 10000,
            "max_account_name_length": 256,
            "max_container_name_length": 256,
            "max_object_name_length": 1024,
            "max_file_size": self._max_object_bytes,
            "max_header_size": 16384,
            "max_meta_count": 90,
            "max_meta_name_length": 128,
            "max_meta_overall_size": 4096,
            "max_meta_value_length": 256,
            "policies": [{"name": "default", "default": True,
                          "aliases": "default"}],
            "strict_cors_mode": True,
            "allow_account_management": False,
            "account_autocreate": True,
        }, "slo": {
            "max_manifest_segments": manifests.MOST_SEGMENTS,
            "max_manifest_size": manifests.MOST_BYTES,
            "min_segment_size": 1,
        }, "dlo": {}}
