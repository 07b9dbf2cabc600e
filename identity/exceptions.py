"""Errors of the identity service."""

from common import exceptions


class ProjectNotFound(exceptions.NotFound):
    message = "Could not find project: {project_id}."


class DomainNotFound(exceptions.NotFound):
    message = "Could not find domain: {domain_id}."


class UserNotFound(exceptions.NotFound):
    message = "Could not find user: {user_id}."


class GroupNotFound(exceptions.NotFound):
    message = "Could not find group: {group_id}."


class NotAMember(exceptions.NotFound):
    message = "User {user_id} is not a member of group {group_id}."


class RoleNotFound(exceptions.NotFound):
    message = "Could not find role: {role_id}."


class ImplicationNotFound(exceptions.NotFound):
    message = "Role {prior_id} does not imply role {implied_id}."


class AssignmentNotFound(exceptions.NotFound):
    message = ("Could not find role assignment with role: {role_id}, "
               "actor: {actor_id}, target: {target_id}.")


class RegionNotFound(exceptions.NotFound):
    message = "Could not find region: {region_id}."


class ServiceNotFound(exceptions.NotFound):
    message = "Could not find service: {service_id}."


class EndpointNotFound(exceptions.NotFound):
    message = "Could not find endpoint: {endpoint_id}."


class EndpointGroupNotFound(exceptions.NotFound):
    message = "Could not find endpoint group: {group_id}."


class EndpointNotShown(exceptions.NotFound):
    message = ("Project {project_id} is not associated with this endpoint "
               "or endpoint group.")


class PolicyNotFound(exceptions.NotFound):
    message = "Could not find policy: {policy_id}."


class PolicyNotAssociated(exceptions.NotFound):
    message = "Policy {policy_id} is not associated with this."


class RegisteredLimitNotFound(exceptions.NotFound):
    message = "Could not find registered limit: {limit_id}."


class LimitNotFound(exceptions.NotFound):
    message = "Could not find limit: {limit_id}."


class TokenNotFound(exceptions.NotFound):
    message = "Could not find token."


class Duplicate(exceptions.Conflict):
    message = ("Conflict occurred attempting to store {kind} - {reason}.")


class StillEnabled(exceptions.ServiceError):
    status = 403
    message = ("Cannot delete a domain that is enabled, please disable it "
               "first.")


class NotAllowed(exceptions.ServiceError):
    """What no role may do, in the state in which things are."""

    status = 403
    message = "{reason}"


class PasswordExpired(exceptions.Unauthorized):
    """Told only to those who know the password."""

    message = ("The password is expired and needs to be changed for user: "
               "{user_id}.")


class WeakPassword(exceptions.BadRequest):
    message = "The password does not match the requirements: {detail}."


class PasswordUsedBefore(exceptions.BadRequest):
    message = ("The new password cannot be identical to a previous one: "
               "the last {count} passwords, the new one among them, must "
               "differ.")


class PasswordTooYoung(exceptions.BadRequest):
    message = ("The password cannot be changed yet: the minimum password "
               "age is {days} day(s). Try again in {left} day(s), or ask "
               "an administrator to reset it.")


class PasswordLocked(exceptions.BadRequest):
    message = ("The user's option lock_password disallows changing the "
               "password: an administrator may reset it.")


class DomainConfigNotFound(exceptions.NotFound):
    message = ("Could not find such options of domain {domain_id}.")


class InvalidDomainConfig(exceptions.ServiceError):
    status = 403
    message = "Invalid domain specific configuration: {reason}."


class TagNotFound(exceptions.NotFound):
    message = "Could not find tag {tag} on project {project_id}."


class CredentialNotFound(exceptions.NotFound):
    message = "Could not find credential: {credential_id}."


class TooMany(exceptions.ServiceError):
    """What is countable has a bound for each user."""

    status = 403
    message = "A user may have no more than {limit} {what}."


class ApplicationCredentialNotFound(exceptions.NotFound):
    message = "Could not find application credential: {credential_id}."


class AccessRuleNotFound(exceptions.NotFound):
    message = "Could not find access rule: {rule_id}."


class TrustNotFound(exceptions.NotFound):
    message = "Could not find trust: {trust_id}."


class ConsumerNotFound(exceptions.NotFound):
    message = "Could not find consumer: {consumer_id}."


class RequestTokenNotFound(exceptions.NotFound):
    message = "Could not find request token: {token_id}."


class AccessTokenNotFound(exceptions.NotFound):
    message = "Could not find access token: {token_id}."
