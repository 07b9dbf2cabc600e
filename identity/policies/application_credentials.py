"""Who may do what with application credentials and access rules."""

from identity.policies import base

GET = "identity:get_application_credential"
LIST = "identity:list_application_credentials"
CREATE = "identity:create_application_credential"
DELETE = "identity:delete_application_credential"
GET_RULE = "identity:get_access_rule"
LIST_RULES = "identity:list_access_rules"
DELETE_RULE = "identity:delete_access_rule"

_READER_OR_OWN = f"{base.READER} or {base.OWN}"
_ADMIN_OR_OWN = f"{base.ADMIN} or {base.OWN}"
_EVERY = "/users/{user_id}/application_credentials"
_ONE = f"{_EVERY}/{{application_credential_id}}"
_RULES = "/users/{user_id}/access_rules"
_RULE = f"{_RULES}/{{access_rule_id}}"

RULES = [
    base.rule("get_application_credential", _READER_OR_OWN,
              "Show an application credential.", f"GET {_ONE}"),
    base.rule("list_application_credentials", _READER_OR_OWN,
              "List the application credentials of a user.",
              f"GET {_EVERY}"),
    base.rule("create_application_credential", base.OWN,
              "Make an application credential: each user their own.",
              f"POST {_EVERY}"),
    base.rule("delete_application_credential", _ADMIN_OR_OWN,
              "Delete an application credential.", f"DELETE {_ONE}"),
    base.rule("get_access_rule", _READER_OR_OWN,
              "Show an access rule.", f"GET {_RULE}"),
    base.rule("list_access_rules", _READER_OR_OWN,
              "List the access rules of a user.", f"GET {_RULES}"),
    base.rule("delete_access_rule", _ADMIN_OR_OWN,
              "Delete an access rule.", f"DELETE {_RULE}"),
]
