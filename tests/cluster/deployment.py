"""A distributed cloud: every daemon a process, over RabbitMQ and SQL."""

import contextlib
import os
import pathlib
import pwd
import signal
import subprocess
import sys
import time
from typing import Any

import requests
import sqlalchemy as sa

from cli import node
from common import concurrency, daemon
from tests.cluster.common import servers
from tests.functional import cloud

ROOT = pathlib.Path(__file__).parent.parent.parent
DATABASES = {
    ("identity", "database"): "identity",
    ("imagestore", "database"): "imagestore",
    ("network", "database"): "network",
    ("compute", "database"): "compute",
    ("compute", "cell_database"): "compute_cell1",
    ("blockstore", "database"): "blockstore",
    ("objectstore", "database"): "objectstore",
}
CONTROL = (
    "identity-api", "image-api", "network-api", "network-controller",
    "compute-api", "placement-api", "compute-conductor", "compute-metadata",
    "volume-api", "volume-scheduler", "volume-agent", "object-api")
ON_NODES = ("compute-agent", "network-metadata")


class Deployment(cloud.Cloud):
    """All daemons below ``state``, with two nodes; needs root.

    A supervisor starts a daemon again that has ended. What is in the file
    ``failpoints`` is switched on in all of them. ``options`` is added to
    the configuration.
    """

    def __init__(self, state: pathlib.Path, database: servers.Server,
                 rabbit: servers.Rabbit, options: str = "") -> None:
        self.state = state
        self.database = database
        self.rabbit = rabbit
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.places = [node.start(state, "node1"),
                       node.start(state / "2", "node2", join=state)]
        self._pileus = pwd.getpwnam("pileus")
        for folder in (state, state / "run", state / "2"):
            folder.mkdir(exist_ok=True)
            os.chown(folder, 0, self._pileus.pw_gid)
            folder.chmod(0o1771)
        self._write(options)
        self.conf = daemon.load_conf([str(state / "pileus.conf")])
        self._run("db", "upgrade", "--config", state / "pileus.conf")
        (state / "failpoints").write_text("")
        os.chown(state / "failpoints", self._pileus.pw_uid, 0)
        for name in (*CONTROL, *self.agents()):
            self.start(name)
        self._supervisor = concurrency.spawn(self._supervise)
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def agents() -> list[str]:
        """Return the daemons of the nodes, as ``daemon@node``."""
        return [f"{name}@{place}" for place in ("node1", "node2")
                for name in ON_NODES]

    def _write(self, options: str) -> None:
        path = cloud.write_conf(self.state)
        facts = self.places[0].facts.number
        run = self.places[0].run
        text = path.read_text().replace("[bus]\n", (
            f"[bus]\nurl = {self.rabbit.url}\n"))
        text = text.replace("driver = fake\n", "").replace(
            "vif_plugging_timeout = 0\n", "")
        text = text.replace(f"run_dir = {self.state}/run\n", "")
        text += (f"[ovn]\nnb = unix:{run}/ovn/ovnnb_db.sock\n"
                 f"sb = unix:{run}/ovn/ovnsb_db.sock\n"
                 f"[network]\npublic_cidr = 198.18.{facts}.0/24\n"
                 f"public_gateway = 198.18.{facts}.1\n")
        for (group, option), name in DATABASES.items():
            text += f"[{group}]\n{option} = {self._make_database(name)}\n"
        for group in cloud.GROUPS:
            text += f"[{group}]\nworkers = 2\n"
        path.write_text(text)
        metadata = text.split("[metadata]")[1].split("port = ")[1].split()[0]
        path.write_text(text + (
            f"[network]\nmetadata_url = http://127.0.0.1:{metadata}\n"
            f"{options}"))
        self._close(path)
        for place in self.places:
            own = self.state / f"{place.name}.conf"
            own.write_text(
                f"[DEFAULT]\nhost = {place.name}\n"
                f"state_dir = {place.state}\n"
                f"[node]\nname = {place.name}\nrun_dir = {place.run}\n"
                f"enter = {place.enter}\n")
            self._close(own)

    def _close(self, path: pathlib.Path) -> None:
        os.chown(path, 0, self._pileus.pw_gid)
        path.chmod(0o640)

    def _make_database(self, name: str) -> str:
        root = sa.make_url(self.database.url)
        driver = {"postgresql": "postgresql+psycopg",
                  "mysql": "mysql+pymysql"}[root.drivername]
        root = root.set(drivername=driver)
        engine = sa.create_engine(root, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return root.set(database=name).render_as_string(
            hide_password=False)

    def _run(self, *argv: Any) -> None:
        subprocess.run(
            [sys.executable, "-m", "cli.main", *map(str, argv)], check=True,
            cwd=ROOT, stdin=subprocess.DEVNULL, timeout=120)

    def start(self, name: str) -> None:
        """Start a daemon; ``name`` may be ``daemon@node``."""
        kind, _, where = name.partition("@")
        argv = [sys.executable, "-m", "cli.main", "service", kind,
                "--config", str(self.state / "pileus.conf"),
                "--config", str(self.state / f"{where or 'node1'}.conf")]
        environ = os.environ | {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PILEUS_FAILPOINTS_FILE": str(self.state / "failpoints")}
        with (self.state / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, cwd=ROOT, env=environ, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)

    def crash(self, name: str) -> None:
        """Kill a daemon with all its workers, as a power cut would."""
        self._signal(name, signal.SIGKILL)

    def _signal(self, name: str, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.processes[name].pid, number)

    def _supervise(self) -> None:
        while True:
            concurrency.sleep(0.5)
            for name, process in list(self.processes.items()):
                if process.poll() is not None:
                    self._signal(name, signal.SIGKILL)
                    self.start(name)

    def wait_ready(self, timeout: float = 120) -> None:
        """Wait until every API answers that it is ready."""
        deadline = time.monotonic() + timeout
        for group in cloud.GROUPS:
            while not self._answers(group):
                assert time.monotonic() < deadline, self.tell(group)
                time.sleep(0.2)
        while True:
            hosts = self._up_hosts()
            if hosts == {"node1", "node2"}:
                return
            assert time.monotonic() < deadline, f"up: {hosts}"
            time.sleep(0.5)

    def _answers(self, group: str) -> bool:
        try:
            return requests.get(self.url(group) + "/healthcheck",
                                timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _up_hosts(self) -> set[str]:
        admin = self.login()
        got = admin("compute", "GET", "/v2.1/os-services",
                    params={"binary": "nova-compute"})
        assert got.status_code == 200, got.text
        return {row["host"] for row in got.json()["services"]
                if row["state"] == "up"}

    def tell(self, what: str) -> str:
        """Return the ends of the logs, for a failing test."""
        return what + "\n" + "\n".join(
            f"--- {path.name}\n{path.read_text()[-1500:]}"
            for path in sorted(self.state.glob("*.log")))

    def guests(self) -> list[str]:
        """Return the ids of the guests on all nodes."""
        return [line for place in self.places
                for line in subprocess.run(
                    [place.enter, "virsh", "list", "--all", "--uuid"],
                    check=True, capture_output=True,
                    text=True).stdout.split()]

    def stop(self) -> None:
        """End the daemons gracefully, then the nodes."""
        self._supervisor.kill()
        for name in self.processes:
            self._signal(name, signal.SIGTERM)
        for name, process in self.processes.items():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(40)
            self._signal(name, signal.SIGKILL)
        self._end_storage_daemons()
        node.stop(self.state / "2", "node2")
        node.stop(self.state, "node1")

    def _end_storage_daemons(self) -> None:
        for path in self.state.glob("run/*/*.pid"):
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(path.read_text()), signal.SIGTERM)
