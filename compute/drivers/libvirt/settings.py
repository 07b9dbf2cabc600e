"""What the parts of the libvirt driver must know of this host."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Settings:
    """Paths and choices of one host."""

    uri: str
    owner: str  # the host's random id: marks the domains that are ours
    instances_dir: pathlib.Path
    images_dir: pathlib.Path
    host: str = ""
    host_ip: str = ""
    accelerated: bool = False  # KVM is real here
    machine: str = "pc"
    disk_cache: str = "writeback"
    reserved_memory_mib: int = 512
    reserved_disk_gib: int = 1
    log_bytes: int = 1 << 20

    def directory(self, server_id: str) -> pathlib.Path:
        """Return where the files of a server are."""
        return self.instances_dir / server_id

    def disk(self, server_id: str) -> pathlib.Path:
        """Return the file of the root disk."""
        return self.directory(server_id) / "disk.qcow2"

    def config_drive(self, server_id: str) -> pathlib.Path:
        """Return the file of the config drive."""
        return self.directory(server_id) / "config.iso"

    def console(self, server_id: str) -> pathlib.Path:
        """Return the file that the serial console is logged to."""
        return self.directory(server_id) / "console.log"
