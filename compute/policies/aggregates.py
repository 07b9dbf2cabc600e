"""Who may group hosts."""

from common import policy
from compute.policies import base

READ = base.name("os-aggregates:index")
WRITE = base.name("os-aggregates:create")

_ONE = "/os-aggregates/{aggregate_id}"

RULES = [
    policy.rule(READ, base.ADMIN, "See groups of hosts.",
                [("GET", "/os-aggregates"), ("GET", _ONE)]),
    policy.rule(WRITE, base.ADMIN, "Make and change groups of hosts.",
                [("POST", "/os-aggregates"), ("PUT", _ONE),
                 ("DELETE", _ONE), ("POST", _ONE + "/action")]),
]
