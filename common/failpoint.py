"""Named places where a test can make the process fail.

``PILEUS_FAILPOINTS="a=kill;b=raise;c=sleep:5;d=2*away"`` switches on; so does
the file that ``PILEUS_FAILPOINTS_FILE`` names, of lines like those, at any
time. ``2*`` means the first two times only: in a file this outlives the
process that was killed.

=========  ==========================================================
kill       end this process at once, as kill -9 does
raise      raise Injected: an error that is final
away       raise ServiceUnavailable: an error that may pass
sleep:5    wait five seconds
=========  ==========================================================
"""

import os
import pathlib
import re
import signal

from common import concurrency, exceptions

_names: set[str] = set()
_PART = re.compile(
    r"\s*(?P<name>[^=\s]+)\s*=\s*(?:(?P<times>\d+)\*)?"
    r"(?P<action>kill|raise|away|sleep)(?::(?P<value>[\d.]+))?\s*")


class Injected(Exception):
    """A failpoint was told to raise it."""


class _Plan:
    """What is switched on: from the environment, or from the file."""

    def __init__(self) -> None:
        self.environ = _parse(os.environ.get("PILEUS_FAILPOINTS", ""))
        path = os.environ.get("PILEUS_FAILPOINTS_FILE")
        self.path = pathlib.Path(path) if path else None

    def take(self, name: str) -> "tuple[str, str] | None":
        """Return action and value of ``name``, counting it down."""
        if self.path is None:
            return _take(self.environ, name)
        try:
            plan = _parse(self.path.read_text())
        except FileNotFoundError:
            return None
        counted = plan.get(name, (None,))[0] is not None
        taken = _take(plan, name)
        if taken and counted:
            self._write(plan)
        return taken

    def _write(self, plan: dict[str, tuple[int | None, str, str]]) -> None:
        lines = [
            f"{name}={f'{times}*' if times is not None else ''}{action}"
            f"{f':{value}' if value else ''}\n"
            for name, (times, action, value) in plan.items()]
        assert self.path
        part = self.path.with_suffix(f".{os.getpid()}")
        part.write_text("".join(lines))
        part.replace(self.path)


def _parse(text: str) -> dict[str, tuple[int | None, str, str]]:
    plan = {}
    for part in re.split(r"[;\n]", text):
        if not part.strip():
            continue
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"no failpoint: {part!r}")
        times = match["times"]
        plan[match["name"]] = (
            int(times) if times else None, match["action"],
            match["value"] or "")
    return plan


def _take(plan: dict[str, tuple[int | None, str, str]],
          name: str) -> tuple[str, str] | None:
    times, action, value = plan.get(name, (0, "", ""))
    if times == 0:
        return None
    if times is not None:
        plan[name] = (times - 1, action, value)
    return action, value


_plan: _Plan | None = None


def reload() -> None:
    """Read the environment anew."""
    global _plan
    wanted = ("PILEUS_FAILPOINTS", "PILEUS_FAILPOINTS_FILE")
    _plan = _Plan() if any(os.environ.get(n) for n in wanted) else None


reload()


def declare(*names: str) -> None:
    """Have the names listed before they are hit."""
    _names.update(names)


def names() -> list[str]:
    """Return the known failpoints."""
    return sorted(_names)


def hit(name: str) -> None:
    """Do what ``name`` is told to do, most often nothing."""
    if _plan is None:
        return
    _names.add(name)
    taken = _plan.take(name)
    if taken is None:
        return
    action, value = taken
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "raise":
        raise Injected(name)
    elif action == "away":
        raise exceptions.ServiceUnavailable()
    else:
        concurrency.sleep(float(value or 1))
