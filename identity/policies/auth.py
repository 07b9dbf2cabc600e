"""Who may do what with tokens."""

from common import policy
from identity.policies import base

VALIDATE = "identity:validate_token"
REVOKE = "identity:revoke_token"
CATALOG = "identity:get_auth_catalog"
PROJECTS = "identity:get_auth_projects"
DOMAINS = "identity:get_auth_domains"
SYSTEM = "identity:get_auth_system"

RULES = [
    base.rule(
        "validate_token",
        f"{base.READER} or {policy.SERVICE} or {base.OWN}",
        "See what a token stands for: anybody their own, services all.",
        "GET /auth/tokens", "HEAD /auth/tokens"),
    base.rule(
        "revoke_token", f"{base.ADMIN} or {base.OWN}", "End a token.",
        "DELETE /auth/tokens"),
    base.rule(
        "get_auth_catalog", base.ANYBODY,
        "See the catalog for one's token.", "GET /auth/catalog"),
    base.rule(
        "get_auth_projects", base.ANYBODY,
        "List the projects for which one can get a token.",
        "GET /auth/projects"),
    base.rule(
        "get_auth_domains", base.ANYBODY,
        "List the domains for which one can get a token.",
        "GET /auth/domains"),
    base.rule(
        "get_auth_system", base.ANYBODY,
        "See whether one can get a token for the system.",
        "GET /auth/system"),
]
