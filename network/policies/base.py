"""Check strings that the rules share."""

from common import policy

ADMIN = policy.ADMIN
SERVICE = policy.SERVICE
READER = policy.READER
MEMBER = policy.MEMBER
READER_OR_SERVICE = policy.READER_OR_SERVICE
MEMBER_OR_SERVICE = policy.MEMBER_OR_SERVICE
ADMIN_OR_SERVICE = policy.ADMIN_OR_SERVICE

#: The owner of the network that a port is on.
NETWORK_OWNER = "(role:member and project_id:%(network_project_id)s)"
#: Networks, and what is on them, that the network's owner lets all use.
SHARED = "True:%(shared)s"
EXTERNAL = "True:%(external)s"
