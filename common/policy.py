"""Who may do what: rules with defaults in code, secure by default.

An operator overrides them in ``policy.yaml`` (policy.d/*.yaml) below the
configuration directory.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_policy import _checks, opts, policy

from common import context

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


def _external(kind: str, match: str) -> _checks.Check:
    """Return the check of a rule that asks a server, as http:... does."""
    from oslo_policy import _external as external
    made: dict[str, type[_checks.Check]] = {
        "http": external.HttpCheck, "https": external.HttpsCheck}
    return made[kind](kind, match)


# As entry points they would be loaded by the first rule of whatever kind,
# and take 4 MB with what they ask with.
_checks.extension_checks = {"http": _external, "https": _external}


def rule(name: str, check: str, description: str,
         operations: Iterable[tuple[str, str]]) -> Rule:
    """Return the documented default of one rule.

    :param operations: method and path of each call that the rule guards
    """
    return policy.DocumentedRuleDefault(
        name=name, check_str=check, description=description,
        operations=[{"method": method, "path": path}
                    for method, path in operations])


#: Decides by what is acted on, and who acts.
Decision = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]

#: Seconds for which changed files may go unnoticed.
_RELOAD_S = 2.0


class Enforcer:
    """Decides by ``rules`` and the operator's files.

    A rule that is unknown, or does not parse, denies. oslo.policy reads
    and parses; that it also inspects files and functions at each question
    would cost more than most answers, so each rule is compiled once.
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 rules: Sequence[Rule]) -> None:
        """Read the operator's files.

        :raises DuplicatePolicyError: for two rules of one name: which of
            them counts must not be a matter of their order
        """
        opts.set_defaults(conf)
        self._oslo = policy.Enforcer(conf)
        self._oslo.suppress_default_change_warnings = True
        # Not by register_defaults: it copies every rule deeply, because of
        # deprecated ones, which are changed; here are none.
        registered = self._oslo.registered_rules
        for rule in rules:
            if registered.setdefault(rule.name, rule) is not rule:
                raise policy.DuplicatePolicyError(rule.name)
        self._decisions: dict[str, Decision] = {}
        self._loaded_at = 0.0
        self._load()

    def _load(self) -> None:
        self._oslo.load_rules()
        self._decisions.clear()
        self._loaded_at = time.monotonic()

    def allows(self, rule: str, target: Mapping[str, Any],
               ctx: context.RequestContext) -> bool:
        """Say whether who sends ``ctx`` may do ``rule`` to ``target``.

        :raises PolicyNotRegistered: if no code knows the rule
        """
        if time.monotonic() - self._loaded_at > _RELOAD_S:
            self._load()
        decision = self._decisions.get(rule)
        if decision is None:
            decision = self._decisions[rule] = self._compiled(rule)
        creds = ctx.to_policy_values()
        if "system_scope" in creds:
            creds["system"] = creds["system_scope"]
        return decision(target, creds)

    def _compiled(self, rule: str) -> Decision:
        registered = self._oslo.registered_rules.get(rule)
        if registered is None:
            raise policy.PolicyNotRegistered(rule)
        try:
            check = self._oslo.rules[rule]
        except KeyError:
            return lambda target, creds: False
        return self._part(check)

    def _part(self, check: Any) -> Decision:
        """Return what decides as ``check`` does."""
        kind = type(check)
        if kind is _checks.AndCheck:
            return _all([self._part(part) for part in check.rules])
        if kind is _checks.OrCheck:
            return _any([self._part(part) for part in check.rules])
        if kind is _checks.RoleCheck and "%" not in check.match:
            return _has_role(check.match.lower())
        if kind is _checks.GenericCheck and _is_name(check.kind):
            return _same(check.kind, check.match)
        # What only operators' files have: slow, but as they know it.
        return lambda target, creds: bool(_checks._check(
            check, target, dict(creds), self._oslo, None))


def _all(parts: list[Decision]) -> Decision:
    return lambda target, creds: all(part(target, creds) for part in parts)


def _any(parts: list[Decision]) -> Decision:
    return lambda target, creds: any(part(target, creds) for part in parts)


def _has_role(name: str) -> Decision:
    return lambda target, creds: name in [
        role.lower() for role in creds.get("roles", ())]


def _is_name(text: str) -> bool:
    """Say whether it is that of one of the sender's attributes."""
    return text.isidentifier() and text not in ("True", "False", "None")


def _same(name: str, match: str) -> Decision:
    def decide(target: Mapping[str, Any], creds: Mapping[str, Any]) -> bool:
        if name not in creds:
            return False
        try:
            wanted = match % target
        except KeyError:
            return False
        value = creds[name]
        if isinstance(value, list):
            return any(wanted == str(item) for item in value)
        return wanted == str(value)
    return decide


def enforcer(conf: cfg.ConfigOpts, rules: Sequence[Rule]) -> Enforcer:
    """Return what decides by ``rules`` and the operator's files."""
    return Enforcer(conf, rules)
