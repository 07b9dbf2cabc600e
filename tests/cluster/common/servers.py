"""RabbitMQ, PostgreSQL and MariaDB from Debian, on scratch folders."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def free_port() -> int:
    """Return a port that nobody listens on."""
    with contextlib.closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Server:
    """A server process on a folder and a port of its own."""

    user: str | None = None
    patience_s = 60

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(
            prefix=f"pileus-{type(self).__name__.lower()}-", dir="/tmp"))
        self.folder.chmod(0o755)
        if self.user:
            shutil.chown(self.folder, self.user)
        self.processes: list[subprocess.Popen] = []
        self.guards: list[subprocess.Popen] = []
        self.set_up()
        self.start()

    def set_up(self) -> None:
        """Make what the first start needs."""

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Return command and environment."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Say whether it answers."""
        raise NotImplementedError

    def start(self) -> None:
        """Start, and wait until it answers."""
        argv, environ = self.command()
        with (self.folder / "out").open("ab") as out:
            self.processes.append(subprocess.Popen(
                argv, env=os.environ | environ, stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, start_new_session=True,
                user=self.user, group=self.user,
                extra_groups=[] if self.user else None))
        self.guard(self.processes[-1])
        give_up = time.monotonic() + self.patience_s
        while not self.ready():
            if time.monotonic() > give_up or self.processes[-1].poll():
                raise RuntimeError((self.folder / "out").read_text()[-2000:])
            time.sleep(0.2)

    def guard(self, process: subprocess.Popen) -> None:
        """Have the process killed when this one ends, however it does."""
        self.guards.append(subprocess.Popen(
            ["sh", "-c", f"read _; kill -9 -{process.pid}; "
             f"rm -rf {self.folder}"],
            stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True))

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it; its data stay."""
        guard = self.guards.pop()
        guard.kill()
        guard.wait()
        guard.stdin.close()
        process = self.processes.pop()
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def freeze(self, yes: bool = True) -> None:
        """Make it stop answering without closing anything, or go on."""
        os.killpg(self.processes[-1].pid,
                  signal.SIGSTOP if yes else signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove its data."""
        while self.processes:
            self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def listens(self) -> bool:
        """Say whether the port takes connections."""
        with contextlib.closing(socket.socket()) as sock:
            sock.settimeout(1)
            return sock.connect_ex(("127.0.0.1", self.port)) == 0


class Rabbit(Server):
    """RabbitMQ, with an epmd of its own.

    :param erlang: by default, schedulers do not spin while they wait: it
        shares the machine
    """

    def __init__(self, erlang: str = "+sbwt none") -> None:
        self.erlang = erlang
        super().__init__()

    def set_up(self) -> None:
        self.epmd_port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "log.console = false\nvm_memory_high_watermark.absolute = 2GB\n"
            "disk_free_limit.absolute = 10MB\n")
        (self.folder / "plugins").write_text("[].\n")
        self.processes.append(subprocess.Popen(
            ["epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port)],
            start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))
        self.guard(self.processes[-1])

    def environ(self) -> dict[str, str]:
        """Return what its command line tools need too."""
        return {
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "RABBITMQ_NODENAME": f"r{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": f"{self.folder}/data",
            "RABBITMQ_LOG_BASE": f"{self.folder}/log",
            "RABBITMQ_CONFIG_FILE": f"{self.folder}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.folder}/plugins",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": self.erlang,
        }

    def command(self) -> tuple[list[str], dict[str, str]]:
        return (["/usr/lib/rabbitmq/bin/rabbitmq-server"], self.environ())

    def ready(self) -> bool:
        # It listens some seconds before it talks.
        with contextlib.closing(socket.socket()) as sock:
            sock.settimeout(1)
            try:
                sock.connect(("127.0.0.1", self.port))
                sock.sendall(b"AMQP\x00\x00\x09\x01")
                return sock.recv(1) == b"\x01"
            except OSError:
                return False

    def control(self, *argv: str) -> str:
        """Run rabbitmqctl."""
        return subprocess.run(
            ["/usr/lib/rabbitmq/bin/rabbitmqctl", *argv],
            env=os.environ | self.environ(), check=True,
            capture_output=True, text=True, timeout=60).stdout


class Postgres(Server):
    """PostgreSQL, with text compared byte by byte."""

    user = "postgres"

    def set_up(self) -> None:
        self.bin = sorted(pathlib.Path("/usr/lib/postgresql").iterdir())[-1]
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        subprocess.run(
            [f"{self.bin}/bin/initdb", "-D", f"{self.folder}/data", "-E",
             "UTF8", "--locale=C", "--auth=trust", "--no-sync"],
            check=True, capture_output=True, user=self.user,
            group=self.user, extra_groups=[], cwd="/")

    def command(self) -> tuple[list[str], dict[str, str]]:
        return ([f"{self.bin}/bin/postgres", "-D", f"{self.folder}/data",
                 "-p", str(self.port), "-k", str(self.folder),
                 "-c", "listen_addresses=127.0.0.1",
                 "-c", "shared_buffers=32MB",
                 # The kernel keeps what a killed server wrote.
                 "-c", "fsync=off", "-c", "full_page_writes=off"], {})

    def stop(self, number: int = signal.SIGINT) -> None:
        # SIGTERM would wait for the clients to leave.
        super().stop(signal.SIGINT if number == signal.SIGTERM else number)

    def ready(self) -> bool:
        return subprocess.run(
            [f"{self.bin}/bin/pg_isready", "-q", "-h", "127.0.0.1", "-p",
             str(self.port)], check=False).returncode == 0


class MariaDB(Server):
    """MariaDB, as its own user."""

    user = "mysql"

    def set_up(self) -> None:
        self.url = f"mysql://root@127.0.0.1:{self.port}/pileus"
        subprocess.run(
            ["mariadb-install-db", "--no-defaults",
             f"--datadir={self.folder}/data", "--user=mysql",
             "--auth-root-authentication-method=normal",
             "--skip-test-db"], check=True, capture_output=True)
        # The tools of Debian log in by socket; tests do by TCP.
        (self.folder / "init.sql").write_text(
            "CREATE DATABASE IF NOT EXISTS pileus CHARACTER SET utf8mb4"
            " COLLATE utf8mb4_nopad_bin;\n")

    def command(self) -> tuple[list[str], dict[str, str]]:
        return (["mariadbd", "--no-defaults",
                 f"--datadir={self.folder}/data",
                 f"--socket={self.folder}/sock", f"--port={self.port}",
                 "--bind-address=127.0.0.1",
                 f"--init-file={self.folder}/init.sql",
                 f"--pid-file={self.folder}/pid",
                 "--innodb-buffer-pool-size=32M", "--skip-name-resolve",
                 "--innodb-log-file-size=16M",
                 "--innodb-flush-log-at-trx-commit=2",
                 "--innodb-flush-method=nosync"], {})

    def ready(self) -> bool:
        return self.listens()
