"""Who may see and end what others have delegated or stored."""

import re

from identity.policies import (
    application_credentials,
    credentials,
    oauth,
    trusts,
)

RULES = {rule.name for module in (
    application_credentials, credentials, oauth, trusts)
    for rule in module.RULES}
#: Of one's own; who may not list all is refused by the rule for that, and
#: what REVEAL adds is judged by what is shown.
OPEN = {oauth.AUTHORIZE, credentials.REVEAL, credentials.LIST,
        trusts.LIST_OF_TRUSTOR, trusts.LIST_OF_TRUSTEE}

SCOPES = ("system", "domain", "project")
ROLES = ("admin", "manager", "member", "reader")
ADMINS = {(scope, "admin") for scope in SCOPES}
SEE = ADMINS | {("system", role) for role in ROLES}
NOBODY: set[tuple[str, str]] = set()

_OWN = "users/{user}"
_KEYS = f"{_OWN}/credentials/OS-EC2"
_PROGRAMS = f"{_OWN}/application_credentials"
_TOKENS = f"{_OWN}/OS-OAUTH1/access_tokens"
#: Method, path, body, who may, and the status if it is no success.
TABLE = [
    ("GET", _PROGRAMS, None, SEE),
    ("GET", _PROGRAMS + "/{program}", None, SEE),
    ("POST", _PROGRAMS, {"application_credential": {"name": "x"}}, NOBODY),
    ("GET", f"{_OWN}/access_rules", None, SEE),
    ("GET", f"{_OWN}/access_rules/{{rule}}", None, SEE),
    ("DELETE", f"{_OWN}/access_rules/{{rule}}", None, ADMINS, 403),
    ("DELETE", _PROGRAMS + "/{program}", None, ADMINS),
    ("GET", "credentials?user_id={user}", None, SEE | {"all"}),
    ("GET", "credentials/{credential}", None, SEE),
    ("POST", "credentials", {"credential": {
        "user_id": "{user}", "type": "x", "blob": "b"}}, ADMINS),
    ("PATCH", "credentials/{credential}", {"credential": {"blob": "c"}},
     ADMINS),
    ("DELETE", "credentials/{credential}", None, ADMINS),
    ("GET", _KEYS, None, SEE),
    ("GET", _KEYS + "/{key}", None, SEE),
    ("POST", _KEYS, {"tenant_id": "{project}"}, ADMINS),
    ("DELETE", _KEYS + "/{key}", None, ADMINS),
    ("POST", "ec2tokens", {"credentials": {
        "access": "a", "signature": "s", "params": {}}}, ADMINS, 401),
    ("POST", "s3tokens", {"credentials": {
        "access": "a", "signature": "s", "token": "dA=="}}, ADMINS, 401),
    ("GET", "OS-TRUST/trusts", None, SEE),
    ("GET", "OS-TRUST/trusts?trustor_user_id={user}", None, SEE),
    ("GET", "OS-TRUST/trusts?trustee_user_id={user}", None, SEE),
    ("GET", "OS-TRUST/trusts/{trust}", None, SEE),
    ("GET", "OS-TRUST/trusts/{trust}/roles", None, SEE),
    ("GET", "OS-TRUST/trusts/{trust}/roles/{role}", None, SEE),
    ("POST", "OS-TRUST/trusts", {"trust": {
        "trustor_user_id": "{user}", "trustee_user_id": "{user}",
        "impersonation": True}}, NOBODY),
    ("DELETE", "OS-TRUST/trusts/{trust}", None, ADMINS),
    ("GET", "OS-OAUTH1/consumers", None, SEE),
    ("GET", "OS-OAUTH1/consumers/{consumer}", None, SEE),
    ("POST", "OS-OAUTH1/consumers", {"consumer": {}}, ADMINS),
    ("PATCH", "OS-OAUTH1/consumers/{consumer}", {"consumer": {}}, ADMINS),
    ("DELETE", "OS-OAUTH1/consumers/{consumer}", None, ADMINS),
    ("GET", _TOKENS, None, SEE),
    ("GET", _TOKENS + "/none", None, SEE, 404),
    ("GET", _TOKENS + "/none/roles", None, SEE, 404),
    ("GET", _TOKENS + "/none/roles/none", None, SEE, 404),
    ("DELETE", _TOKENS + "/none", None, ADMINS, 404),
]


def fill(value, things):
    if isinstance(value, dict):
        return {key: fill(item, things) for key, item in value.items()}
    return value.format(**things) if isinstance(value, str) else value


class World:
    """A user who has delegated all that there is."""

    def __init__(self, identity, project):
        self.admin = identity.admin()
        self.owner = identity.person(
            "reader", {"project": {"id": project["id"]}})
        user = self.owner.ok(
            "GET", "/v3/auth/tokens",
            X_Subject_Token=self.owner.token)["token"]["user"]["id"]
        self.things = {"user": user, "project": project["id"],
                       "role": identity.role_id("reader")}
        self.number = 0

    def make(self, caller, path, kind, body):
        body = fill({kind: body} if kind else body, self.things)
        return caller.ok("POST", "/v3/" + fill(path, self.things), body)

    def refill(self):
        """Make what a call has taken away."""
        self.number += 1
        owner, things = self.owner, self.things
        made = self.make(owner, _PROGRAMS, "application_credential", {
            "name": f"n{self.number}"})["application_credential"]
        limited = self.make(owner, _PROGRAMS, None, {
            "application_credential": {
                "name": f"r{self.number}", "access_rules": [{
                    "service": "identity", "method": "GET",
                    "path": "/"}]}})["application_credential"]
        things["program"] = made["id"]
        things["rule"] = limited["access_rules"][0]["id"]
        things["credential"] = self.make(
            owner, "credentials", "credential", {
                "user_id": "{user}", "type": "totp",
                "blob": "seed"})["credential"]["id"]
        things["key"] = self.make(owner, _KEYS, None, {
            "tenant_id": "{project}"})["credential"]["access"]
        things["trust"] = owner.ok("POST", "/v3/OS-TRUST/trusts", {
            "trust": {
                "trustor_user_id": things["user"], "impersonation": True,
                "trustee_user_id": things["user"],
                "project_id": things["project"],
                "roles": [{"id": things["role"]}]}})["trust"]["id"]
        things["consumer"] = self.make(
            self.admin, "OS-OAUTH1/consumers", "consumer", {})[
                "consumer"]["id"]
        return things


def test_who_may_do_what(identity, project):
    world = World(identity, project)
    wheres = {"system": {"system": {"all": True}},
              "domain": {"domain": {"id": "default"}},
              "project": {"project": {"id": project["id"]}}}
    denied, wrong = set(), []
    for scope, where in wheres.items():
        for role in ROLES:
            persona = identity.person(role, where)
            things = world.refill()
            for method, path, body, who, *status in TABLE:
                got = persona(method, "/v3/" + fill(path, things),
                              fill(body, things))
                rule = re.search(r"Policy does not allow ([\w:]+)", got.text)
                denied |= {rule[1]} if rule else set()
                may = (scope, role) in who or "all" in who
                good = (got.status_code in (status or (200, 201, 204))
                        if may else bool(rule))
                if not good or bool(rule) is may:
                    wrong.append((scope, role, method, path, got.text))
                shown = "seed" in got.text or '"secret"' in got.text
                if shown and role != "admin":
                    wrong.append((scope, role, method, path, "a secret"))
    assert not wrong, wrong
    assert RULES - denied == OPEN
