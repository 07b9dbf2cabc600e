"""Who may do what with what is set for one domain."""

from identity.policies import base

CREATE = "identity:create_domain_config"
GET = "identity:get_domain_config"
UPDATE = "identity:update_domain_config"
DELETE = "identity:delete_domain_config"
GET_DEFAULT = "identity:get_domain_config_default"
GET_COMPLIANCE = "identity:get_security_compliance_domain_config"

_ALL = "/domains/{domain_id}/config"
_GROUP = f"{_ALL}/{{group}}"
_OPTION = f"{_GROUP}/{{option}}"
_COMPLIANCE = f"{_ALL}/security_compliance"

RULES = [
    base.rule(
        "create_domain_config", base.ADMIN,
        "Set options of a domain, and no others.", f"PUT {_ALL}"),
    base.rule(
        "get_domain_config", base.READER, "Show options of a domain.",
        f"GET {_ALL}", f"GET {_GROUP}", f"GET {_OPTION}"),
    base.rule(
        "update_domain_config", base.ADMIN, "Set options of a domain.",
        f"PATCH {_ALL}", f"PATCH {_GROUP}", f"PATCH {_OPTION}"),
    base.rule(
        "delete_domain_config", base.ADMIN, "Unset options of a domain.",
        f"DELETE {_ALL}", f"DELETE {_GROUP}", f"DELETE {_OPTION}"),
    base.rule(
        "get_domain_config_default", base.READER,
        "Show what options of domains are by default.",
        "GET /domains/config/default",
        "GET /domains/config/{group}/default",
        "GET /domains/config/{group}/{option}/default"),
    base.rule(
        "get_security_compliance_domain_config", base.ANYBODY,
        "Show what is demanded of passwords.",
        f"GET {_COMPLIANCE}", f"GET {_COMPLIANCE}/{{option}}"),
]
