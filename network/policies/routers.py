"""Who may do what with routers."""

from common.policy import rule
from network.policies.base import (
    ADMIN,
    ADMIN_OR_SERVICE,
    MEMBER,
    READER_OR_SERVICE,
)

RULES = [
    rule("create_router", MEMBER, "Create a router.",
         [("POST", "/v2.0/routers")]),
    rule("get_router", READER_OR_SERVICE,
         "Show or list routers.",
         [("GET", "/v2.0/routers"),
          ("GET", "/v2.0/routers/{router_id}")]),
    rule("get_router:all", ADMIN_OR_SERVICE,
         "List routers of every project.",
         [("GET", "/v2.0/routers")]),
    rule("update_router", MEMBER, "Change a router.",
         [("PUT", "/v2.0/routers/{router_id}")]),
    rule("delete_router", MEMBER, "Delete a router.",
         [("DELETE", "/v2.0/routers/{router_id}")]),
    rule("add_router_interface", MEMBER, "Put a router into a subnet.",
         [("PUT", "/v2.0/routers/{router_id}/add_router_interface")]),
    rule("remove_router_interface", MEMBER,
         "Take a router out of a subnet.",
         [("PUT", "/v2.0/routers/{router_id}/remove_router_interface")]),
    rule("create_router:external_gateway_info:enable_snat", ADMIN,
         "Set external_gateway_info:enable_snat of a router.",
         [("POST", "/v2.0/routers")]),
    rule("create_router:external_gateway_info:external_fixed_ips", ADMIN,
         "Set external_gateway_info:external_fixed_ips of a router.",
         [("POST", "/v2.0/routers")]),
    rule("update_router:external_gateway_info:enable_snat", ADMIN,
         "Change external_gateway_info:enable_snat of a router.",
         [("PUT", "/v2.0/routers/{router_id}")]),
    rule("update_router:external_gateway_info:external_fixed_ips", ADMIN,
         "Change external_gateway_info:external_fixed_ips of a router.",
         [("PUT", "/v2.0/routers/{router_id}")]),
]
