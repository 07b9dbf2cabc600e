"""Errors of the identity service."""

from common import exceptions


class Missing(exceptions.NotFound):
    """What clients look for by an id."""

    message = "Could not find {kind}: {id}."


class NotAMember(exceptions.NotFound):
    message = "User {user_id} is not a member of group {group_id}."


class ImplicationNotFound(exceptions.NotFound):
    message = "Role {prior_id} does not imply role {implied_id}."


class AssignmentNotFound(exceptions.NotFound):
    message = ("Could not find role assignment with role: {role_id}, "
               "actor: {actor_id}, target: {target_id}.")


class EndpointNotShown(exceptions.NotFound):
    message = ("Project {project_id} is not associated with this endpoint "
               "or endpoint group.")


class PolicyNotAssociated(exceptions.NotFound):
    message = "Policy {policy_id} is not associated with this."


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


class TooMany(exceptions.ServiceError):
    """What is countable has a bound for each user."""

    status = 403
    message = "A user may have no more than {limit} {what}."
