"""What guests ask for at http://169.254.169.254, in two forms."""

from typing import Any

from common import exceptions, wsgi
from compute.metadata import content
from compute.metadata.servers import Asker, Askers

#: Listed, and empty: no guest of ours sets a password yet.
_PASSWORD = "password"  # noqa: S105 the name of a file


class Metadata:
    """Handlers of the proxies' requests, each for the server that asks."""

    def __init__(self, askers: Askers) -> None:
        self._askers = askers

    def routes(self) -> list[wsgi.Route]:
        return [
            ("GET", "/", self.ec2_versions),
            ("GET", "/openstack", self.openstack_versions),
            ("GET", "/openstack/{version}", self.openstack_files),
            ("GET", "/openstack/{version}/{name}", self.openstack_file),
            ("GET", "/{version}", self.ec2_root),
            ("GET", "/{version}/user-data", self.ec2_user_data),
            ("GET", "/{version}/meta-data", self.ec2_entry),
            ("GET", "/{version}/meta-data/{path:.*}", self.ec2_entry),
        ]

    @wsgi.handler(public=True)
    def openstack_versions(self, req: wsgi.Request) -> wsgi.Response:
        """List the dates of the OpenStack form."""
        self._asker(req)
        return _lines(content.OPENSTACK_VERSIONS)

    @wsgi.handler(public=True)
    def openstack_files(self, req: wsgi.Request,
                        version: str) -> wsgi.Response:
        """List the files of a date."""
        asker = self._asker(req)
        _known(version, content.OPENSTACK_VERSIONS)
        return _lines([*content.openstack(asker.spec), _PASSWORD])

    @wsgi.handler(public=True)
    def openstack_file(self, req: wsgi.Request, version: str,
                       name: str) -> wsgi.Response:
        """Show a file."""
        asker = self._asker(req)
        _known(version, content.OPENSTACK_VERSIONS)
        if name == _PASSWORD:
            return _answer(b"", "text/plain")
        found = content.openstack(asker.spec).get(name)
        if found is None:
            raise exceptions.NotFound()
        return _answer(found, "application/json" if name.endswith(".json")
                       else "application/octet-stream")

    @wsgi.handler(public=True)
    def ec2_versions(self, req: wsgi.Request) -> wsgi.Response:
        """List the dates of the EC2 form."""
        self._asker(req)
        return _lines(content.EC2_VERSIONS)

    @wsgi.handler(public=True)
    def ec2_root(self, req: wsgi.Request, version: str) -> wsgi.Response:
        """List what a date has."""
        asker = self._asker(req)
        _known(version, content.EC2_VERSIONS)
        has_data = asker.spec.user_data is not None
        return _lines(["meta-data/", *(["user-data"] if has_data else [])])

    @wsgi.handler(public=True)
    def ec2_user_data(self, req: wsgi.Request,
                      version: str) -> wsgi.Response:
        """Show what the user gave to the guest."""
        asker = self._asker(req)
        _known(version, content.EC2_VERSIONS)
        if asker.spec.user_data is None:
            raise exceptions.NotFound()
        return _answer(content.user_data(asker.spec),
                       "application/octet-stream")

    @wsgi.handler(public=True)
    def ec2_entry(self, req: wsgi.Request, version: str,
                  path: str = "") -> wsgi.Response:
        """Show a value, or list a folder."""
        asker = self._asker(req)
        _known(version, content.EC2_VERSIONS)
        found: Any = content.ec2(
            asker.spec, public_ipv4=asker.public_ipv4, groups=asker.groups)
        for part in filter(None, path.split("/")):
            found = _child(found, part)
        if isinstance(found, dict):
            return _lines([_listed(*item) for item in found.items()])
        return _answer(str(found).encode(), "text/plain")

    def _asker(self, req: wsgi.Request) -> Asker:
        """Return the server that the proxy says it forwards for."""
        names = ("X-Instance-ID", "X-Tenant-ID", "X-Instance-ID-Signature")
        values = [req.headers.get(name, "") for name in names]
        for name, value in zip(names, values, strict=True):
            if not value:
                raise exceptions.BadRequest(
                    reason=f"The header {name} is missing.")
        return self._askers.find(*values)


def _known(version: str, versions: tuple[str, ...]) -> None:
    if version not in versions:
        raise exceptions.NotFound()


def _child(folder: Any, name: str) -> Any:
    """Return an entry; that of a key goes by the number before the =."""
    if isinstance(folder, dict):
        for entry, value in folder.items():
            if name in (entry, entry.split("=")[0]):
                return value
    raise exceptions.NotFound()


def _listed(name: str, value: Any) -> str:
    folder = isinstance(value, dict) and "=" not in name
    return name + "/" if folder else name


def _lines(lines: Any) -> wsgi.Response:
    return _answer("\n".join(lines).encode(), "text/plain")


def _answer(body: bytes, content_type: str) -> wsgi.Response:
    response = wsgi.Response(status=200, body=body)
    response.headers["Content-Type"] = content_type
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
