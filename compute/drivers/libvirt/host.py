"""What the host has and can do."""

import os
from typing import Any

import libvirt

from compute import spec as specs
from compute.drivers.libvirt.settings import Settings


def facts(conn: libvirt.virConnect, *,
          settings: Settings) -> specs.HostFacts:
    """Return the host's inventory; runs in a native thread."""
    model, _memory, cpus, *_ = conn.getInfo()
    # libvirt counts some memory of a NUMA node only, the kernel all.
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    room = os.statvfs(settings.instances_dir)
    return specs.HostFacts(
        vcpus=cpus, memory_mib=memory >> 20,
        disk_gib=room.f_blocks * room.f_frsize >> 30,
        hypervisor_type="QEMU",
        hypervisor_version=conn.getVersion(),
        hypervisor_hostname=settings.host,
        host_ip=settings.host_ip, arch=model,
        accelerated=settings.accelerated,
        cpu_info={"arch": model, "topology": _topology(conn)},
        reserved_memory_mib=settings.reserved_memory_mib,
        reserved_disk_gib=settings.reserved_disk_gib,
        traits=[])


def connector(settings: Settings) -> dict[str, Any]:
    """Return what a volume backend must know of this host."""
    return {"host": settings.host, "ip": settings.host_ip,
            "initiator": f"iqn.2026-01.org.pileus:{settings.owner}",
            "platform": "x86_64", "os_type": "linux", "multipath": False}


def _topology(conn: libvirt.virConnect) -> dict[str, int]:
    _model, _memory, _cpus, _mhz, nodes, sockets, cores, threads = (
        conn.getInfo())
    return {"cells": nodes, "sockets": sockets, "cores": cores,
            "threads": threads}
