"""Who may do what: rules with defaults in code, secure by default.

An operator overrides them in ``policy.yaml`` (policy.d/*.yaml) below the
configuration directory.
"""

from collections.abc import Iterable, Sequence

from oslo_config import cfg
from oslo_policy import opts, policy

Rule = policy.DocumentedRuleDefault

_OWN = "project_id:%(project_id)s"

ADMIN = "role:admin"
READER = f"(role:reader and {_OWN}) or {ADMIN}"
MEMBER = f"(role:member and {_OWN}) or {ADMIN}"
MANAGER = f"(role:manager and {_OWN}) or {ADMIN}"
#: Calls that only other services make.
SERVICE = "role:service"
READER_OR_SERVICE = f"{READER} or {SERVICE}"
MEMBER_OR_SERVICE = f"{MEMBER} or {SERVICE}"
ADMIN_OR_SERVICE = f"{ADMIN} or {SERVICE}"
#: Anybody whose token is valid.
AUTHENTICATED = "user_id:%(caller_id)s"

SYSTEM_ADMIN = "role:admin and system_scope:all"
SYSTEM_READER = "role:reader and system_scope:all"


def rule(name: str, check: str, description: str,
         operations: Iterable[tuple[str, str]]) -> Rule:
    """Return the documented default of one rule.

    :param operations: method and path of each call that the rule guards
    """
    return policy.DocumentedRuleDefault(
        name=name, check_str=check, description=description,
        operations=[{"method": method, "path": path}
                    for method, path in operations])


def enforcer(conf: cfg.ConfigOpts, rules: Sequence[Rule]) -> policy.Enforcer:
    """Return what decides by ``rules`` and the operator's files.

    A rule that is unknown or does not parse denies.
    """
    opts.set_defaults(conf)
    made = policy.Enforcer(conf)
    made.suppress_default_change_warnings = True
    made.register_defaults(rules)
    made.load_rules()
    return made
