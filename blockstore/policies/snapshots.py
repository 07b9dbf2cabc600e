"""Who may do what to snapshots."""

from common import policy

CREATE = "volume:create_snapshot"
GET = "volume:get_snapshot"
GET_ALL = "volume:get_all_snapshots"
UPDATE = "volume:update_snapshot"
DELETE = "volume:delete_snapshot"
SHOW_EXTENDED = "volume_extension:extended_snapshot_attributes"

_ONE = "/snapshots/{snapshot_id}"

RULES = [
    policy.rule(CREATE, policy.MEMBER_OR_SERVICE,
                "Make a snapshot of a volume.", [("POST", "/snapshots")]),
    policy.rule(GET, policy.READER_OR_SERVICE, "Show a snapshot.",
                [("GET", _ONE)]),
    policy.rule(GET_ALL, policy.READER_OR_SERVICE, "List snapshots.",
                [("GET", "/snapshots"), ("GET", "/snapshots/detail")]),
    policy.rule(UPDATE, policy.MEMBER, "Rename or describe a snapshot.",
                [("PUT", _ONE)]),
    policy.rule(DELETE, policy.MEMBER_OR_SERVICE, "Delete a snapshot.",
                [("DELETE", _ONE)]),
    policy.rule(SHOW_EXTENDED, policy.READER_OR_SERVICE,
                "Show progress and project of a snapshot.",
                [("GET", _ONE), ("GET", "/snapshots/detail")]),
]
