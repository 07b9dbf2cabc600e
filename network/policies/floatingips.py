"""Who may do what with floating IPs."""

from common.policy import rule
from network.policies.base import (
    ADMIN,
    ADMIN_OR_SERVICE,
    MEMBER_OR_SERVICE,
    READER_OR_SERVICE,
)

RULES = [
    rule("create_floatingip", MEMBER_OR_SERVICE, "Create a floating IP.",
         [("POST", "/v2.0/floatingips")]),
    rule("get_floatingip", READER_OR_SERVICE,
         "Show or list floating IPs.",
         [("GET", "/v2.0/floatingips"),
          ("GET", "/v2.0/floatingips/{floatingip_id}")]),
    rule("get_floatingip:all", ADMIN_OR_SERVICE,
         "List floating IPs of every project.",
         [("GET", "/v2.0/floatingips")]),
    rule("update_floatingip", MEMBER_OR_SERVICE, "Change a floating IP.",
         [("PUT", "/v2.0/floatingips/{floatingip_id}")]),
    rule("delete_floatingip", MEMBER_OR_SERVICE, "Delete a floating IP.",
         [("DELETE", "/v2.0/floatingips/{floatingip_id}")]),
    rule("create_floatingip:floating_ip_address", ADMIN,
         "Set floating_ip_address of a floating IP.",
         [("POST", "/v2.0/floatingips")]),
]
