"""What is asked of libvirt; all of it runs in native threads.

So there is nothing green in here, and no logging.
"""

import contextlib
from collections.abc import Callable
from typing import TypeVar
from xml.etree.ElementTree import Element

import libvirt

from compute.drivers import base
from compute.drivers.libvirt import devices, domains

T = TypeVar("T")

_ACTIVE_STATES = {
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_BLOCKED: "running",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTDOWN: "running",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "paused",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
}
_UNDEFINE = (libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
             | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
             | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
             | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
_RENAME = (libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM
           | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
_LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
_CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG


def run(conn: libvirt.virConnect, *, server_id: str, owner: str,
        func: Callable[[libvirt.virDomain], T]) -> T | None:
    """Return what ``func`` says of the domain; None if it is not ours."""
    try:
        domain = conn.lookupByUUIDString(server_id)
        # One that another owner made is none of ours to touch.
        return func(domain) if is_ours(domain, owner) else None
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def is_ours(domain: libvirt.virDomain, owner: str) -> bool:
    """Say whether the domain bears our mark."""
    try:
        xml = domain.metadata(
            libvirt.VIR_DOMAIN_METADATA_ELEMENT, domains.NAMESPACE)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (
                libvirt.VIR_ERR_NO_DOMAIN_METADATA,
                libvirt.VIR_ERR_NO_DOMAIN):
            return False
        raise
    mark = domains.mark(xml)
    return mark is not None and mark.owner == owner


def guest(domain: libvirt.virDomain) -> base.Guest:
    """Return the domain as a guest."""
    state, reason = domain.state()
    crashed = (state == libvirt.VIR_DOMAIN_SHUTOFF
               and reason == libvirt.VIR_DOMAIN_SHUTOFF_CRASHED)
    power = "crashed" if crashed else _ACTIVE_STATES.get(state, "shutdown")
    return base.Guest(
        domain.UUIDString(), power, domain.name(),
        ended_itself=(state == libvirt.VIR_DOMAIN_SHUTOFF
                      and reason == libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN))


def start(conn: libvirt.virConnect, *, xml: str,
          paused: bool) -> base.Guest:
    """Define the domain anew and start it."""
    domain = define(conn, xml)
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED if paused else 0)
    return guest(domain)


def define(conn: libvirt.virConnect, xml: str) -> libvirt.virDomain:
    """Define the domain; an older definition gives way."""
    try:
        return conn.defineXML(xml)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_FAILED:
            raise
        # An earlier release gave it another name.
        old = conn.lookupByUUIDString(domains.uuid_of(xml))
        old.undefineFlags(_RENAME)
        return conn.defineXML(xml)


def resume(domain: libvirt.virDomain) -> None:
    """Let the guest run if it is paused."""
    if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED:
        domain.resume()


def ask_off(domain: libvirt.virDomain) -> None:
    """Press the guest's power button."""
    # It may have gone meanwhile: who asked looks again.
    with contextlib.suppress(libvirt.libvirtError):
        domain.shutdownFlags(libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)


def cut_power(domain: libvirt.virDomain) -> None:
    """End the guest at once."""
    try:
        domain.destroy()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID:
            raise  # anything but: it is off already


def _flags(domain: libvirt.virDomain) -> list[int]:
    return [_LIVE, _CONFIG] if domain.isActive() else [_CONFIG]


def _xml(domain: libvirt.virDomain, flag: int) -> str:
    return str(domain.XMLDesc(
        libvirt.VIR_DOMAIN_XML_INACTIVE if flag == _CONFIG else 0))


def attach(domain: libvirt.virDomain, *, find: devices.Find,
           make: Callable[[str], Element]) -> Element | None:
    """Add a device to guest and definition; return it as found after."""
    flags = _flags(domain)
    found = find(_xml(domain, flags[0]))
    device = devices.text_of(
        make(_xml(domain, flags[0])) if found is None else found)
    for flag in flags:
        if find(_xml(domain, flag)) is None:
            domain.attachDeviceFlags(device, flag)
    return find(_xml(domain, flags[0]))


def detach(domain: libvirt.virDomain, *, find: devices.Find,
           ask: bool) -> bool:
    """Say whether the device is gone everywhere; ask for it if told to."""
    gone = True
    for flag in _flags(domain):
        device = find(_xml(domain, flag))
        if device is not None and ask:
            _ask_unplug(domain, device, flag)
            device = find(_xml(domain, flag))
        gone = gone and device is None
    return gone


def _ask_unplug(domain: libvirt.virDomain, device: Element,
                flag: int) -> None:
    # The guest may be at it, or may have let go meanwhile: we look again.
    with contextlib.suppress(libvirt.libvirtError):
        domain.detachDeviceFlags(devices.text_of(device), flag)


def end_backup(domain: libvirt.virDomain) -> bool:
    """End what runs of a backup; say whether the guest is on."""
    if not domain.isActive():
        return False
    if backup_runs(domain):
        domain.abortJob()
    return True


def disk_bytes(domain: libvirt.virDomain, *, name: str) -> int:
    """Return the bytes that a disk of the guest has room for."""
    return int(domain.blockInfo(name)[0])


def begin_backup(domain: libvirt.virDomain, *, xml: str) -> None:
    """Begin to copy disks as they are at this moment, to files there."""
    domain.backupBegin(
        xml, None, libvirt.VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL)


def backup_runs(domain: libvirt.virDomain) -> bool:
    """Say whether a job of the domain, which is a backup, goes on."""
    try:
        return bool(domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:
            return False  # the guest is off
        raise


def backup_succeeded(domain: libvirt.virDomain) -> bool:
    """Say how the last backup ended."""
    try:
        told = domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    except libvirt.libvirtError:
        return False
    return told.get("operation") == (
        libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP) and bool(
        told.get("success", told["type"] == libvirt.VIR_DOMAIN_JOB_COMPLETED))


def undefine(domain: libvirt.virDomain) -> None:
    """Remove the definition and what hangs on it."""
    domain.undefineFlags(_UNDEFINE)
