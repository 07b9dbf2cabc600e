"""A guest of the tiny image under QEMU, without any cloud."""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

META = "http://169.254.169.254/openstack/latest"


def run(*argv, timeout=60, check=True, **kwargs):
    done = subprocess.run([str(word) for word in argv], text=True,
                          capture_output=True, timeout=timeout, **kwargs)
    assert done.returncode == 0 or not check, (argv, done.stderr)
    return done.stdout


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def metadata(key, uuid, name="vm1"):
    return json.dumps({
        "uuid": uuid, "hostname": f"{name}.example", "name": name,
        "public_keys": {"k1": key}, "meta": {"hostname": "not this"},
        "keys": [{"name": "k1", "type": "ssh", "data": key}]})


def config_drive(folder, meta, user_data=None):
    """Write a config drive; return its file."""
    latest = folder / "drive/openstack/latest"
    latest.mkdir(parents=True, exist_ok=True)
    (latest / "meta_data.json").write_text(meta)
    if user_data:
        (latest / "user_data").write_text(user_data)
    target = folder / "drive.iso"
    run("genisoimage", "-quiet", "-V", "config-2", "-J", "-r",
        "-o", target, folder / "drive")
    return target


@contextlib.contextmanager
def metadata_service(meta, user_data=None):
    """Serve metadata; yield the port and the list of paths asked for."""
    asked = []
    files = {"/openstack/latest/meta_data.json": meta,
             "/openstack/latest/user_data": user_data}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = files.get(self.path)
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write((body or "no").encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()


_RELAY = """
import os, socket, sys, threading
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def inward():
    while data := os.read(0, 65536):
        raw.sendall(data)
threading.Thread(target=inward, daemon=True).start()
while data := raw.recv(65536):
    os.write(1, data)
"""


def relay(folder, port):
    """Return a command that joins its input and output to a port."""
    script = folder / "relay.py"
    script.write_text(_RELAY)
    return f"{sys.executable} {script} {port}"


class Guest:
    """One virtual machine; its disk is an overlay that outlives it."""

    def __init__(self, folder, image, key):
        self.folder = folder
        self.disk = folder / "disk.qcow2"
        self._key = key
        self.port = free_port()
        self._process = None
        if not self.disk.exists():
            run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2",
                "-b", image, self.disk, "1G")

    @property
    def console(self):
        return (self.folder / "console").read_text(errors="replace")

    def start(self, *options, machine="pc", network="", drive="virtio",
              iso=None):
        """Start it; ``drive`` is the bus of the config drive."""
        serial = self.folder / "serial"
        (self.folder / "console").write_text("")
        argv = ["qemu-system-x86_64", "-machine", machine, "-accel", "tcg",
                "-m", "192", "-display", "none", "-nodefaults",
                "-no-user-config",
                "-drive", f"file={self.disk},if=virtio,cache=unsafe",
                "-netdev", "user,id=n,hostfwd=tcp:127.0.0.1:"
                f"{self.port}-:22{network}",
                "-device", "virtio-net-pci,netdev=n,romfile=",
                "-device", "virtio-rng-pci",
                "-chardev", f"socket,id=s,path={serial},server=on,wait=off,"
                f"logfile={self.folder / 'console'}", "-serial", "chardev:s",
                "-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off",
                *options]
        if iso and drive == "virtio":
            argv += ["-drive",
                     f"file={iso},if=virtio,format=raw,readonly=on"]
        elif iso and drive == "ide":
            argv += ["-drive", f"file={iso},if=ide,media=cdrom"]
        elif iso:
            argv += ["-device", "virtio-scsi-pci", "-drive",
                     f"file={iso},if=none,id=c,format=raw,readonly=on",
                     "-device", "scsi-cd,drive=c"]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def wait_for(self, text, timeout=150):
        """Wait until the console shows ``text``."""
        until = time.monotonic() + timeout
        while text not in self.console:
            assert time.monotonic() < until, self.console[-3000:]
            assert self._process.poll() is None, "QEMU has ended"
            time.sleep(0.1)

    def ssh(self, command, timeout=60, check=True):
        """Run a command in the guest; return what it printed."""
        return run("ssh", "-i", self._key, "-p", self.port,
                   "-oStrictHostKeyChecking=no", "-oBatchMode=yes",
                   "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR",
                   "-oConnectTimeout=30", "cirros@127.0.0.1", command,
                   timeout=timeout, check=check)

    def qmp(self, command, **arguments):
        """Give QEMU an order; return its answer."""
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(20)
            raw.connect(str(self.folder / "qmp"))
            stream = raw.makefile("rw")
            stream.readline()
            for order in ({"execute": "qmp_capabilities"},
                          {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(order) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "event" in answer:
                    answer = json.loads(stream.readline())
                assert "return" in answer, answer
        return answer["return"]

    def serial(self, *exchanges, timeout=60):
        """Wait for a text on the serial console and type a line, each."""
        seen = ""
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(timeout)
            raw.connect(str(self.folder / "serial"))
            raw.sendall(b"\n")
            for wanted, line in exchanges:
                part = ""
                while wanted not in part:
                    part += raw.recv(4096).decode(errors="replace")
                seen += part
                raw.sendall(line.encode() + b"\n")
        return seen

    def wait_off(self, timeout=60):
        """Wait until QEMU has ended by itself."""
        self._process.wait(timeout)

    def kill(self):
        """Pull the plug."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def cache_folder():
    """Return where packages are kept between runs."""
    return pathlib.Path(os.environ.get(
        "PILEUS_IMAGE_CACHE", "~/.cache/pileus/build")).expanduser()
