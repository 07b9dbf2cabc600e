"""Who may see and change what the cloud is made of."""

from common import policy
from compute.policies import base

SERVICES = base.name("os-services:list")
SERVICES_WRITE = base.name("os-services:update")
HYPERVISORS = base.name("os-hypervisors:list")
ZONES = base.name("os-availability-zone:list")
ZONES_DETAIL = base.name("os-availability-zone:detail")
LIMITS = base.name("limits")
LIMITS_OTHER = base.name("limits:other_project")
QUOTAS_SHOW = base.name("os-quota-sets:show")
QUOTAS_DEFAULTS = base.name("os-quota-sets:defaults")
QUOTAS_UPDATE = base.name("os-quota-sets:update")
QUOTAS_DELETE = base.name("os-quota-sets:delete")
EVENTS = base.name("os-server-external-events:create")
EXTENSIONS = base.name("extensions")

RULES = [
    policy.rule(SERVICES, base.ADMIN, "List daemons.",
                [("GET", "/os-services")]),
    policy.rule(SERVICES_WRITE, base.ADMIN, "Take hosts in and out of use.",
                [("PUT", "/os-services/{service_id}"),
                 ("PUT", "/os-services/enable"),
                 ("DELETE", "/os-services/{service_id}")]),
    policy.rule(HYPERVISORS, base.ADMIN, "List compute hosts.",
                [("GET", "/os-hypervisors"),
                 ("GET", "/os-hypervisors/detail"),
                 ("GET", "/os-hypervisors/{node_id}"),
                 ("GET", "/os-hypervisors/{node_id}/uptime")]),
    policy.rule(ZONES, base.ANYBODY, "List availability zones.",
                [("GET", "/os-availability-zone")]),
    policy.rule(ZONES_DETAIL, base.ADMIN, "List zones with their hosts.",
                [("GET", "/os-availability-zone/detail")]),
    policy.rule(LIMITS, base.ANYBODY, "Show the own project's limits.",
                [("GET", "/limits")]),
    policy.rule(LIMITS_OTHER, base.ADMIN, "Show any project's limits.",
                [("GET", "/limits")]),
    policy.rule(QUOTAS_SHOW, base.READER, "Show a project's quota.",
                [("GET", "/os-quota-sets/{tenant_id}"),
                 ("GET", "/os-quota-sets/{tenant_id}/detail")]),
    policy.rule(QUOTAS_DEFAULTS, base.ANYBODY, "Show the default quota.",
                [("GET", "/os-quota-sets/{tenant_id}/defaults")]),
    policy.rule(QUOTAS_UPDATE, base.ADMIN, "Set a project's quota.",
                [("PUT", "/os-quota-sets/{tenant_id}")]),
    policy.rule(QUOTAS_DELETE, base.ADMIN, "Drop a project's quota.",
                [("DELETE", "/os-quota-sets/{tenant_id}")]),
    policy.rule(EVENTS, base.ADMIN_OR_SERVICE,
                "Tell what happened to a server's port or volume.",
                [("POST", "/os-server-external-events")]),
    policy.rule(EXTENSIONS, base.ANYBODY, "List extensions.",
                [("GET", "/extensions"), ("GET", "/extensions/{alias}")]),
]
