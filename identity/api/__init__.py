"""The REST API: every resource, in one list."""

from common import wsgi
from identity.api.access_tokens import AccessTokens
from identity.api.application_credentials import (
    AccessRules,
    ApplicationCredentials,
)
from identity.api.assignments import Assignments
from identity.api.auth import Auth
from identity.api.base import Resource
from identity.api.catalog import Endpoints, Regions, Services
from identity.api.credentials import Credentials
from identity.api.domain_config import DomainConfig
from identity.api.domains import Domains
from identity.api.ec2 import EC2Credentials, SignedRequests
from identity.api.endpoint_filter import EndpointFilter, EndpointGroups
from identity.api.grants import Grants
from identity.api.groups import Groups
from identity.api.limits import Limits
from identity.api.oauth1 import Consumers, Exchange
from identity.api.policies import EndpointPolicies, Policies
from identity.api.projects import Projects
from identity.api.registered_limits import RegisteredLimits
from identity.api.roles import Roles
from identity.api.tags import Tags
from identity.api.trusts import Trusts
from identity.api.users import Users
from identity.api.versions import Versions
from identity.env import Env

_RESOURCES: tuple[type[Resource], ...] = (
    Auth, Domains, DomainConfig, Projects, Tags, Users, Groups, Roles,
    Grants, Assignments, Regions, Services, Endpoints, EndpointGroups,
    EndpointFilter, Policies, EndpointPolicies, RegisteredLimits, Limits,
    # What acts for a user.
    ApplicationCredentials, AccessRules, Credentials, EC2Credentials,
    SignedRequests, Trusts, Consumers, Exchange, AccessTokens)


def routes(env: Env) -> list[wsgi.Route]:
    """Return all routes of identity."""
    table = [route for resource in _RESOURCES
             for route in resource(env).routes()]
    return Versions(table).routes() + wsgi.mounted(["/v3"], table)
