"""What a cloud holds, and what stands beside it, for tests of Tempest.

Each function returns values of placeholders of ``tempest.conf.in``.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import openstack
import requests
import yaml

from tests.cluster.common import servers
from tests.tempest.clouds import ROOT, Access

#: A second worker of the image service: another host, with its own cache.
_REMOTE = """\
[DEFAULT]
host = remote
[imagestore]
port = {port}
workers = 1
cache_dir = $state_dir/image-cache-remote
"""
_QCOW2 = ("create", "-q", "-f", "qcow2")
#: Name, format, whether it is usable, and how qemu-img makes it.
_IMAGES = (
    ("qcow2", "qcow2", True, (*_QCOW2, "qcow2", "4M")),
    ("raw", "raw", True, ("create", "-q", "-f", "raw", "raw", "4M")),
    ("qcow2-backed", "qcow2", False, (
        *_QCOW2, "-b", "raw", "-F", "raw", "qcow2-backed")),
    ("qcow2-outside", "qcow2", False, (
        *_QCOW2, "-o", "data_file=outside", "qcow2-outside", "4M")),
)


@contextlib.contextmanager
def web_server(folder: pathlib.Path, port: int) -> Iterator[dict[str, str]]:
    """Serve a small image on this machine, for the cloud to fetch."""
    folder.mkdir()
    _qemu_img(*_QCOW2, str(folder / "disk.qcow2"), "1M")
    url = f"http://127.0.0.1:{port}/disk.qcow2"
    with _running([sys.executable, "-m", "http.server", "--bind",
                   "127.0.0.1", "--directory", str(folder), str(port)],
                  folder.with_suffix(".log")):
        _wait(url)
        yield {"HTTP_IMAGE_URL": url, "HTTP_QCOW2_IMAGE_URL": url}


@contextlib.contextmanager
def image_remote(scratch: pathlib.Path, access: Access) -> Iterator[None]:
    """Run a second worker of the image service, and put it in the catalog.
    """
    port = servers.free_port()
    own = scratch / "remote.conf"
    own.write_text(_REMOTE.format(port=port))
    own.chmod(0o644)
    url = f"http://127.0.0.1:{port}"
    with _running([sys.executable, "-m", "cli.main", "service", "image-api",
                   "--config", str(access.conf), "--config", str(own)],
                  scratch / "image-remote.log"):
        _wait(f"{url}/healthcheck")
        identity = _connect(access).identity
        service = identity.create_service(
            type="image_remote", name="glance_remote")
        identity.create_endpoint(
            service_id=service.id, interface="public", url=url,
            region_id=access.region)
        yield


def found(access: Access) -> dict[str, str]:
    """Return what every cloud has."""
    cloud = _connect(access)
    flavors = {each.name: each.id for each in cloud.compute.flavors()}
    outside = next(iter(cloud.network.networks(is_router_external=True)))
    return {
        "FLAVOR_ID": flavors["m1.tiny"], "FLAVOR_ID_ALT": flavors["m1.small"],
        "PUBLIC_NETWORK_ID": outside.id, "PUBLIC_NETWORK_NAME": outside.name}


def images(scratch: pathlib.Path, access: Access) -> dict[str, str]:
    """Make images to boot from, and files of good and hostile ones."""
    cloud = _connect(access)
    file = scratch / "tiny.qcow2"
    subprocess.run(
        [ROOT / "pileus", "image", "build", "tiny", "--output", file],
        check=True, stdin=subprocess.DEVNULL)
    made = [cloud.create_image(
        name, filename=str(file), disk_format="qcow2", wait=True,
        container_format="bare", visibility="public").id
        for name in ("tempest-one", "tempest-two")]
    return {
        "IMAGE_ID": made[0], "IMAGE_ID_ALT": made[1],
        "IMAGE_FILE": str(file), "IMAGE_SSH_USER": "cirros",
        "IMAGE_SSH_PASSWORD": "gocubsgo",
        "IMAGES_MANIFEST_LINE": f"images_manifest_file = {_manifest(scratch)}",
    }


def _manifest(scratch: pathlib.Path) -> pathlib.Path:
    """Write good and hostile images, and the list of them."""
    folder = scratch / "images-of-all-kinds"
    folder.mkdir()
    for *_, command in _IMAGES:
        _qemu_img(*command, cwd=folder)
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({"images": [
        {"name": name, "format": kind, "filename": name, "usable": usable}
        for name, kind, usable, _ in _IMAGES]}))
    return path


def _qemu_img(*arguments: str, cwd: pathlib.Path | None = None) -> None:
    subprocess.run(["qemu-img", *arguments], check=True, cwd=cwd)


def _connect(access: Access) -> Any:
    return openstack.connect(
        load_yaml_config=False, load_envvars=False, region_name=access.region,
        auth={"auth_url": f"{access.auth_url}/v3", "username": "admin",
              "password": access.password, "project_name": "admin",
              "user_domain_id": "default", "project_domain_id": "default"})


@contextlib.contextmanager
def _running(command: list[str], log: pathlib.Path) -> Iterator[None]:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stream,
            stderr=stream, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
    try:
        yield
    finally:
        process.terminate()
        process.wait(40)


def _wait(url: str) -> None:
    """Wait until something answers with success."""
    for _ in range(300):
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(url, timeout=5).ok:
                return
        time.sleep(0.1)
    raise TimeoutError(url)
