"""Write and read the XML of domains.

Everything is put into elements by library, so that no text of a user can
become markup.
"""

import dataclasses
import pathlib
import string
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from compute import exceptions
from compute import spec as specs
from compute.drivers.libvirt.settings import Settings

NAMESPACE = "urn:pileus:compute:1"
ElementTree.register_namespace("pileus", NAMESPACE)
_MARK = f"{{{NAMESPACE}}}server"

#: Hot-plug slots of machine q35; machine pc has enough by itself.
Q35_ROOT_PORTS = 20
Find = Callable[[str], Element | None]

#: Seconds that a disk waits for its export to come back.
RECONNECT_S = 30
_LETTERS = string.ascii_lowercase
_OFFLOADS = ("csum", "tso4", "tso6", "ufo", "ecn")


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
    return f"pileus-{server_id}"


def build(spec: specs.ServerSpec, settings: Settings,
          base: Base | None) -> str:
    """Return the definition of a server's domain.

    :param base: what the root disk lies on; None where the server has no
        root disk of its own
    """
    domain = Element(
        "domain", type="kvm" if settings.accelerated else "qemu")
    _text(domain, "name", name(spec.server_id))
    _text(domain, "uuid", spec.server_id)
    _add_mark(domain, spec, settings.owner)
    _text(domain, "memory", str(spec.flavor.ram_mib), unit="MiB")
    _text(domain, "vcpu", str(spec.flavor.vcpus))
    _add_machine(domain, spec, settings)
    for event, action in (("on_poweroff", "destroy"),
                          ("on_reboot", "restart"),
                          ("on_crash", "destroy")):
        _text(domain, event, action)
    _add_devices(SubElement(domain, "devices"), spec, settings, base)
    return ElementTree.tostring(domain, encoding="unicode")


def _text(parent: Element, tag: str, text: str, **attributes: str) -> Element:
    child = SubElement(parent, tag, attributes)
    child.text = text
    return child


def _add_mark(domain: Element, spec: specs.ServerSpec, owner: str) -> None:
    metadata = SubElement(domain, "metadata")
    SubElement(metadata, _MARK, owner=owner, id=spec.server_id,
               generation=str(spec.generation))


def _add_machine(domain: Element, spec: specs.ServerSpec,
                 settings: Settings) -> None:
    system = SubElement(domain, "os")
    _text(system, "type", "hvm", arch="x86_64", machine=settings.machine)
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
        _text(system, "entry", value, name=entry)


def _add_devices(devices: Element, spec: specs.ServerSpec,
                 settings: Settings, base: Base | None) -> None:
    _add_controllers(devices, settings)
    if base:
        devices.append(_root_disk(spec.server_id, settings, base))
    used = {"vda"} if base else set()
    for volume in spec.volumes:
        target = _target(volume.device, used)
        used.add(target)
        devices.append(volume_disk(volume, target))
    if spec.config_drive:
        devices.append(_config_disk(spec.server_id, settings))
    for nic in spec.nics:
        devices.append(interface(nic))
    _add_console(devices, settings.console(spec.server_id))
    SubElement(devices, "memballoon", model="none")


def _add_controllers(devices: Element, settings: Settings) -> None:
    SubElement(devices, "controller", type="usb", model="none")
    if settings.machine == "pc":
        return
    SubElement(devices, "controller", type="pci", model="pcie-root")
    for _ in range(Q35_ROOT_PORTS):
        SubElement(devices, "controller", type="pci",
                   model="pcie-root-port")
    # Small kernels know no AHCI, which q35 would put the config drive on.
    SubElement(devices, "controller", type="scsi", model="virtio-scsi")


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


def volume_disk(volume: specs.Volume, target: str) -> Element:
    """Return the element of an attached volume.

    :raises VolumeNotAttached: if its kind or its identity is wrong
    """
    info = volume.connection_info
    kind, data = info.get("driver_volume_type"), info.get("data") or {}
    # What the backend connected must be the volume that was asked for.
    if data.get("serial", volume.volume_id) != volume.volume_id:
        raise exceptions.VolumeNotAttached(
            volume_id=volume.volume_id,
            reason="the backend offers another volume")
    if kind != "nbd":
        raise exceptions.VolumeNotAttached(
            volume_id=volume.volume_id,
            reason="this host cannot connect volumes of that type")
    disk = Element("disk", type="network", device="disk")
    SubElement(disk, "driver", name="qemu", type="raw", cache="none",
               discard="unmap")
    disk.append(_nbd_source(data))
    SubElement(disk, "target", dev=target, bus="virtio")
    _text(disk, "serial", volume.serial or volume.volume_id)
    if volume.read_only:
        SubElement(disk, "readonly")
    if target == "vda":
        SubElement(disk, "boot", order="1")
    return disk


def _nbd_source(data: dict[str, Any]) -> Element:
    source = Element("source", protocol="nbd", name=str(data["export"]))
    if data.get("transport") == "unix":
        SubElement(source, "host", transport="unix",
                   socket=str(data["socket"]))
    else:
        SubElement(source, "host", name=str(data["host"]),
                   port=str(data["port"]))
    SubElement(source, "reconnect", delay=str(RECONNECT_S))
    return source


def interface(nic: specs.Nic) -> Element:
    """Return the element of a port's network card.

    A userspace switch reads the frames raw, so checksums are complete and
    frames small on both sides.
    """
    card = Element("interface", type="bridge")
    SubElement(card, "mac", address=nic.mac)
    SubElement(card, "source", bridge=nic.bridge)
    virtual = SubElement(card, "virtualport", type="openvswitch")
    SubElement(virtual, "parameters", interfaceid=nic.port_id)
    SubElement(card, "target", dev=tap(nic.port_id))
    SubElement(card, "model", type="virtio")
    driver = SubElement(card, "driver", name="qemu")
    off = dict.fromkeys(_OFFLOADS, "off")
    SubElement(driver, "host", off | {"gso": "off"})
    SubElement(driver, "guest", off)
    SubElement(card, "mtu", size=str(nic.mtu))
    # Guests start from disks; network boot code only takes time.
    SubElement(card, "rom", enabled="no")
    return card


def tap(port_id: str) -> str:
    """Return the name of a port's device on the host."""
    return "tap" + port_id[:11]


def _add_console(devices: Element, log: pathlib.Path) -> None:
    serial = SubElement(devices, "serial", type="pty")
    SubElement(serial, "log", file=str(log), append="off")
    SubElement(serial, "target", port="0")
    # A socket in the hypervisor's own directory: no port to reach.
    screen = SubElement(devices, "graphics", type="vnc")
    SubElement(screen, "listen", type="socket")
    video = SubElement(devices, "video")
    SubElement(video, "model", type="vga")
    rng = SubElement(devices, "rng", model="virtio")
    _text(rng, "backend", "/dev/urandom", model="random")


def _target(device: str | None, used: set[str]) -> str:
    """Return the wanted device name if it is free, else the next one."""
    wanted = (device or "").removeprefix("/dev/")
    if wanted and wanted not in used:
        return wanted
    return next(f"vd{letter}" for letter in _LETTERS
                if f"vd{letter}" not in used)


# What is read from the definitions that libvirt returns.


def text_of(element: Element) -> str:
    """Return the element as XML."""
    return ElementTree.tostring(element, encoding="unicode")


def mark(metadata_xml: str) -> Mark | None:
    """Return our mark, from the metadata of a domain."""
    root = ElementTree.fromstring(metadata_xml)  # noqa: S314 libvirt's own
    found = root if root.tag in (_MARK, "server") else root.find(_MARK)
    if found is None:
        return None
    return Mark(found.get("owner", ""), found.get("id", ""),
                int(found.get("generation", "0")))


def targets(domain_xml: str) -> set[str]:
    """Return the device names that are taken."""
    root = ElementTree.fromstring(domain_xml)  # noqa: S314 libvirt's own
    return {target.get("dev", "")
            for target in root.findall("devices/disk/target")}


def find_volume(domain_xml: str, volume_id: str) -> Element | None:
    """Return the disk with the volume's serial."""
    root = ElementTree.fromstring(domain_xml)  # noqa: S314 libvirt's own
    for disk in root.findall("devices/disk"):
        if disk.findtext("serial") == volume_id:
            return disk
    return None


def device(disk: Element) -> str:
    """Return the device name of a disk, as ``/dev/vdb``."""
    target = disk.find("target")
    return "/dev/" + (target.get("dev", "") if target is not None else "")


def find_nic(domain_xml: str, port_id: str) -> Element | None:
    """Return the card of the port."""
    root = ElementTree.fromstring(domain_xml)  # noqa: S314 libvirt's own
    for card in root.findall("devices/interface"):
        parameters = card.find("virtualport/parameters")
        if (parameters is not None
                and parameters.get("interfaceid") == port_id):
            return card
    return None


def choose_target(device_name: str | None, domain_xml: str) -> str:
    """Return a free device name for a disk, the wanted one if it can be."""
    return _target(device_name, targets(domain_xml) | {"vda"})
