"""Who may do what with security groups and their rules."""

from common.policy import rule
from network.policies.base import (
    ADMIN_OR_SERVICE,
    MEMBER,
    READER_OR_SERVICE,
)

RULES = [
    rule("create_security_group", MEMBER, "Create a security group.",
         [("POST", "/v2.0/security-groups")]),
    rule("get_security_group", READER_OR_SERVICE,
         "Show or list security groups.",
         [("GET", "/v2.0/security-groups"),
          ("GET", "/v2.0/security-groups/{group_id}")]),
    rule("get_security_group:all", ADMIN_OR_SERVICE,
         "List security groups of every project.",
         [("GET", "/v2.0/security-groups")]),
    rule("update_security_group", MEMBER, "Change a security group.",
         [("PUT", "/v2.0/security-groups/{group_id}")]),
    rule("delete_security_group", MEMBER, "Delete a security group.",
         [("DELETE", "/v2.0/security-groups/{group_id}")]),
    rule("create_security_group_rule", MEMBER,
         "Add a rule to a security group.",
         [("POST", "/v2.0/security-group-rules")]),
    rule("get_security_group_rule", READER_OR_SERVICE,
         "Show or list rules of security groups.",
         [("GET", "/v2.0/security-group-rules"),
          ("GET", "/v2.0/security-group-rules/{rule_id}")]),
    rule("delete_security_group_rule", MEMBER,
         "Remove a rule from a security group.",
         [("DELETE", "/v2.0/security-group-rules/{rule_id}")]),
]
