"""The states of a server: how it is stored, how it is shown.

``vm_state`` is how the server rests, ``task_state`` what is being done with
it; ``status`` is what users see of both.
"""

ACTIVE = "active"
BUILDING = "building"
STOPPED = "stopped"
PAUSED = "paused"
SUSPENDED = "suspended"
ERROR = "error"
DELETED = "deleted"

SCHEDULING = "scheduling"
NETWORKING = "networking"
SPAWNING = "spawning"
POWERING_OFF = "powering-off"
POWERING_ON = "powering-on"
REBOOTING = "rebooting"
REBOOTING_HARD = "rebooting_hard"
DELETING = "deleting"
IMAGE_SNAPSHOT = "image_snapshot"
IMAGE_PENDING_UPLOAD = "image_pending_upload"
IMAGE_UPLOADING = "image_uploading"

#: Numbers of the API's power states, by the agents' words.
POWER = {"absent": 0, "running": 1, "paused": 3, "shutdown": 4,
         "crashed": 6, "suspended": 7}

_REST = {
    ACTIVE: "ACTIVE", BUILDING: "BUILD", STOPPED: "SHUTOFF",
    PAUSED: "PAUSED", SUSPENDED: "SUSPENDED", ERROR: "ERROR",
    DELETED: "DELETED",
}
_BUSY = {
    (ACTIVE, REBOOTING): "REBOOT",
    (ACTIVE, REBOOTING_HARD): "HARD_REBOOT",
    (STOPPED, REBOOTING_HARD): "HARD_REBOOT",
    (PAUSED, REBOOTING_HARD): "HARD_REBOOT",
    (SUSPENDED, REBOOTING_HARD): "HARD_REBOOT",
    (ERROR, REBOOTING_HARD): "HARD_REBOOT",
}


def status(vm_state: str, task_state: str | None) -> str:
    """Return what users see."""
    return (_BUSY.get((vm_state, task_state or ""))
            or _REST.get(vm_state, "UNKNOWN"))


def of_status(wanted: str) -> tuple[list[str], list[str]]:
    """Return the vm_states and task_states that may show as ``wanted``.

    Both empty where there is no such status. No task_states: any.
    """
    wanted = wanted.upper()
    busy = [pair for pair, shown in _BUSY.items() if shown == wanted]
    if busy:
        return sorted({vm for vm, _ in busy}), sorted({t for _, t in busy})
    return [vm for vm, shown in _REST.items() if shown == wanted], []
