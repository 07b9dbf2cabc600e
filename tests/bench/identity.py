"""Print what requests cost the identity service, in processor time.

    python -m tests.bench.identity [--database URL] [--rounds N]

It runs ``identity-api`` with two workers as distributed mode does, in a
folder of its own. Counted is the processor time of all its processes, and
of a database server's with ``--database``, whose database must be empty.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.functional.cloud import free_ports

ROOT = pathlib.Path(__file__).parent.parent.parent
PASSWORD = "bench-admin"
WORKERS = 2
PROJECTS, USERS = 100, 1000
BATCHES = 5
_TICKS = os.sysconf("SC_CLK_TCK")
#: Command names of database servers.
_SERVERS = ("postgres", "mariadbd")


def main() -> None:
    """Start a service of its own, measure, and remove it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="SQLAlchemy URL; else SQLite")
    parser.add_argument("--rounds", type=int, default=500,
                        help="requests of each kind")
    asked = parser.parse_args()
    say("load", " ".join(map(str, os.getloadavg())))
    with service(asked.database) as running:
        measure(running, asked.rounds)
    say("load", " ".join(map(str, os.getloadavg())))


def say(what: str, *figures: str) -> None:
    """Print figures."""
    print(f"{what:44}", *(f"{figure:>16}" for figure in figures),
          flush=True)


class Service:
    """The processes, and a connection to each worker."""

    def __init__(self, pid: int, port: int, remote: bool) -> None:
        self.pid = pid
        self._remote = remote
        self._doors = [http.client.HTTPConnection(
            "127.0.0.1", port, timeout=60) for _ in range(2 * WORKERS)]
        self._turn = 0

    def ready(self) -> bool:
        """Say whether it serves."""
        try:
            return self.send("GET", "/healthcheck")[0] == 200
        except OSError:
            for door in self._doors:
                door.close()
            return False

    def send(self, method: str, path: str, body: Any = None,
             **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer."""
        self._turn += 1
        door = self._doors[self._turn % len(self._doors)]
        door.request(
            method, path, json.dumps(body) if body is not None else None,
            {name.replace("_", "-"): text
             for name, text in headers.items()})
        got = door.getresponse()
        return got.status, dict(got.headers), got.read()

    def must(self, *args: Any, **headers: str) -> tuple[dict[str, str], Any]:
        """Return headers and JSON of the answer, which is a success."""
        status, sent, text = self.send(*args, **headers)
        assert status < 300, (args, status, text[:500])
        return sent, json.loads(text) if text else None

    def pids(self) -> list[int]:
        """Return supervisor and workers."""
        return [self.pid, *children(self.pid)]

    def cpu_s(self) -> float:
        """Return the processor time used so far."""
        pids = self.pids()
        if self._remote:
            pids += servers()
        return sum(used_s(pid) for pid in pids)


def children(pid: int) -> list[int]:
    """Return the pids of a process's children."""
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def servers() -> list[int]:
    """Return the pids of all database servers here."""
    return [int(path.parent.name)
            for path in pathlib.Path("/proc").glob("[0-9]*/comm")
            if readable(path).strip() in _SERVERS]


def used_s(pid: int) -> float:
    """Return the processor time of one process, in seconds."""
    # Finer than the clock ticks of /proc/PID/stat: nanoseconds.
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total += int((readable(task) or "0").split()[0])
    return total / 1e9


def readable(path: pathlib.Path) -> str:
    """Return the text of a file of /proc, "" if its process has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""


@contextlib.contextmanager
def service(database: str | None) -> Iterator[Service]:
    """Run the daemon, on databases that are its own."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pileus-", dir="/tmp"))
    folder.chmod(0o777)
    port = free_ports(1)[0]
    conf = folder / "pileus.conf"
    conf.write_text(
        f"[DEFAULT]\nstate_dir = {folder}\n"
        f"[auth]\nurl = http://127.0.0.1:{port}\n"
        f"[bootstrap]\nadmin_password = {PASSWORD}\n"
        f"[identity]\nport = {port}\nworkers = {WORKERS}\n"
        + (f"database = {database}\n" if database else ""))
    command = [sys.executable, "-m", "cli.main"]
    subprocess.run([*command, "db", "upgrade", "--config", conf], cwd=ROOT,
                   check=True)
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [*command, "service", "identity-api", "--config", conf],
            cwd=ROOT, stderr=log)
        try:
            running = Service(process.pid, port, database is not None)
            while not running.ready():
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            shutil.rmtree(folder)


def measure(running: Service, rounds: int) -> None:
    """Print the figures."""
    login = credentials("admin", PASSWORD)
    admin = token(running, login)
    time.sleep(5)
    memory(running)
    say("", "CPU per request", "median latency")
    for name in ("/v3", "/v3/auth/tokens (slow hash)"):
        count = rounds if name == "/v3" else 20
        cost(running, name, count, slow_logins(running, admin, count)
             if count == 20 else lambda: running.must("GET", "/v3"))
    cost(running, "token issue, password remembered", rounds,
         lambda: running.must("POST", "/v3/auth/tokens", login))
    cost(running, "validation of a seen token", rounds,
         lambda: running.must(
             "GET", "/v3/auth/tokens?nocatalog", X_Auth_Token=admin,
             X_Subject_Token=admin))
    fresh = iter([token(running, login) for _ in range(rounds)])
    cost(running, "validation of an unseen token", rounds,
         lambda: running.must(
             "GET", "/v3/auth/tokens?nocatalog", X_Auth_Token=admin,
             X_Subject_Token=next(fresh)))
    lists(running, admin, rounds)


def lists(running: Service, admin: str, rounds: int) -> None:
    """Print what lists cost."""
    for number in range(PROJECTS):
        running.must("POST", "/v3/projects", {"project": {
            "name": f"p{number}", "domain_id": "default"}},
            X_Auth_Token=admin)
    cost(running, f"list of {PROJECTS} projects", rounds // 5,
         lambda: running.must("GET", f"/v3/projects?limit={PROJECTS}",
                              X_Auth_Token=admin))
    for number in range(USERS):
        running.must("POST", "/v3/users", {"user": {
            "name": f"u{number}"}}, X_Auth_Token=admin)
    cost(running, f"list of {USERS} users", rounds // 20,
         lambda: running.must("GET", f"/v3/users?limit={USERS}",
                              X_Auth_Token=admin))


def credentials(name: str, password: str) -> dict[str, Any]:
    """Return the body of a login, on project admin."""
    return {"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": name, "domain": {"id": "default"},
            "password": password}}},
        "scope": {"project": {"name": "admin",
                              "domain": {"id": "default"}}}}}


def token(running: Service, login: dict[str, Any]) -> str:
    """Return a new token."""
    headers, _ = running.must("POST", "/v3/auth/tokens", login)
    return headers["X-Subject-Token"]


def slow_logins(running: Service, admin: str,
                count: int) -> Callable[[], object]:
    """Return what logs in a user whose password nobody remembers."""
    _, roles = running.must("GET", "/v3/roles?name=reader",
                            X_Auth_Token=admin)
    _, found = running.must("GET", "/v3/projects?name=admin",
                            X_Auth_Token=admin)
    names = []
    for number in range(count + 1):
        name = f"slow{number}"
        _, made = running.must("POST", "/v3/users", {"user": {
            "name": name, "password": name}}, X_Auth_Token=admin)
        running.must(
            "PUT", f"/v3/projects/{found['projects'][0]['id']}/users/"
            f"{made['user']['id']}/roles/{roles['roles'][0]['id']}",
            X_Auth_Token=admin)
        names.append(name)
    turns = iter(names)

    def login() -> None:
        name = next(turns)
        token(running, credentials(name, name))
    return login


def cost(running: Service, what: str, rounds: int,
         act: Callable[[], object]) -> None:
    """Print what one ``act`` costs, and how long it takes.

    The cost is that of the best of a few batches: other work on the
    machine can only add to it.
    """
    took = []
    used = []
    size = rounds // BATCHES
    for _ in range(BATCHES):
        before = running.cpu_s()
        for _ in range(size):
            begun = time.monotonic()
            act()
            took.append(time.monotonic() - begun)
        used.append((running.cpu_s() - before) / size)
    say(what, f"{min(used) * 1000:.2f} ms",
        f"{statistics.median(took) * 1000:.2f} ms")


def memory(running: Service) -> None:
    """Print the memory of the idle service."""
    total = 0
    for pid in running.pids():
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in lines.splitlines()
                      if line.startswith("Pss:"))
    say(f"PSS, idle, {WORKERS} workers", f"{total / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
