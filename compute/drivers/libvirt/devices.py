"""The XML of disks and network cards that come and go."""

import os
import string
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from compute import exceptions
from compute import spec as specs

#: Finds a device in the XML of a domain.
Find = Callable[[str], Element | None]

#: Seconds that a disk waits for its export to come back.
RECONNECT_S = 30
_LETTERS = string.ascii_lowercase
_OFFLOADS = ("csum", "tso4", "tso6", "ufo", "ecn")


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
    text(disk, "serial", volume.serial or volume.volume_id)
    if volume.read_only:
        SubElement(disk, "readonly")
    if target == "vda":
        SubElement(disk, "boot", order="1")
    return disk


def check_here(volume: specs.Volume) -> None:
    """Raise VolumeNotAttached where this host cannot reach the volume.

    What is served on a UNIX socket is so to its own machine only.
    """
    data = volume.connection_info.get("data") or {}
    if data.get("transport") == "unix" and not os.path.exists(
            str(data.get("socket"))):
        raise exceptions.VolumeNotAttached(
            volume_id=volume.volume_id,
            reason="nothing serves it on the server's host. Its backend "
                   "serves only its own machine, which is another one")


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


def text(parent: Element, tag: str, text: str, **attributes: str) -> Element:
    """Add an element with text to ``parent``."""
    child = SubElement(parent, tag, attributes)
    child.text = text
    return child


def tap(port_id: str) -> str:
    """Return the name of a port's device on the host."""
    return "tap" + port_id[:11]


def target_name(device: str | None, used: set[str]) -> str:
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


def same_source(one: Element, other: Element) -> bool:
    """Say whether two disks are connected to the same export."""
    def where(disk: Element) -> list[str | None]:
        source, host = disk.find("source"), disk.find("source/host")
        return [element.get(key) for element, key in (
            (source, "name"), (host, "socket"), (host, "name"),
            (host, "port")) if element is not None]
    return where(one) == where(other)


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
    return target_name(device_name, targets(domain_xml) | {"vda"})
