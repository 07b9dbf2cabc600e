"""Who may do what with servers."""

from common import policy
from compute.policies import base

LIST = base.name("servers:index")
DETAIL = base.name("servers:detail")
ALL_PROJECTS = base.name("servers:detail:get_all_tenants")
ALL_FILTERS = base.name("servers:allow_all_filters")
SHOW = base.name("servers:show")
HOST_STATUS = base.name("servers:show:host_status")
EXTENDED = base.name("os-extended-server-attributes")
FLAVOR_SPECS = base.name("servers:show:flavor-extra-specs")
CREATE = base.name("servers:create")
FORCED_HOST = base.name("servers:create:forced_host")
REQUESTED_HOST = base.name("compute:servers:create:requested_destination")
EXTERNAL_NETWORK = base.name("servers:create:attach_external")
TRUSTED_CERTIFICATES = base.name("servers:create:trusted_certs")
UPDATE = base.name("servers:update")
DELETE = base.name("servers:delete")
START = base.name("servers:start")
STOP = base.name("servers:stop")
REBOOT = base.name("servers:reboot")
CREATE_IMAGE = base.name("servers:create_image")
CREATE_IMAGE_OF_VOLUMES = base.name(
    "servers:create_image:allow_volume_backed")
CONSOLE = base.name("os-console-output")
IPS = base.name("ips:show")
METADATA_READ = base.name("server-metadata:index")
METADATA_WRITE = base.name("server-metadata:update_all")
TAGS_READ = base.name("os-server-tags:index")
TAGS_WRITE = base.name("os-server-tags:update_all")
SECURITY_GROUPS = base.name("os-security-groups:list")
ACTIONS = base.name("os-instance-actions:list")
ACTION_SHOW = base.name("os-instance-actions:show")
ACTION_EVENTS = base.name("os-instance-actions:events")
ACTION_DETAILS = base.name("os-instance-actions:events:details")
VOLUMES_LIST = base.name("os-volumes-attachments:index")
VOLUMES_SHOW = base.name("os-volumes-attachments:show")
VOLUMES_CREATE = base.name("os-volumes-attachments:create")
VOLUMES_UPDATE = base.name("os-volumes-attachments:update")
VOLUMES_DELETE = base.name("os-volumes-attachments:delete")
PORTS_LIST = base.name("os-attach-interfaces:list")
PORTS_SHOW = base.name("os-attach-interfaces:show")
PORTS_CREATE = base.name("os-attach-interfaces:create")
PORTS_DELETE = base.name("os-attach-interfaces:delete")

_ONE = "/servers/{server_id}"
_ACT = [("POST", _ONE + "/action")]


def _rules(*table: tuple[str, str, str, list[tuple[str, str]]]
           ) -> list[policy.Rule]:
    return [policy.rule(*row) for row in table]


RULES = _rules(
    (LIST, base.READER, "List servers.", [("GET", "/servers")]),
    (DETAIL, base.READER, "List servers with details.",
     [("GET", "/servers/detail")]),
    (ALL_PROJECTS, base.ADMIN, "List servers of all projects.",
     [("GET", "/servers"), ("GET", "/servers/detail")]),
    (ALL_FILTERS, base.ADMIN, "Use every filter of server lists.",
     [("GET", "/servers"), ("GET", "/servers/detail")]),
    (SHOW, base.READER, "Show a server.", [("GET", _ONE)]),
    (HOST_STATUS, base.ADMIN, "See whether a server's host is up.",
     [("GET", _ONE), ("GET", "/servers/detail")]),
    (EXTENDED, base.ADMIN, "See which host a server is on.",
     [("GET", _ONE), ("GET", "/servers/detail")]),
    (FLAVOR_SPECS, base.READER, "See a server's flavor extra specs.",
     [("GET", _ONE), ("GET", "/servers/detail")]),
    (CREATE, base.MEMBER, "Create servers.", [("POST", "/servers")]),
    (FORCED_HOST, base.ADMIN, "Name the host in the availability zone.",
     [("POST", "/servers")]),
    (REQUESTED_HOST, base.ADMIN, "Ask for a host or node.",
     [("POST", "/servers")]),
    (EXTERNAL_NETWORK, base.ADMIN,
     "Plug a server into an external network.", [("POST", "/servers")]),
    (TRUSTED_CERTIFICATES, base.MEMBER,
     "Name the certificates that a server's image may be signed with.",
     [("POST", "/servers")]),
    (UPDATE, base.MEMBER, "Rename a server.", [("PUT", _ONE)]),
    (DELETE, base.MEMBER, "Delete a server.", [("DELETE", _ONE)]),
    (START, base.MEMBER, "Start a server.", _ACT),
    (STOP, base.MEMBER, "Stop a server.", _ACT),
    (REBOOT, base.MEMBER, "Reboot a server.", _ACT),
    (CREATE_IMAGE, base.MEMBER, "Make an image of a server.", _ACT),
    (CREATE_IMAGE_OF_VOLUMES, base.MEMBER,
     "Make an image of a server that starts from a volume.", _ACT),
    (CONSOLE, base.MEMBER, "Read a server's serial console.", _ACT),
    (IPS, base.READER, "Show a server's addresses.",
     [("GET", _ONE + "/ips"), ("GET", _ONE + "/ips/{network}")]),
    (METADATA_READ, base.READER, "Show a server's metadata.",
     [("GET", _ONE + "/metadata"), ("GET", _ONE + "/metadata/{key}")]),
    (METADATA_WRITE, base.MEMBER, "Change a server's metadata.",
     [("POST", _ONE + "/metadata"), ("PUT", _ONE + "/metadata"),
      ("PUT", _ONE + "/metadata/{key}"),
      ("DELETE", _ONE + "/metadata/{key}")]),
    (TAGS_READ, base.READER, "Show a server's tags.",
     [("GET", _ONE + "/tags"), ("GET", _ONE + "/tags/{tag}")]),
    (TAGS_WRITE, base.MEMBER, "Change a server's tags.",
     [("PUT", _ONE + "/tags"), ("PUT", _ONE + "/tags/{tag}"),
      ("DELETE", _ONE + "/tags"), ("DELETE", _ONE + "/tags/{tag}")]),
    (SECURITY_GROUPS, base.READER, "List a server's security groups.",
     [("GET", _ONE + "/os-security-groups")]),
    (ACTIONS, base.READER, "List what was done with a server.",
     [("GET", _ONE + "/os-instance-actions")]),
    (ACTION_SHOW, base.READER, "Show what was done with a server.",
     [("GET", _ONE + "/os-instance-actions/{request_id}")]),
    (ACTION_EVENTS, base.ADMIN, "See the steps of an action, always.",
     [("GET", _ONE + "/os-instance-actions/{request_id}")]),
    (ACTION_DETAILS, base.ADMIN, "See why a step failed.",
     [("GET", _ONE + "/os-instance-actions/{request_id}")]),
    (VOLUMES_LIST, base.READER, "List a server's volumes.",
     [("GET", _ONE + "/os-volume_attachments")]),
    (VOLUMES_SHOW, base.READER, "Show a server's volume.",
     [("GET", _ONE + "/os-volume_attachments/{volume_id}")]),
    (VOLUMES_CREATE, base.MEMBER, "Attach a volume.",
     [("POST", _ONE + "/os-volume_attachments")]),
    (VOLUMES_UPDATE, base.MEMBER, "Change an attached volume.",
     [("PUT", _ONE + "/os-volume_attachments/{volume_id}")]),
    (VOLUMES_DELETE, base.MEMBER, "Detach a volume.",
     [("DELETE", _ONE + "/os-volume_attachments/{volume_id}")]),
    (PORTS_LIST, base.READER, "List a server's ports.",
     [("GET", _ONE + "/os-interface")]),
    (PORTS_SHOW, base.READER, "Show a server's port.",
     [("GET", _ONE + "/os-interface/{port_id}")]),
    (PORTS_CREATE, base.MEMBER, "Attach a port.",
     [("POST", _ONE + "/os-interface")]),
    (PORTS_DELETE, base.MEMBER, "Detach a port.",
     [("DELETE", _ONE + "/os-interface/{port_id}")]),
)
