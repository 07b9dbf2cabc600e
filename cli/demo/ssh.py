"""Log in to a server with the real ssh client."""

import pathlib
import subprocess
import time

USER = "cirros"


class Failed(Exception):
    """The server cannot be logged in to."""


def ensure_key(folder: pathlib.Path) -> pathlib.Path:
    """Make the demonstration's key; return the private one's file."""
    folder.mkdir(mode=0o700, exist_ok=True)
    key = folder / "id_ed25519"
    if not key.exists():
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "pileus",
             "-f", str(key)], check=True, stdin=subprocess.DEVNULL)
    return key


def command(key: pathlib.Path, address: str) -> list[str]:
    # A new server may have the address of one that is gone.
    return ["ssh", "-i", str(key), "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            f"{USER}@{address}"]


def run(key: pathlib.Path, address: str, script: str,
        timeout: float) -> str:
    """Run a script in the guest as soon as it lets us in."""
    deadline = time.monotonic() + timeout
    argv = [*command(key, address)[:-1], "-o", "BatchMode=yes",
            "-o", "ConnectTimeout=2", f"{USER}@{address}", script]
    while True:
        done = subprocess.run(argv, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        # 255 is ssh's own; others are the script's.
        if done.returncode != 255:
            return done.stdout
        if time.monotonic() > deadline:
            raise Failed(f"no way in after {timeout:.0f} s:"
                         f" {done.stderr.strip()}")
        time.sleep(0.3)
