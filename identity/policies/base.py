"""Check strings that the rules share, and what they look at.

A target has ``domain_id``, that of the thing acted on (a domain's own id
for a domain), ``project_id`` for a project's own, and ``user_id`` for a
user's. What does not apply is left out, and then matches nobody.
"""

import dataclasses
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
    """Return a rule.

    :param name: with or without ``identity:`` in front
    :param calls: such as ``GET /users/{user_id}``
    """
    return policy.rule(
        f"identity:{name.removeprefix('identity:')}", check, description,
        [(method, V3 + path) for method, path in
         (call.split(" ", 1) for call in calls)])


@dataclasses.dataclass(frozen=True)
class Things:
    """Things of one kind, of which one may see and change all or none.

    ``get`` to ``delete`` are the names of the rules.
    """

    #: As in bodies and in names of rules, such as ``endpoint_group``.
    kind: str
    path: str
    plural: str
    #: Bodies create several at a time.
    batch: bool = False

    @property
    def one(self) -> str:
        """The path of one of them."""
        return f"{self.path}/{{{self.kind}_id}}"

    @property
    def get(self) -> str:
        return f"identity:get_{self.kind}"

    @property
    def list(self) -> str:
        return f"identity:list_{self.plural}"

    @property
    def create(self) -> str:
        return f"identity:create_{self.plural if self.batch else self.kind}"

    @property
    def update(self) -> str:
        return f"identity:update_{self.kind}"

    @property
    def delete(self) -> str:
        return f"identity:delete_{self.kind}"

    def rules(self, see: str, *creating: str) -> tuple[Rule, ...]:
        """Return the rules; administrators alone change something.

        :param see: the check of who may see them
        :param creating: calls that create one, beside the usual one
        """
        one = self.kind.replace("_", " ")
        one = f"an {one}" if one[0] in "aeiou" else f"a {one}"
        many = self.plural.replace("_", " ")
        return tuple(
            rule(name, check, f"{what}.", *calls)
            for name, check, what, calls in (
                (self.get, see, f"Show {one}", [f"GET {self.one}"]),
                (self.list, see, f"List {many}", [f"GET {self.path}"]),
                (self.create, ADMIN,
                 f"Create {many if self.batch else one}",
                 [f"POST {self.path}", *creating]),
                (self.update, ADMIN, f"Update {one}",
                 [f"PATCH {self.one}"]),
                (self.delete, ADMIN, f"Delete {one}",
                 [f"DELETE {self.one}"])))


def target(**values: Any) -> dict[str, Any]:
    """Return what a rule looks at: no attribute that is None.

    None would match the lack of such an attribute of the sender.
    """
    return {name: value for name, value in values.items()
            if value is not None}
