"""Who may do what with regions, services and endpoints."""

from identity.policies import base

REGIONS = base.Things("region", "/regions", "regions")
SERVICES = base.Things("service", "/services", "services")
ENDPOINTS = base.Things("endpoint", "/endpoints", "endpoints")

RULES = [
    *REGIONS.rules(base.ANYBODY, f"PUT {REGIONS.one}"),
    *SERVICES.rules(base.READER),
    *ENDPOINTS.rules(base.READER),
]
