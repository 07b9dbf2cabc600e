"""Who asks: travels with each request, over REST and RPC."""

import uuid
from typing import Any, NamedTuple

from oslo_context import context


class Delegation(NamedTuple):
    """By what, other than their own right, the sender acts."""

    #: "trust", "application_credential", "access_token" or "ec2".
    kind: str
    id: str
    #: It may be used to make further credentials and delegations.
    unrestricted: bool = False


class RequestContext(context.RequestContext):
    """The sender of a request, as its validated token says.

    ``auth_token`` stays in the process that received it: it is in no text
    form and in no message.
    """

    def __init__(self, *, expires_at: str | None = None,
                 audit_ids: tuple[str, ...] = (),
                 delegation: Delegation | None = None,
                 **values: Any) -> None:
        super().__init__(**values)
        self.expires_at = expires_at
        self.audit_ids = audit_ids
        self.delegation = delegation

    def update_store(self) -> None:
        """Leave no trace in the thread, which may serve others after."""

    def to_dict(self) -> dict[str, Any]:
        """Return what may travel over the bus."""
        shown = super().to_dict()
        for name in ("auth_token", "auth_token_info", "service_token"):
            shown.pop(name, None)
        return shown

    def to_policy_values(self) -> dict[str, Any]:  # type: ignore[override]
        """Return what policy rules may look at."""
        values = {
            "user_id": self.user_id,
            "user_domain_id": self.user_domain_id,
            "system_scope": self.system_scope,
            "domain_id": self.domain_id,
            "project_id": self.project_id,
            "project_domain_id": self.project_domain_id,
            "roles": self.roles,
            "service_roles": self.service_roles,
        }
        # Rules compare text: None would match a thing called "None".
        return {name: value for name, value in values.items()
                if value is not None}

    @classmethod
    def from_dict(cls, values: dict[str, Any],
                  **kwargs: Any) -> "RequestContext":
        """Return the context that ``to_dict`` gave."""
        made: RequestContext = super().from_dict(values, **kwargs)
        return made

    def __repr__(self) -> str:
        return (f"<context {self.request_id} user={self.user_id} "
                f"project={self.project_id} roles={self.roles}>")


def service_context(request_id: str | None = None) -> RequestContext:
    """Return a service's own context, for what outlives a request."""
    return RequestContext(
        is_admin=True, roles=["admin", "service"],
        request_id=request_id or f"req-{uuid.uuid4()}")
