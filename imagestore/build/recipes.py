"""Names of images, and the one way to build them."""

import hashlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable

from imagestore.build import debian, packages, tiny
from imagestore.build.template import Template

_HERE = pathlib.Path(__file__).parent


def _fingerprint(name: str, wanted: dict[str, str]) -> str:
    """Return a name for what these packages and our own files make."""
    digest = hashlib.sha256(repr(sorted(wanted.items())).encode())
    for path in sorted(_HERE.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(str(path.relative_to(_HERE)).encode())
            digest.update(path.read_bytes())
    return f"{name}-{digest.hexdigest()[:16]}.qcow2"


def _publish(source: pathlib.Path, output: pathlib.Path) -> None:
    """Put a copy at ``output``; a guest may still use the file there."""
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.rename(output)
    finally:
        temporary.unlink(missing_ok=True)


def build(name: str, output: pathlib.Path, cache: pathlib.Path) -> bool:
    """Write the image to ``output``; return False if the cache had it.

    For those of known versions of packages.
    """
    wanted = packages.files(tiny.package_names())
    kept = cache / "images" / _fingerprint(name, wanted)
    fresh = not kept.exists()
    if fresh:
        with tempfile.TemporaryDirectory(prefix="image-build-") as work:
            made = tiny.build(wanted, cache / "packages",
                              pathlib.Path(work))
            _publish(made, kept)
    _publish(kept, output)
    return fresh


def build_debian(wanted: Template, output: pathlib.Path,
                 cache: pathlib.Path, say: Callable[[str], None]) -> None:
    """Write an image of the packages that there are now to ``output``."""
    with tempfile.TemporaryDirectory(prefix="image-build-") as work:
        _publish(debian.build(wanted, cache, pathlib.Path(work), say),
                 output)
