"""An image store in memory, as other services' clients see it."""

import hashlib
import json
import uuid

import requests
from keystoneauth1 import exceptions as ksa


class Images:
    """Stands for ``clients.Clients``; ``records`` and ``data`` by id."""

    def __init__(self):
        self.records = {}
        self.data = {}
        self.downloads = 0
        self.image = _Adapter(self, None)

    def add(self, data, project="p1", **members):
        """Add an active image of these bytes; return its id."""
        image_id = str(uuid.uuid4())
        self.data[image_id] = data
        self.records[image_id] = {
            "id": image_id, "name": "i", "status": "active",
            "owner": project, "size": len(data), "virtual_size": None,
            "container_format": "bare", "disk_format": "raw",
            "min_disk": 0, "min_ram": 0, "tags": [], "visibility": "private",
            "checksum": hashlib.md5(data).hexdigest(),
            "os_hash_algo": "sha512",
            "os_hash_value": hashlib.sha512(data).hexdigest(),
            "schema": "/v2/schemas/image"} | members
        return image_id

    def as_user(self, req, name):
        assert name == "image"
        return _Adapter(self, req.ctx.project_id)


class _Adapter:
    """Sees the images of one project; all if there is none."""

    def __init__(self, store, project):
        self._store = store
        self._project = project

    def get(self, path, stream=False, log=True):
        parts = path.removeprefix("/v2/images/").split("/")
        record = self._store.records.get(parts[0])
        if record is None or self._project not in (None, record["owner"]):
            raise ksa.NotFound(message="No image found", http_status=404)
        answer = requests.Response()
        answer.status_code = 200
        if parts[1:] == ["file"]:
            self._store.downloads += 1
            answer.iter_content = lambda size: iter(
                [self._store.data[record["id"]]])
            answer.close = lambda: None
        else:
            answer._content = json.dumps(record).encode()
        return answer
