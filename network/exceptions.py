"""Errors of the network service, named as clients know them."""

from common import exceptions
from common.exceptions import BadRequest, Conflict, NotFound


class InvalidInput(BadRequest):
    message = "Invalid input for operation: {reason}."


class NetworkNotFound(NotFound):
    message = "Network {id} could not be found."


class SubnetNotFound(NotFound):
    message = "Subnet {id} could not be found."


class PortNotFound(NotFound):
    message = "Port {id} could not be found."


class RouterNotFound(NotFound):
    message = "Router {id} could not be found."


class FloatingIPNotFound(NotFound):
    message = "Floating IP {id} could not be found."


class SecurityGroupNotFound(NotFound):
    message = "Security group {id} does not exist."


class SecurityGroupRuleNotFound(NotFound):
    message = "Security group rule {id} does not exist."


class ExtensionNotFound(NotFound):
    message = "Extension with alias {id} does not exist."


class NetworkInUse(Conflict):
    message = ("Unable to complete operation on network {id}. There are one "
               "or more ports still in use on the network.")


class ProviderNetworkInUse(Conflict):
    message = ("Unable to create the network. The segment {segmentation_id} "
               "of physical network {physical_network} is in use.")


class InvalidSharedSetting(Conflict):
    message = ("Unable to reconfigure sharing settings for network {id}. "
               "Multiple tenants are using it.")


class SubnetInUse(Conflict):
    message = ("Unable to complete operation on subnet {id}: One or more "
               "ports have an IP allocation from this subnet.")


class GatewayIpInUse(Conflict):
    message = ("Current gateway ip {ip} already in use by port {port_id}. "
               "Unable to update.")


class PortInUse(Conflict):
    message = ("Unable to complete operation on port {id} for network "
               "{network_id}. Port already has an attached device "
               "{device_id}.")


class L3PortInUse(Conflict):
    message = ("Port {id} cannot be deleted directly via the port API: "
               "{reason}.")


class ServicePortInUse(L3PortInUse):
    pass


class MacAddressInUse(Conflict):
    message = ("Unable to complete operation for network {network_id}. The "
               "mac address {mac} is in use.")


class IpAddressInUse(Conflict):
    message = ("Unable to complete operation for network {network_id}. The "
               "IP address {ip} is in use.")


class IpAddressAlreadyAllocated(Conflict):
    message = "IP address {ip} already allocated in subnet {subnet_id}."


class IpAddressGenerationFailure(Conflict):
    message = "No more IP addresses available on network {network_id}."


class InvalidIpForNetwork(BadRequest):
    message = ("IP address {ip} is not a valid IP for any of the subnets on "
               "the specified network.")


class InvalidIpForSubnet(BadRequest):
    message = "IP address {ip} is not a valid IP for the specified subnet."


class OutOfBoundsAllocationPool(BadRequest):
    message = ("The allocation pool {pool} spans beyond the subnet cidr "
               "{cidr}.")


class OverlappingAllocationPools(Conflict):
    message = "Found overlapping allocation pools: {pools} for subnet {cidr}."


class InvalidAllocationPool(BadRequest):
    message = "The allocation pool {pool} is not valid."


class GatewayConflictWithAllocationPools(Conflict):
    message = "Gateway ip {ip} conflicts with allocation pool {pool}."


class OverlappingSubnets(BadRequest):
    message = ("Invalid input for operation: Requested subnet with cidr: "
               "{cidr} for network: {network_id} overlaps with another "
               "subnet.")


class RouterInUse(Conflict):
    message = "Router {id} still has ports."


class RouterInterfaceNotFound(NotFound):
    message = ("Router {id} does not have an interface with id {port_id}.")


class SubnetMismatchForPort(BadRequest):
    message = "Subnet on port {port_id} does not match the requested subnet " \
              "{subnet_id}."


class RouterInterfaceNotFoundForSubnet(NotFound):
    message = "Router {id} has no interface on subnet {subnet_id}."


class RouterInterfaceInUseByFloatingIP(Conflict):
    message = ("Router interface for subnet {subnet_id} on router {id} "
               "cannot be deleted, as it is required by one or more "
               "floating IPs.")


class RouterExternalGatewayInUseByFloatingIp(Conflict):
    message = ("Gateway cannot be updated for router {id}, since a gateway "
               "to external network {network_id} is required by one or more "
               "floating IPs.")


class ExternalNetworkInUse(Conflict):
    message = ("External network {id} cannot be updated to be made "
               "non-external, since it has existing gateway ports.")


class ExternalGatewayForFloatingIPNotFound(NotFound):
    message = ("External network {network_id} is not reachable from subnet "
               "{subnet_id}. Therefore, cannot associate Port {port_id} with "
               "a Floating IP.")


class FloatingIPPortAlreadyAssociated(Conflict):
    message = ("Cannot associate floating IP {ip} with port {port_id} using "
               "fixed IP {fixed_ip}, as that fixed IP already has a floating "
               "IP on external network {network_id}.")


class SecurityGroupInUse(Conflict):
    message = "Security Group {id} in use."


class SecurityGroupCannotRemoveDefault(Conflict):
    message = "Insufficient rights for removing default security group."


class SecurityGroupCannotUpdateDefault(Conflict):
    message = "Updating default security group not allowed."


class SecurityGroupDefaultAlreadyExists(Conflict):
    message = "Default security group already exists."


class SecurityGroupRuleExists(Conflict):
    message = "Security group rule already exists. Rule id is {rule_id}."


class SecurityGroupInvalidPortRange(BadRequest):
    message = ("For TCP/UDP protocols, port_range_min must be <= "
               "port_range_max.")


class SecurityGroupInvalidPortValue(BadRequest):
    message = "Invalid value for port {port}."


class SecurityGroupInvalidIcmpValue(BadRequest):
    message = "Invalid value for ICMP {field} ({attr}) {value}."


class SecurityGroupMissingIcmpType(BadRequest):
    message = "ICMP code (port-range-max) {value} is provided but ICMP type " \
              "(port-range-min) is missing."


class SecurityGroupInvalidProtocolForPort(BadRequest):
    message = ("Ports cannot be specified for protocol {protocol}. Ports are "
               "only supported for sctp, tcp and udp.")


class SecurityGroupProtocolRequiredWithPorts(BadRequest):
    message = "Must also specify protocol if port range is given."


class SecurityGroupRemoteGroupAndRemoteIpPrefix(BadRequest):
    message = "Only remote_ip_prefix or remote_group_id may be provided."


class SecurityGroupRuleParameterConflict(BadRequest):
    message = "Conflicting value ethertype {ethertype} for CIDR {cidr}."


class SecurityGroupRuleInvalidProtocol(BadRequest):
    message = ("Security group rule protocol {protocol} not supported. Only "
               "protocol values {allowed} and integer representations "
               "[0 to 255] are supported.")


class PortSecurityAndIPRequiredForSecurityGroups(BadRequest):
    message = ("Port security must be enabled and port must have an IP "
               "address in order to use security groups.")


class PortSecurityPortHasSecurityGroup(Conflict):
    message = ("Port has security group associated. Cannot disable port "
               "security or IP address until security group is removed.")


class AddressPairAndPortSecurityRequired(Conflict):
    message = ("Port Security must be enabled in order to have allowed "
               "address pairs on a port.")


class OverQuota(Conflict):
    message = "Quota exceeded for resources: ['{resource}']."


class RevisionNumberConstraintFailed(exceptions.PreconditionFailed):
    message = "Constrained to {expected}, but current revision is {actual}."


class NoAddress(Conflict):
    """Within IPAM only: the subnet has no address left."""

    message = "No more IP addresses available on subnet {subnet_id}."


class NodeNotReady(exceptions.ServiceUnavailable):
    """A part of OVN does not answer; what asked will try again."""

    message = "The network back end is away: {reason}"
