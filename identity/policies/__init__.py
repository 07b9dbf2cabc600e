"""Who may do what: every rule, in one list."""

from identity.policies import (
    application_credentials,
    assignments,
    auth,
    catalog,
    credentials,
    domain_config,
    endpoint_filter,
    limits,
    oauth,
    policies,
    projects,
    roles,
    trusts,
    users,
)

RULES = [*auth.RULES, *projects.RULES, *domain_config.RULES,
         *users.RULES, *roles.RULES, *assignments.RULES, *catalog.RULES,
         *endpoint_filter.RULES, *policies.RULES, *limits.RULES,
         *credentials.RULES, *application_credentials.RULES, *trusts.RULES,
         *oauth.RULES]
