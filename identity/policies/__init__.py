"""Who may do what: every rule, in one list."""

from identity.policies import (
    assignments,
    auth,
    catalog,
    projects,
    roles,
    users,
)

RULES = [*auth.RULES, *projects.RULES, *users.RULES, *roles.RULES,
         *assignments.RULES, *catalog.RULES]
