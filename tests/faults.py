"""The steps of compute's tasks, as failpoints."""

BUILD = ("place", "bind_ports", "spawn", "wait_for_network", "activate")
DELETE = ("destroy", "detach_volumes", "free_ports", "release", "bury")
ATTACH = ("reserve", "connect", "plug", "complete", "settle")
DETACH = ("unplug", "disconnect", "settle")


def everywhere(task: str, steps: tuple[str, ...],
               sides: tuple[str, ...] = ("before", "after")) -> str:
    """Return the lines that kill before and after each step, each once."""
    return "".join(f"{task}.{step}.{side}=1*kill\n"
                   for step in steps for side in sides)
