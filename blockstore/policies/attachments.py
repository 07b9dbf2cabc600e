"""Who may do what to attachments."""

from common import policy

CREATE = "volume:attachment_create"
GET = "volume:attachment_get"
GET_ALL = "volume:attachment_get_all"
GET_ALL_TENANTS = "volume:attachment_get_all_tenants"
UPDATE = "volume:attachment_update"
COMPLETE = "volume:attachment_complete"
DELETE = "volume:attachment_delete"
#: How a volume is reached, and ending what a server uses, are between
#: services: their own token, or one beside the user's.
AS_SERVICE = "volume:attachment_as_service"

_ONE = "/attachments/{attachment_id}"

RULES = [
    policy.rule(CREATE, policy.MEMBER_OR_SERVICE,
                "Reserve a volume for a server.", [("POST", "/attachments")]),
    policy.rule(GET, policy.READER_OR_SERVICE, "Show an attachment.",
                [("GET", _ONE)]),
    policy.rule(GET_ALL, policy.READER_OR_SERVICE, "List attachments.",
                [("GET", "/attachments"), ("GET", "/attachments/detail")]),
    policy.rule(GET_ALL_TENANTS, policy.ADMIN_OR_SERVICE,
                "List the attachments of all projects.",
                [("GET", "/attachments"), ("GET", "/attachments/detail")]),
    policy.rule(UPDATE, policy.MEMBER_OR_SERVICE,
                "Connect a volume for a host.", [("PUT", _ONE)]),
    policy.rule(COMPLETE, policy.MEMBER_OR_SERVICE,
                "Note that a server has the volume.",
                [("POST", f"{_ONE}/action")]),
    policy.rule(DELETE, policy.MEMBER_OR_SERVICE,
                "Disconnect a volume.", [("DELETE", _ONE)]),
    policy.rule(AS_SERVICE, "role:service or service_roles:service",
                "See how a volume is reached; end what a server uses.",
                [("GET", _ONE), ("PUT", _ONE), ("DELETE", _ONE)]),
]
