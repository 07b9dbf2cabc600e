"""The steps of compute's tasks, as failpoints."""

BUILD = ("place", "bind_ports", "spawn", "wait_for_network", "activate")
DELETE = ("destroy", "detach_volumes", "free_ports", "release", "bury")
ATTACH = ("reserve", "connect", "plug", "complete", "settle")
DETACH = ("unplug", "disconnect", "settle")


#: Where an agent stands in the middle of a step.
AGENT = {
    ("BuildServer", "before"): ["agent.disk.made"],
    ("BuildServer", "after"): ["agent.spawn.prepared",
                               "agent.spawn.started"],
    ("DeleteServer", "before"): ["agent.destroy.undefined"],
    ("DeleteServer", "after"): ["agent.destroy.destroyed"],
    ("AttachVolume", "after"): ["agent.attach_volume.attached"],
    ("DetachVolume", "after"): ["agent.detach_volume.detached"],
}


def points(task: str, steps: tuple[str, ...], side: str) -> list[str]:
    """Return the failpoints on one side of each step, and agents' own."""
    return [f"{task}.{step}.{side}" for step in steps] + AGENT.get(
        (task, side), [])


def everywhere(task: str, steps: tuple[str, ...]) -> str:
    """Return the lines that kill before and after each step, each once."""
    return "".join(f"{task}.{step}.{side}=1*kill\n"
                   for step in steps for side in ("before", "after"))
