"""Copies of disks that a storage daemon serves.

The daemon holds back each block that is about to change until it was
copied: the copy is the disk at the moment it began, as after a crash then.
"""

import contextlib
import errno
from typing import Any

from blockstore.drivers.file import qmp
from common import concurrency, failpoint

#: Of the job and of the disk that is copied to: one at a time.
_NAME = "snapshot"
_SOURCE = "disk"
_PAUSE_S = 0.05


def run(monitor: qmp.Monitor, path: str, disk_format: str) -> None:
    """Copy the daemon's disk to a disk that is there, of the same size.

    :raises qmp.Refused, qmp.Unreachable: the copy is not complete
    :raises OSError: there is no room
    """
    _clear(monitor)
    monitor.call("blockdev-add", node_name=_NAME, driver=disk_format,
                 discard="unmap", file={"driver": "file", "filename": path,
                                        "discard": "unmap"})
    try:
        monitor.call("blockdev-backup", job_id=_NAME, device=_SOURCE,
                     target=_NAME, sync="full", auto_dismiss=False)
        failpoint.hit("volume-agent.copy-begun")
        _await(monitor)
    finally:
        with contextlib.suppress(qmp.Refused, qmp.Unreachable):
            _clear(monitor)


def _await(monitor: qmp.Monitor) -> None:
    while (job := _job(monitor))["status"] != "concluded":
        concurrency.sleep(_PAUSE_S)
    if "error" in job:
        if "No space left" in job["error"]:
            raise OSError(errno.ENOSPC, "No space left")
        raise qmp.Refused(job["error"])


def _clear(monitor: qmp.Monitor) -> None:
    """Remove what this copy, or one whose agent died, leaves behind."""
    while (job := _job(monitor))["status"] != "null":
        if job["status"] == "concluded":
            monitor.call("job-dismiss", id=_NAME)
        else:
            with contextlib.suppress(qmp.Refused):
                monitor.call("job-cancel", id=_NAME)
            concurrency.sleep(_PAUSE_S)
    nodes = monitor.call("query-named-block-nodes", flat=True)
    if any(node["node-name"] == _NAME for node in nodes):
        monitor.call("blockdev-del", node_name=_NAME)


def _job(monitor: qmp.Monitor) -> dict[str, Any]:
    return next((job for job in monitor.call("query-jobs")
                 if job["id"] == _NAME), {"status": "null"})
