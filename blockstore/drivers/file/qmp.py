"""Talk to a storage daemon over its QMP socket."""

import json
import socket
from typing import Any

_MAX_LINE = 1 << 20


class Unreachable(Exception):
    """Nothing answers at the socket, or not in time."""


class Refused(Exception):
    """The daemon answered with an error."""


class Monitor:
    """A connection; use it in a ``with`` block.

    A storage daemon serves one connection at a time.
    """

    def __init__(self, path: str, timeout: float = 10) -> None:
        self._path = path
        self._timeout = timeout

    def __enter__(self) -> "Monitor":
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(self._timeout)
        try:
            self._socket.connect(self._path)
            self._file = self._socket.makefile("rb")
            self._read()  # the greeting
            self.call("qmp_capabilities")
        except OSError as error:
            self._socket.close()
            raise Unreachable(str(error)) from error
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._socket.close()

    def call(self, command: str, **arguments: Any) -> Any:
        """Return the command's result, or raise Refused."""
        order = {"execute": command, "arguments": {
            name.replace("_", "-"): value
            for name, value in arguments.items()}}
        try:
            self._socket.sendall(json.dumps(order).encode() + b"\n")
            while True:
                answer = self._read()
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise Refused(answer["error"].get("desc", ""))
        except OSError as error:
            raise Unreachable(str(error)) from error

    def _read(self) -> dict[str, Any]:
        line = self._file.readline(_MAX_LINE)
        if not line.endswith(b"\n"):
            raise Unreachable("the connection was closed")
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise Unreachable("the answer is not QMP") from error
        return found
