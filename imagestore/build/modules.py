"""Kernel modules: what needs what, and copies without signatures."""

import pathlib
import re

_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")
_SIGNED = b"~Module signature appended~\n"
_TRAILER = 12  # bytes of struct module_signature; the last four: length


def _name(path: pathlib.Path) -> str:
    """Return a module's name as the kernel writes it."""
    return path.stem.replace("-", "_")


class Modules:
    """The modules of one unpacked kernel package."""

    def __init__(self, tree: pathlib.Path) -> None:
        self._paths = {_name(path): path for path in tree.rglob("*.ko")}

    def ordered(self, names: list[str]) -> list[str]:
        """Return ``names`` and all they need, those needed first."""
        order: list[str] = []
        for name in names:
            for each in [*self.ordered(self._needs(name)), name]:
                if each not in order:
                    order.append(each)
        return order

    def _needs(self, name: str) -> list[str]:
        match = _DEPENDS.search(self._paths[name].read_bytes())
        found = match[1].decode().replace("-", "_") if match else ""
        return [each for each in found.split(",") if each]

    def copy(self, names: list[str], target: pathlib.Path) -> None:
        """Copy modules and what they need; write modprobe's index."""
        target.mkdir(parents=True, exist_ok=True)
        index = []
        for name in self.ordered(names):
            file = self._paths[name].name
            (target / file).write_bytes(
                unsigned(self._paths[name].read_bytes()))
            # Nearest need first, as depmod writes it.
            needs = self.ordered(self._needs(name))[::-1]
            index.append(f"{file}: " + " ".join(
                self._paths[each].name for each in needs))
        (target / "modules.dep").write_text("\n".join(index) + "\n")


def unsigned(module: bytes) -> bytes:
    """Return the module without its signature.

    To check a signature costs an emulated guest about 10 ms a module, and
    nothing in the guest asks for signed modules.
    """
    if not module.endswith(_SIGNED):
        return module
    end = len(module) - len(_SIGNED)
    length = int.from_bytes(module[end - 4:end], "big")
    return module[:end - _TRAILER - length]
