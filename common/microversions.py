"""Versions of an API that the client chooses per request.

See the OpenStack API working group's microversion specification.
"""

import dataclasses
import re

from common import exceptions

Version = tuple[int, int]

_HEADER = "OpenStack-API-Version"
_FORM = re.compile(r"^([1-9][0-9]{0,3})\.([0-9]{1,4})$")


def parse(text: str) -> Version:
    """Return ``2.26`` as (2, 26), or raise BadRequest."""
    match = _FORM.match(text)
    if not match:
        raise exceptions.BadRequest(
            reason=f"API version {text[:32]!r} is not of the form 2.1")
    return int(match[1]), int(match[2])


def show(version: Version) -> str:
    """Return (2, 26) as ``2.26``."""
    return f"{version[0]}.{version[1]}"


@dataclasses.dataclass(frozen=True)
class Microversions:
    """The range of versions that one API serves.

    ``minimum`` is what a request without a header gets.
    """

    service_type: str
    minimum: str
    maximum: str
    legacy_header: str | None = None

    def choose(self, headers: "dict[str, str]") -> Version:
        """Return the version that the request asks for.

        :raises BadRequest: if it is no version
        :raises NotAcceptable: if it is out of the range
        """
        wanted = self._wanted(headers)
        if wanted is None:
            return parse(self.minimum)
        if wanted == "latest":
            return parse(self.maximum)
        version = parse(wanted)
        if not parse(self.minimum) <= version <= parse(self.maximum):
            raise VersionOutOfRange(
                version=wanted, minimum=self.minimum, maximum=self.maximum)
        return version

    def _wanted(self, headers: "dict[str, str]") -> str | None:
        for part in headers.get(_HEADER, "").split(","):
            service, _, version = part.strip().partition(" ")
            if service.lower() == self.service_type:
                return version.strip().lower()
        if self.legacy_header:
            found = headers.get(self.legacy_header)
            return found.strip().lower() if found else None
        return None

    def answer_headers(self, version: Version) -> dict[str, str]:
        """Return the headers that tell the client what it got."""
        made = {_HEADER: f"{self.service_type} {show(version)}",
                "Vary": _HEADER}
        if self.legacy_header:
            made[self.legacy_header] = show(version)
            made["Vary"] += f", {self.legacy_header}"
        return made


class VersionOutOfRange(exceptions.NotAcceptable):
    message = ("Version {version} is not supported by the API. Minimum is "
               "{minimum} and maximum is {maximum}.")
