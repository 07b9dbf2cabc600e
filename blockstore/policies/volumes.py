"""Who may do what to volumes and their metadata."""

from common import policy

CREATE = "volume:create"
GET = "volume:get"
GET_ALL = "volume:get_all"
GET_ALL_TENANTS = "volume:get_all_tenants"
UPDATE = "volume:update"
DELETE = "volume:delete"
FORCE_DELETE = "volume:force_delete"
EXTEND = "volume:extend"
RESET_STATUS = "volume_extension:volume_admin_actions:reset_status"
SET_BOOTABLE = "volume_extension:volume_actions:set_bootable"
SET_READONLY = "volume:update_readonly_flag"
SHOW_HOST = "volume_extension:volume_host_attribute"
SHOW_MIGRATION = "volume_extension:volume_mig_status_attribute"
SHOW_TENANT = "volume_extension:volume_tenant_attribute"
SHOW_IMAGE_METADATA = "volume_extension:volume_image_metadata:show"
GET_METADATA = "volume:get_volume_metadata"
SET_METADATA = "volume:update_volume_metadata"
DELETE_METADATA = "volume:delete_volume_metadata"

_ONE = "/volumes/{volume_id}"
_ACTION = [("POST", "/volumes/{volume_id}/action")]

RULES = [
    policy.rule(CREATE, policy.MEMBER, "Create a volume.",
                [("POST", "/volumes")]),
    policy.rule(GET, policy.READER_OR_SERVICE, "Show a volume.",
                [("GET", _ONE)]),
    policy.rule(GET_ALL, policy.READER_OR_SERVICE, "List volumes.",
                [("GET", "/volumes"), ("GET", "/volumes/detail"),
                 ("GET", "/volumes/summary")]),
    policy.rule(GET_ALL_TENANTS, policy.ADMIN_OR_SERVICE,
                "List the volumes of all projects.",
                [("GET", "/volumes"), ("GET", "/volumes/detail")]),
    policy.rule(UPDATE, policy.MEMBER, "Rename or describe a volume.",
                [("PUT", _ONE)]),
    policy.rule(DELETE, policy.MEMBER_OR_SERVICE, "Delete a volume.",
                [("DELETE", _ONE)]),
    policy.rule(FORCE_DELETE, policy.ADMIN,
                "Delete a volume whatever its status.", _ACTION),
    policy.rule(EXTEND, policy.MEMBER, "Make a volume larger.", _ACTION),
    policy.rule(RESET_STATUS, policy.ADMIN,
                "Set the status of a volume.", _ACTION),
    policy.rule(SET_BOOTABLE, policy.MEMBER,
                "Say whether a volume can be booted from.", _ACTION),
    policy.rule(SET_READONLY, policy.MEMBER,
                "Say whether servers may only read a volume.", _ACTION),
    policy.rule(SHOW_HOST, policy.ADMIN, "Show a volume's backend.",
                [("GET", _ONE)]),
    policy.rule(SHOW_MIGRATION, policy.ADMIN,
                "Show the state of a volume's migration.", [("GET", _ONE)]),
    policy.rule(SHOW_TENANT, policy.READER_OR_SERVICE,
                "Show a volume's project.", [("GET", _ONE)]),
    policy.rule(SHOW_IMAGE_METADATA, policy.READER_OR_SERVICE,
                "Show what a volume keeps of its image's record.",
                [("GET", _ONE), ("GET", "/volumes/detail")]),
    policy.rule(GET_METADATA, policy.READER, "Show a volume's metadata.",
                [("GET", f"{_ONE}/metadata"),
                 ("GET", f"{_ONE}/metadata/{{key}}")]),
    policy.rule(SET_METADATA, policy.MEMBER, "Set a volume's metadata.",
                [("POST", f"{_ONE}/metadata"), ("PUT", f"{_ONE}/metadata"),
                 ("PUT", f"{_ONE}/metadata/{{key}}")]),
    policy.rule(DELETE_METADATA, policy.MEMBER,
                "Remove a volume's metadata.",
                [("DELETE", f"{_ONE}/metadata/{{key}}")]),
]
