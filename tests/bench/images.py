"""Print how fast images come and go, beside cp and a plain file server.

``python -m tests.bench.images [FOLDER]``; needs 4 GiB of room there.
"""

import contextlib
import hashlib
import http.client
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable

from tests.bench.identity import used_s

SIZE = 1 << 30
_CHUNK = 1 << 20
_ROUNDS = 3
_TYPE = {"Content-Type": "application/octet-stream"}


def main() -> None:
    """Measure in a folder of its own, and remove it."""
    base = sys.argv[1] if len(sys.argv) > 1 else None
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pileus-", dir=base))
    _say("load", " ".join(map(str, os.getloadavg())))
    try:
        source = folder / "source"
        with source.open("wb") as file:
            for _ in range(SIZE // _CHUNK):
                file.write(os.urandom(_CHUNK))
        _files(folder, source)
        _plain(folder, source)
        _service(folder, source)
    finally:
        shutil.rmtree(folder)


def _say(what: str, figure: str) -> None:
    print(f"{what:52} {figure}", flush=True)


def _rate(what: str, act: Callable[[], object],
          rounds: int = _ROUNDS) -> None:
    """Print the best of some rounds."""
    best = 0.0
    for _ in range(rounds):
        begun = time.monotonic()
        act()
        best = max(best, SIZE / (time.monotonic() - begun))
    _say(what, f"{best / 1e6:.0f} MB/s")


def _files(folder: pathlib.Path, source: pathlib.Path) -> None:
    _rate("cp", lambda: subprocess.run(
        ["cp", str(source), str(folder / "copy")], check=True))
    _rate("cp, and sync it", lambda: subprocess.run(
        ["sh", "-c", 'cp "$0" "$1" && sync "$1"', str(source),
         str(folder / "copy")], check=True))
    for algorithm in ("md5", "sha512"):
        _rate(f"{algorithm}sum", lambda: subprocess.run(
            [f"{algorithm}sum", str(source)], check=True,
            stdout=subprocess.DEVNULL))
    _rate("both digests side by side, in memory", _digests)
    (folder / "copy").unlink()


def _digests() -> None:
    """What an upload has to compute; the most that it can be."""
    chunk = bytes(_CHUNK)

    def tell(digest: "hashlib._Hash") -> None:
        for _ in range(SIZE // _CHUNK):
            digest.update(chunk)
    threads = [threading.Thread(target=tell, args=(digest,)) for digest in (
        hashlib.md5(usedforsecurity=False), hashlib.sha512())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _plain(folder: pathlib.Path, source: pathlib.Path) -> None:
    """A server that does nothing but sendfile: the most that there is."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        child = os.fork()
        if not child:
            _serve(listening, source)
        try:
            _downloads("plain server", child, port, "/")
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


def _serve(listening: socket.socket, source: pathlib.Path) -> None:
    with source.open("rb") as file:
        while True:
            peer, _ = listening.accept()
            with peer, contextlib.suppress(OSError):
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                             b"Content-Length: %d\r\n\r\n" % SIZE)
                peer.sendfile(file)
                file.seek(0)


def _downloads(what: str, pid: int, port: int, path: str,
               headers: dict[str, str] | None = None) -> None:
    """Print how fast a client gets it that keeps it, and one that does not.

    The second is measured because the first takes longer than servers do.
    """
    before = used_s(pid)
    for flags, how in ((0, ""), (socket.MSG_TRUNC, ", dropped by the client")):
        _rate(f"{what}, download{how}",
              lambda: _download(port, path, headers or {}, flags))
    _say(f"{what}, processor time of a download",
         f"{(used_s(pid) - before) / 2 / _ROUNDS:.2f} s")


def _service(folder: pathlib.Path, source: pathlib.Path) -> None:
    """The image service, by itself, as a member of a project."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.image_server", str(folder / "s"),
         str(port)])
    try:
        _wait(port)
        before = _memory_kib(child.pid)
        used = used_s(child.pid)
        made: list[str] = []
        _rate("upload", lambda: made.append(_upload(port, source)))
        _say("memory that the uploads added",
             f"{(_memory_kib(child.pid) - before) / 1024:.0f} MiB")
        _say("processor time of an upload",
             f"{(used_s(child.pid) - used) / _ROUNDS:.2f} s")
        path = f"/v2/images/{made[-1]}/file"
        _rate("download, the first: looked at",
              lambda: _download(port, path, {}), rounds=1)
        _downloads("image service", child.pid, port, path)
        _downloads("image service, a range", child.pid, port, path,
                   {"Range": "bytes=1-"})
        _say("memory that all added at most",
             f"{(_memory_kib(child.pid) - before) / 1024:.0f} MiB")
    finally:
        child.kill()
        child.wait()


def _wait(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the service does not start")


def _memory_kib(pid: int) -> int:
    """Return the most memory that the process ever held."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise ValueError("no VmHWM")


def _upload(port: int, source: pathlib.Path) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(
        "POST", "/v2/images",
        '{"container_format": "bare", "disk_format": "raw"}',
        {"Content-Type": "application/json"})
    answer = connection.getresponse()
    image = answer.headers["Location"].rpartition("/")[2]
    answer.read()
    connection.putrequest("PUT", f"/v2/images/{image}/file")
    for name, value in (_TYPE | {"Content-Length": str(SIZE)}).items():
        connection.putheader(name, value)
    connection.endheaders()
    with source.open("rb") as file:
        connection.sock.sendfile(file)
    answer = connection.getresponse()
    assert answer.status == 204, answer.read()
    connection.close()
    return image


def _download(port: int, path: str, headers: dict[str, str],
              flags: int = 0) -> None:
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close",
             *(f"{name}: {value}" for name, value in headers.items())]
    buffer = bytearray(_CHUNK)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall("\r\n".join([*lines, "\r\n"]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(1)
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length, head
        left = int(length[1])
        while left:
            got = sock.recv_into(buffer, 0, flags)
            assert got, "the answer is cut"
            left -= got


if __name__ == "__main__":
    main()
