"""Keeps a cloud running: starts again what dies.

``python -m cli.cloud.keeper STATE`` runs until SIGTERM, which it passes on
to the control plane. ``pileus up`` starts it; with ``--foreground`` a
service manager sees it as the main process.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time

from cli import node as nodes
from cli.cloud import paths, process

LOG = logging.getLogger("keeper")

#: Seconds between two looks at the control plane, and at the nodes.
_TICK_S = 0.5
_NODES_S = 5
_LONGEST_PAUSE_S = 4


class Keeper:
    """Watches one control plane and the nodes of its state directory."""

    def __init__(self, place: paths.Paths) -> None:
        self._place = place
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._pause_s = 1.0
        self._begin_at = self._look_at = 0.0

    def run(self) -> int:
        """Keep all running until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        signal.signal(signal.SIGHUP, lambda *_: self._pass_on(signal.SIGHUP))
        self._begin(os.environ)
        self._look_at = time.monotonic() + _NODES_S
        while not self._stopping.wait(_TICK_S):
            self._keep_control_plane()
            self._keep_nodes()
        self._pass_on(signal.SIGTERM)
        return self._child.wait() if self._child else 0

    def _keep_control_plane(self) -> None:
        now = time.monotonic()
        if self._child and self._child.poll() is not None:
            process.notify(ENDED=str(self._child.returncode))
            LOG.error("The control plane ended with status %s; it starts"
                      " again in %.0f s", self._child.returncode,
                      self._pause_s)
            self._child = None
            self._begin_at = now + self._pause_s
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        elif self._child is None and now >= self._begin_at:
            # What a test asked of the first process dies with it.
            self._begin({name: value for name, value in os.environ.items()
                         if name != "PILEUS_FAILPOINTS"})
        elif self._child and now > self._begin_at + 60:
            self._pause_s = 1.0

    def _keep_nodes(self) -> None:
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _NODES_S
        for name in nodes.names(self._place.state):
            if nodes.status(self._place.state, name).ready:
                continue
            LOG.error("The node %s is not whole; starting what is down",
                      name)
            try:
                nodes.start(self._place.state, name)
            except (nodes.Failed, OSError) as error:
                LOG.error("The node %s does not start: %s", name, error)

    def _begin(self, environment: "os._Environ[str] | dict[str, str]"
               ) -> None:
        self._begin_at = time.monotonic()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "cli.cloud.control",
             str(self._place.state)], env=dict(environment))

    def _pass_on(self, number: int) -> None:
        if self._child:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(number)


def main(state: str) -> int:
    os.umask(0o022)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s")
    place = paths.of(state)
    process.record(place, "keeper")
    return Keeper(place).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
