"""``openstack volume create --image``, with the image service's bytes."""

import os
import time

from tests.openstack import OpenStack


def test_from_image(cloud, shell, tmp_path):
    openstack = OpenStack(shell, cloud.environment(), tmp_path)
    (tmp_path / "data").write_bytes(os.urandom(3 << 20))
    openstack("image", "create", "--file", str(tmp_path / "data"),
              "--property", "hw_disk_bus=virtio", "for-volumes")
    openstack("volume", "create", "--size", "1", "--image", "for-volumes",
              "from-image")

    until = time.monotonic() + 30
    while (shown := openstack("volume", "show", "from-image"))[
            "status"] in ("creating", "downloading"):
        assert time.monotonic() < until, shown
        time.sleep(0.2)

    assert shown["status"] == "available"
    assert shown["bootable"] in ("true", True)
    assert shown["volume_image_metadata"]["hw_disk_bus"] == "virtio"
    openstack.text("volume", "delete", "from-image")
    openstack.text("image", "delete", "for-volumes")
