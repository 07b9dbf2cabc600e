"""Which versions of the API there are, and the list of extensions."""

from typing import Any

from common import wsgi
from common.exceptions import NotFound
from common.microversions import Microversions
from compute.policies import cloud as policies

MICROVERSIONS = Microversions(
    "compute", "2.1", "2.100", "X-OpenStack-Nova-API-Version")

_UPDATED = "2013-07-23T11:33:21Z"

#: Aliases of what this API has beyond its core, as old clients ask.
_ALIASES = {
    "os-attach-interfaces": "AttachInterfaces",
    "os-availability-zone": "AvailabilityZone",
    "os-config-drive": "ConfigDrive",
    "os-console-output": "ConsoleOutput",
    "os-create-server-ext": "CreateServerExt",
    "os-extended-availability-zone": "ExtendedAvailabilityZone",
    "os-extended-server-attributes": "ExtendedServerAttributes",
    "os-extended-status": "ExtendedStatus",
    "os-extended-volumes": "ExtendedVolumes",
    "os-flavor-access": "FlavorAccess",
    "os-flavor-extra-specs": "FlavorExtraSpecs",
    "os-flavor-manage": "FlavorManage",
    "os-hypervisors": "Hypervisors",
    "os-instance-actions": "InstanceActions",
    "os-keypairs": "Keypairs",
    "os-quota-sets": "Quotas",
    "os-scheduler-hints": "SchedulerHints",
    "os-server-external-events": "ServerExternalEvents",
    "os-server-start-stop": "ServerStartStop",
    "os-server-usage": "ServerUsage",
    "os-services": "Services",
    "os-user-data": "UserData",
    "os-used-limits": "UsedLimits",
    "os-volume-attachment-update": "VolumeAttachmentUpdate",
}


def document(req: wsgi.Request) -> dict[str, Any]:
    """Return the version's line of the list."""
    return {
        "id": "v2.1", "status": "CURRENT",
        "version": MICROVERSIONS.maximum,
        "min_version": MICROVERSIONS.minimum, "updated": _UPDATED,
        "links": [{"rel": "self", "href": req.public_url("/v2.1/")}]}


class Versions:
    """Handlers of the discovery documents, which need no token."""

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/", self.index), ("GET", "/v2.1", self.show),
                ("GET", "/v2.1/", self.show)]

    @wsgi.handler(public=True)
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        return {"versions": [document(req)]}

    @wsgi.handler(public=True)
    def show(self, req: wsgi.Request) -> dict[str, Any]:
        found = document(req)
        found["links"].append({
            "rel": "describedby", "type": "text/html",
            "href": "https://docs.openstack.org/api-ref/compute/"})
        found["media-types"] = [{
            "base": "application/json",
            "type": "application/vnd.openstack.compute+json;version=2.1"}]
        return {"version": found}


class Extensions:
    """Handlers of /extensions."""

    def routes(self) -> list[wsgi.Route]:
        return [("GET", "/extensions", self.index),
                ("GET", "/extensions/{alias}", self.show)]

    @wsgi.handler()
    def index(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(policies.EXTENSIONS)
        return {"extensions": [_extension(alias)
                               for alias in sorted(_ALIASES)]}

    @wsgi.handler()
    def show(self, req: wsgi.Request, alias: str) -> dict[str, Any]:
        req.authorize(policies.EXTENSIONS)
        if alias not in _ALIASES:
            raise NotFound()
        return {"extension": _extension(alias)}


def _extension(alias: str) -> dict[str, Any]:
    return {"name": _ALIASES[alias], "alias": alias, "description": "",
            "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
            "updated": "2014-12-03T00:00:00Z", "links": []}
