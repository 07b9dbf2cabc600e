"""Print what lists of images cost, in processor time.

    python -m tests.bench.image_lists

The API is called in process, on SQLite with 1,000 images, each with four
properties and two tags; what a page costs does not depend on that number.
"""

import pathlib
import tempfile
import time

import webob

from imagestore.db import images
from tests.unit.imagestore.conftest import MEMBER, Service

IMAGES, ROUNDS = 1000, 40
PROPERTIES = {"os_distro": "debian", "os_version": "12",
              "hw_disk_bus": "virtio", "hw_rng_model": "virtio"}


def main() -> None:
    """Make a service of its own, measure, and remove it."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(pathlib.Path(folder))
        fill(service)
        for limit in (25, 1000):
            costs = sorted(cost_s(service, limit) for _ in range(ROUNDS))
            print(f"list of {limit:4}: {costs[0] * 1e3:6.2f} ms at best, "
                  f"{costs[ROUNDS // 2] * 1e3:6.2f} ms in the middle")
        service.db.dispose()


def fill(service: Service) -> None:
    """Record the images."""
    with service.db.writer() as session:
        for number in range(IMAGES):
            images.add(
                session, f"{number:08}-0000-4000-8000-000000000000",
                project_id=MEMBER.project_id, name=f"image {number}",
                visibility="private", container_format="bare",
                disk_format="qcow2", properties=PROPERTIES,
                tags=["a", "b"])


def cost_s(service: Service, limit: int) -> float:
    """Return the processor time of one list."""
    req = webob.Request.blank(f"/v2/images?limit={limit}")
    req.environ["common.context"] = MEMBER
    begun = time.process_time()
    got = req.get_response(service.router)
    spent = time.process_time() - begun
    assert len(got.json["images"]) == limit, got.text
    return spent


if __name__ == "__main__":
    main()
