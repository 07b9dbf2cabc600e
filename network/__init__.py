"""Networks, subnets, ports, routers, floating IPs, security groups: on OVN."""
