"""What the administrator's own client needs to know of the cloud."""

import os
import pathlib
import shlex
import sys
import urllib.parse
from typing import Any

import yaml

from cli.cloud import paths

_VARIABLES = {
    "auth_url": "OS_AUTH_URL",
    "username": "OS_USERNAME",
    "password": "OS_PASSWORD",
    "project_name": "OS_PROJECT_NAME",
    "user_domain_id": "OS_USER_DOMAIN_ID",
    "project_domain_id": "OS_PROJECT_DOMAIN_ID",
}


def write(place: paths.Paths, *, auth_url: str, password: str,
          region: str) -> None:
    """Write clouds.yaml, which only root may read."""
    auth = {
        "auth_url": auth_url, "username": "admin", "password": password,
        "project_name": "admin", "user_domain_id": "default",
        "project_domain_id": "default"}
    text = yaml.safe_dump({"clouds": {"pileus": {
        "auth": auth, "region_name": region, "identity_api_version": 3,
        "volume_api_version": "3"}}}, sort_keys=False)
    draft = place.host / "clouds.yaml.new"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    draft.rename(place.clouds)


def read(place: paths.Paths) -> dict[str, Any]:
    """Return the cloud's entry of clouds.yaml."""
    entry: dict[str, Any] = yaml.safe_load(
        place.clouds.read_text())["clouds"]["pileus"]
    return entry


def shell_lines(place: paths.Paths) -> list[str]:
    """Return what to evaluate in a shell to use the ``openstack`` client."""
    entry = read(place)
    values = {_VARIABLES[name]: value
              for name, value in entry["auth"].items()}
    values |= {"OS_REGION_NAME": str(entry["region_name"]),
               "OS_IDENTITY_API_VERSION": "3",
               "OS_VOLUME_API_VERSION": "3"}
    tools = pathlib.Path(sys.executable).parent
    host = urllib.parse.urlsplit(entry["auth"]["auth_url"]).hostname
    return [
        # Variables of another cloud would win over ours, or mix with them.
        "unset $(env | sed -n 's/^\\(OS_[A-Z0-9_]*\\)=.*/\\1/p')",
        *[f"export {name}={shlex.quote(value)}"
          for name, value in values.items()],
        # No proxy of the shell's knows a way to this machine.
        "no_proxy=${no_proxy-${NO_PROXY-}}",
        f"case ,$no_proxy, in *,{host},*) ;;"
        f" *) export no_proxy=${{no_proxy:+$no_proxy,}}{host} ;; esac",
        f"case :$PATH: in *:{shlex.quote(str(tools))}:*) ;;"
        f" *) export PATH={shlex.quote(str(tools))}:$PATH ;; esac"]
