"""Who may do what with keypairs."""

from common import policy
from compute.policies import base

LIST = base.name("os-keypairs:index")
SHOW = base.name("os-keypairs:show")
CREATE = base.name("os-keypairs:create")
DELETE = base.name("os-keypairs:delete")

RULES = [
    policy.rule(LIST, base.OWN_USER, "List a user's keypairs.",
                [("GET", "/os-keypairs")]),
    policy.rule(SHOW, base.OWN_USER, "Show a user's keypair.",
                [("GET", "/os-keypairs/{name}")]),
    policy.rule(CREATE, base.OWN_USER, "Create a keypair for a user.",
                [("POST", "/os-keypairs")]),
    policy.rule(DELETE, base.OWN_USER, "Delete a user's keypair.",
                [("DELETE", "/os-keypairs/{name}")]),
]
