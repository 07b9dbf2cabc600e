"""Check strings that the rules share, and what they look at.

A target has ``domain_id``, that of the thing acted on (a domain's own id
for a domain), ``project_id`` for a project's own, and ``user_id`` for a
user's. What does not apply is left out, and then matches nobody.
"""

from typing import Any

from common import policy

Rule = policy.Rule

ADMIN = policy.ADMIN
#: Sees all of identity.
READER = f"({policy.SYSTEM_READER}) or {ADMIN}"

_DOMAIN_READER = "(role:reader and domain_id:%(domain_id)s)"
_DOMAIN_MANAGER = "(role:manager and domain_id:%(domain_id)s)"
OWN = "user_id:%(user_id)s"

READER_OR_DOMAIN_READER = f"{READER} or {_DOMAIN_READER}"
READER_OR_DOMAIN_READER_OR_OWN = f"{READER_OR_DOMAIN_READER} or {OWN}"
READER_OR_OWN_DOMAIN = (
    f"{READER} or domain_id:%(domain_id)s or "
    "project_domain_id:%(domain_id)s")
ADMIN_OR_DOMAIN_MANAGER = f"{ADMIN} or {_DOMAIN_MANAGER}"
ANYBODY = policy.AUTHENTICATED
#: What a domain's manager may give: no more than managers have.
MANAGED_ROLE = (
    "('manager':%(role_name)s or 'member':%(role_name)s or "
    "'reader':%(role_name)s)")

V3 = "/v3"


def rule(name: str, check: str, description: str, *calls: str
         ) -> policy.Rule:
    """Return the rule ``identity:name``.

    :param calls: such as ``GET /users/{user_id}``
    """
    return policy.rule(
        f"identity:{name}", check, description,
        [(method, V3 + path) for method, path in
         (call.split(" ", 1) for call in calls)])


def target(**values: Any) -> dict[str, Any]:
    """Return what a rule looks at: no attribute that is None.

    None would match the lack of such an attribute of the sender.
    """
    return {name: value for name, value in values.items()
            if value is not None}
