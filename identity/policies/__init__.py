"""Who may do what: every rule, in one list."""

from identity.policies import (
    application_credentials,
    assignments,
    auth,
    catalog,
    credentials,
    endpoint_filter,
    limits,
    policies,
    projects,
    roles,
    users,
)

RULES = [*auth.RULES, *projects.RULES, *users.RULES, *roles.RULES,
         *assignments.RULES, *catalog.RULES,
         *endpoint_filter.RULES, *policies.RULES, *limits.RULES,
         *credentials.RULES, *application_credentials.RULES]
