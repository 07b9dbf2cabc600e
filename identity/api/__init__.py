"""The REST API: every resource, in one list."""

from typing import Any

from common import wsgi
from identity.api.assignments import Assignments
from identity.api.auth import Auth
from identity.api.catalog import Endpoints, Regions, Services
from identity.api.delegations import resources as delegations
from identity.api.domain_config import DomainConfig
from identity.api.domains import Domains
from identity.api.endpoint_filter import EndpointFilter, EndpointGroups
from identity.api.grants import Grants
from identity.api.groups import Groups
from identity.api.limits import Limits
from identity.api.policies import EndpointPolicies, Policies
from identity.api.projects import Projects
from identity.api.registered_limits import RegisteredLimits
from identity.api.roles import Roles
from identity.api.tags import Tags
from identity.api.users import Users
from identity.api.versions import Versions
from identity.env import Env


def routes(env: Env) -> list[wsgi.Route]:
    """Return all routes of identity."""
    resources: list[Any] = [
        Auth(env.db, env.login, env.authority, env.announce),
        Domains(env.db, env.announce),
        DomainConfig(env.db, env.vault, env.rules),
        Projects(env.db, env.announce, max_depth=env.max_project_depth),
        Tags(env.db),
        Users(env.db, env.hasher, env.checker, env.rules,
              env.announce),
        Groups(env.db, env.rules, env.announce),
        Roles(env.db, env.announce),
        Grants(env.db, env.announce),
        Assignments(env.db),
        Regions(env.db), Services(env.db), Endpoints(env.db),
        EndpointGroups(env.db), EndpointFilter(env.db),
        Policies(env.db), EndpointPolicies(env.db),
        RegisteredLimits(env.db), Limits(env.db, env.limit_model),
        *delegations(env),
    ]
    table = [route for resource in resources for route in resource.routes()]
    return Versions(table).routes() + wsgi.mounted(["/v3"], table)
