"""The HTTP server: eventlet.wsgi with bounds."""

import logging
import socket
from typing import Any

import eventlet
import eventlet.wsgi
from oslo_config import cfg

from common import concurrency
from common.connection import Connection

LOG = logging.getLogger(__name__)


class Server:
    """Serves one application on one address."""

    def __init__(self, app: Any, host: str = "", port: int = 0, *,
                 conf: cfg.ConfigOpts, shared: bool = False,
                 listening: socket.socket | None = None) -> None:
        """Listen; serve when started.

        :param shared: several processes listen on the same address
        :param listening: a socket that listens already, in place of an
            address
        :raises OSError: if the address is taken
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = listening or eventlet.listen(
                (host, port), family=family, backlog=1024,
                reuse_port=shared)
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error),
                          f"{host}:{port}") from error
        self._app = app
        self._conf = conf
        self._thread: Any = None

    @property
    def port(self) -> int:
        """The port, also when 0 was asked for."""
        number: int = self._socket.getsockname()[1]
        return number

    def start(self) -> None:
        """Accept connections."""
        self._thread = concurrency.spawn(self._run)

    def _run(self) -> None:
        eventlet.wsgi.server(
            self._socket, self._app, log_output=False, debug=False,
            log=logging.getLogger("eventlet.wsgi"),
            max_size=self._conf.limits.connections,
            socket_timeout=self._conf.limits.idle_seconds,
            protocol=Connection)

    def stop(self, timeout: float) -> None:
        """Accept no more; wait ``timeout`` s for requests in progress."""
        if self._thread is None:
            return
        try:
            with concurrency.Timeout(timeout):
                # The server's own way out: closes idle connections and
                # waits for the busy ones.
                self._thread.kill()
        except TimeoutError:
            LOG.warning("Requests were cut off after %s s", timeout)
        self._socket.close()
