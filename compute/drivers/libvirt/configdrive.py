"""Config drives: a small ISO 9660 file system that cloud-init reads."""

import io
import os
import pathlib

import pycdlib

from compute import spec as specs
from compute.metadata import content

#: The label by which guests find it.
LABEL = "config-2"


def write(spec: specs.ServerSpec, path: pathlib.Path) -> None:
    """Write the server's config drive to ``path``; blocks."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=4, vol_ident=LABEL, joliet=3,
            rock_ridge="1.09")
    made: set[str] = set()
    for name, data in sorted(content.config_drive(spec).items()):
        _add_folders(iso, name, made)
        iso.add_fp(io.BytesIO(data), len(data), iso_path=f"/{name}",
                   rr_name=name.rsplit("/", 1)[-1],
                   joliet_path=f"/{name}")
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(handle, "wb") as out:
        iso.write_fp(out)
    iso.close()
    draft.rename(path)


def _add_folders(iso: pycdlib.PyCdlib, name: str, made: set[str]) -> None:
    parts = name.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        folder = "/" + "/".join(parts[:depth])
        if folder not in made:
            iso.add_directory(folder, rr_name=parts[depth - 1],
                              joliet_path=folder)
            made.add(folder)
