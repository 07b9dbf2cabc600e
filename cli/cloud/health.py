"""Ask the control plane how it is."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

from cli.cloud import client, paths
from common import installed


def daemons() -> list[str]:
    """Return the names of all daemons."""
    return sorted(installed.entry_points("pileus.daemons"))


def reasons(place: paths.Paths) -> dict[str, str]:
    """Return why the control plane is not ready: check to reason.

    :raises OSError: if it does not answer
    """
    parts = urllib.parse.urlsplit(client.read(place)["auth"]["auth_url"])
    url = f"{parts.scheme}://{parts.netloc}/healthcheck"
    # A proxy that the caller's shell names knows no way to this machine.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=10) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        body = error.read()
    found: dict[str, str] = json.loads(body)["reasons"]
    return found


def wait(place: paths.Paths, timeout: float,
         show: Callable[[str], None]) -> dict[str, str]:
    """Wait until all is ready; return what is not after ``timeout``."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            found = reasons(place)
        except OSError as error:
            found = {"identity-api": str(error)}
        if not found or time.monotonic() > deadline:
            return found
        show("waiting for " + ", ".join(found))
        time.sleep(0.2)
