"""Who may do what with flavors."""

from common import policy
from compute.policies import base

LIST = base.name("flavors:index")
SHOW = base.name("flavors:show")
ALL = base.name("flavors:see_private")
CREATE = base.name("os-flavor-manage:create")
UPDATE = base.name("os-flavor-manage:update")
DELETE = base.name("os-flavor-manage:delete")
ACCESS = base.name("os-flavor-access")
SPECS_READ = base.name("os-flavor-extra-specs:index")
SPECS_WRITE = base.name("os-flavor-extra-specs:create")

_ONE = "/flavors/{flavor_id}"
_SPECS = _ONE + "/os-extra_specs"

RULES = [
    policy.rule(LIST, base.ANYBODY, "List flavors.",
                [("GET", "/flavors"), ("GET", "/flavors/detail")]),
    policy.rule(SHOW, base.ANYBODY, "Show a flavor.", [("GET", _ONE)]),
    policy.rule(ALL, base.ADMIN, "See flavors that are not public.",
                [("GET", "/flavors"), ("GET", _ONE)]),
    policy.rule(CREATE, base.ADMIN, "Create flavors.",
                [("POST", "/flavors")]),
    policy.rule(UPDATE, base.ADMIN, "Change a flavor's description.",
                [("PUT", _ONE)]),
    policy.rule(DELETE, base.ADMIN, "Delete flavors.", [("DELETE", _ONE)]),
    policy.rule(ACCESS, base.ADMIN, "See who may use a flavor.",
                [("GET", _ONE + "/os-flavor-access")]),
    policy.rule(SPECS_READ, base.ANYBODY, "Show a flavor's extra specs.",
                [("GET", _SPECS), ("GET", _SPECS + "/{key}")]),
    policy.rule(SPECS_WRITE, base.ADMIN, "Change a flavor's extra specs.",
                [("POST", _SPECS), ("PUT", _SPECS + "/{key}"),
                 ("DELETE", _SPECS + "/{key}")]),
]
