"""What is in an image beside its distribution: a short YAML file.

    suite: bookworm
    disk_mib: 4096
    packages: [nginx, qemu-guest-agent]
    first_boot:
      - |
        #!/bin/sh
        echo "made of $(hostname)" > /var/www/html/index.html
"""

import dataclasses
import pathlib
from typing import Any

import yaml

from common import exceptions, schema

MOST_BYTES = 1 << 20

_SCHEMA: schema.Schema = schema.closed({
    "suite": {"type": "string", "pattern": "^[a-z][a-z-]{1,31}$"},
    "disk_mib": {"type": "integer", "minimum": 1024, "maximum": 1 << 20},
    "packages": {"type": "array", "maxItems": 1000, "items": {
        "type": "string", "maxLength": 128,
        "pattern": "^[a-z0-9][a-z0-9+.-]+$"}},
    "first_boot": {"type": "array", "maxItems": 90, "items": {
        "type": "string", "pattern": "^#!/", "maxLength": 1 << 16}},
})


class TemplateError(ValueError):
    """The file is no template; the text says why."""


@dataclasses.dataclass(frozen=True)
class Template:
    """What an image is to hold.

    :param suite: release of Debian; None for that of this machine
    :param disk_mib: size of the disk, which grows to that of a server's
    :param first_boot: scripts, run once on each server, in their order
    """

    suite: str | None = None
    disk_mib: int = 2048
    packages: tuple[str, ...] = ()
    first_boot: tuple[str, ...] = ()


def load(path: pathlib.Path | None) -> Template:
    """Return the template in a file, or that of a plain image.

    :raises TemplateError: that names the member that is wrong
    """
    if path is None:
        return Template()
    try:
        with path.open(encoding="utf-8") as file:
            said: Any = yaml.safe_load(file.read(MOST_BYTES)) or {}
        schema.validate(said, _SCHEMA, "template")
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: not YAML: {error}") from None
    except exceptions.BadRequest as error:
        raise TemplateError(f"{path}: {error}") from None
    members: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in said.items()}
    return Template(**members)
