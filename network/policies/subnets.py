"""Who may do what with subnets: whom their network belongs to."""

from common.policy import rule
from network.policies.base import (
    ADMIN_OR_SERVICE,
    NETWORK_OWNER,
    READER_OR_SERVICE,
    SHARED,
)

RULES = [
    rule("create_subnet", f"{NETWORK_OWNER} or role:admin", "Create a subnet.",
         [("POST", "/v2.0/subnets")]),
    rule("get_subnet", f"{READER_OR_SERVICE} or {SHARED}",
         "Show or list subnets.",
         [("GET", "/v2.0/subnets"),
          ("GET", "/v2.0/subnets/{subnet_id}")]),
    rule("get_subnet:all", ADMIN_OR_SERVICE,
         "List subnets of every project.",
         [("GET", "/v2.0/subnets")]),
    rule("update_subnet", f"{NETWORK_OWNER} or role:admin", "Change a subnet.",
         [("PUT", "/v2.0/subnets/{subnet_id}")]),
    rule("delete_subnet", f"{NETWORK_OWNER} or role:admin", "Delete a subnet.",
         [("DELETE", "/v2.0/subnets/{subnet_id}")]),
]
