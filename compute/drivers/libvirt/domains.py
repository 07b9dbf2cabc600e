"""Write and read the XML of domains.

Everything is put into elements by library, so that no text of a user can
become markup.
"""

import dataclasses
import pathlib
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from compute import spec as specs
from compute.drivers.libvirt import devices
from compute.drivers.libvirt.settings import Settings

NAMESPACE = "urn:pileus:compute:1"
ElementTree.register_namespace("pileus", NAMESPACE)
_MARK = f"{{{NAMESPACE}}}server"

#: Hot-plug slots of machine q35; machine pc has enough by itself.
Q35_ROOT_PORTS = 20


@dataclasses.dataclass(frozen=True)
class Base:
    """The read-only file beneath a root disk."""

    path: pathlib.Path
    format: str


@dataclasses.dataclass(frozen=True)
class Mark:
    """What we note in each domain of ours."""

    owner: str
    server_id: str
    generation: int


def name(server_id: str) -> str:
    """Return the domain's name."""
    return f"instance-{server_id}"


def build(spec: specs.ServerSpec, settings: Settings,
          base: Base | None) -> str:
    """Return the definition of a server's domain.

    :param base: what the root disk lies on; None where the server has no
        root disk of its own
    """
    domain = Element(
        "domain", type="kvm" if settings.accelerated else "qemu")
    devices.text(domain, "name", name(spec.server_id))
    devices.text(domain, "uuid", spec.server_id)
    _add_mark(domain, spec, settings.owner)
    devices.text(domain, "memory", str(spec.flavor.ram_mib), unit="MiB")
    devices.text(domain, "vcpu", str(spec.flavor.vcpus))
    _add_machine(domain, spec, settings)
    for event, action in (("on_poweroff", "destroy"),
                          ("on_reboot", "restart"),
                          ("on_crash", "destroy")):
        devices.text(domain, event, action)
    _add_devices(SubElement(domain, "devices"), spec, settings, base)
    return ElementTree.tostring(domain, encoding="unicode")


def _add_mark(domain: Element, spec: specs.ServerSpec, owner: str) -> None:
    metadata = SubElement(domain, "metadata")
    SubElement(metadata, _MARK, owner=owner, id=spec.server_id,
               generation=str(spec.generation))


def _add_machine(domain: Element, spec: specs.ServerSpec,
                 settings: Settings) -> None:
    system = SubElement(domain, "os")
    devices.text(system, "type", "hvm", arch="x86_64",
                 machine=settings.machine)
    SubElement(system, "smbios", mode="sysinfo")
    _add_sysinfo(domain, spec)
    features = SubElement(domain, "features")
    for feature in ("acpi", "apic"):
        SubElement(features, feature)
    if settings.accelerated:
        SubElement(domain, "cpu", mode="host-model")
    else:
        cpu = SubElement(domain, "cpu", mode="maximum")
        # Five-level paging only makes emulation slower.
        SubElement(cpu, "feature", policy="disable", name="la57")
    clock = SubElement(domain, "clock", offset="utc")
    SubElement(clock, "timer", name="rtc", tickpolicy="catchup")
    SubElement(clock, "timer", name="pit", tickpolicy="delay")
    SubElement(clock, "timer", name="hpet", present="no")


def _add_sysinfo(domain: Element, spec: specs.ServerSpec) -> None:
    """Say what cloud-init's ds-identify looks for before the network."""
    sysinfo = SubElement(domain, "sysinfo", type="smbios")
    system = SubElement(sysinfo, "system")
    for entry, value in (("manufacturer", "Pileus"),
                         ("product", "OpenStack Compute"),
                         ("serial", spec.server_id),
                         ("uuid", spec.server_id),
                         ("family", "Virtual Machine")):
        devices.text(system, "entry", value, name=entry)


def _add_devices(parent: Element, spec: specs.ServerSpec,
                 settings: Settings, base: Base | None) -> None:
    _add_controllers(parent, settings)
    if base:
        parent.append(_root_disk(spec.server_id, settings, base))
    used = {"vda"} if base else set()
    for volume in spec.volumes:
        target = devices.target_name(volume.device, used)
        used.add(target)
        parent.append(devices.volume_disk(volume, target))
    if spec.config_drive:
        parent.append(_config_disk(spec.server_id, settings))
    for nic in spec.nics:
        parent.append(devices.interface(nic))
    _add_console(parent, settings.console(spec.server_id))
    SubElement(parent, "memballoon", model="none")


def _add_controllers(parent: Element, settings: Settings) -> None:
    SubElement(parent, "controller", type="usb", model="none")
    if settings.machine == "pc":
        return
    SubElement(parent, "controller", type="pci", model="pcie-root")
    for _ in range(Q35_ROOT_PORTS):
        SubElement(parent, "controller", type="pci",
                   model="pcie-root-port")
    # Small kernels know no AHCI, which q35 would put the config drive on.
    SubElement(parent, "controller", type="scsi", model="virtio-scsi")


def _root_disk(server_id: str, settings: Settings, base: Base) -> Element:
    disk = Element("disk", type="file", device="disk")
    SubElement(disk, "driver", name="qemu", type="qcow2",
               cache=settings.disk_cache, discard="unmap",
               detect_zeroes="unmap")
    SubElement(disk, "source", file=str(settings.disk(server_id)))
    backing = SubElement(disk, "backingStore", type="file")
    SubElement(backing, "format", type=base.format)
    source = SubElement(backing, "source", file=str(base.path))
    # All guests of the image read it: it stays as it is.
    SubElement(source, "seclabel", model="dac", relabel="no")
    SubElement(backing, "backingStore")
    SubElement(disk, "target", dev="vda", bus="virtio")
    SubElement(disk, "boot", order="1")
    return disk


def _config_disk(server_id: str, settings: Settings) -> Element:
    disk = Element("disk", type="file", device="cdrom")
    SubElement(disk, "driver", name="qemu", type="raw")
    SubElement(disk, "source", file=str(settings.config_drive(server_id)))
    if settings.machine == "pc":
        SubElement(disk, "target", dev="hda", bus="ide")
    else:
        SubElement(disk, "target", dev="sda", bus="scsi")
    SubElement(disk, "readonly")
    return disk


def _add_console(parent: Element, log: pathlib.Path) -> None:
    serial = SubElement(parent, "serial", type="pty")
    SubElement(serial, "log", file=str(log), append="off")
    SubElement(serial, "target", port="0")
    # A socket in the hypervisor's own directory: no port to reach.
    screen = SubElement(parent, "graphics", type="vnc")
    SubElement(screen, "listen", type="socket")
    video = SubElement(parent, "video")
    SubElement(video, "model", type="vga")
    rng = SubElement(parent, "rng", model="virtio")
    devices.text(rng, "backend", "/dev/urandom", model="random")


def uuid_of(domain_xml: str) -> str:
    """Return the UUID in a definition."""
    root = ElementTree.fromstring(domain_xml)  # noqa: S314 our own
    return root.findtext("uuid", "")


def mark(metadata_xml: str) -> Mark | None:
    """Return our mark, from the metadata of a domain."""
    root = ElementTree.fromstring(metadata_xml)  # noqa: S314 libvirt's own
    found = root if root.tag in (_MARK, "server") else root.find(_MARK)
    if found is None:
        return None
    return Mark(found.get("owner", ""), found.get("id", ""),
                int(found.get("generation", "0")))
