"""Who may do what: the policy first, then the container's own ACL."""

import dataclasses

from common import db, exceptions, wsgi
from objectstore import acl, names, policies
from objectstore.db import accounts
from objectstore.exceptions import AccountForbidden


def authorize(req: wsgi.Request, rule: str, account: str) -> None:
    """Raise AccountForbidden unless the policy allows it, there or not."""
    req.environ["common.authorized"] = True
    if not allowed(req, rule, account):
        raise AccountForbidden(rule=rule)


def allowed(req: wsgi.Request, rule: str, account: str) -> bool:
    """Say whether the policy allows it in an account that may be one."""
    project = names.project_of(account)
    return project is not None and req.allowed(
        rule, {"project_id": project})


@dataclasses.dataclass(frozen=True)
class Access:
    """Decides on containers and what is in them.

    Whoever is refused learns nothing of what is there: a container that is
    missing and one that does not let them in answer alike.
    """

    db: db.Database

    def read(self, req: wsgi.Request, account: str, container: str, *,
             listing: bool = False) -> None:
        """Raise unless the sender may read objects, or the list of them.

        :raises Unauthorized: if they have not said who they are
        :raises AccountForbidden: if they have
        """
        self._check(req, policies.READ, acl.READ, account, container,
                    listing)

    def write(self, req: wsgi.Request, account: str,
              container: str) -> None:
        """Raise AccountForbidden unless the sender may write objects."""
        self._check(req, policies.WRITE, acl.WRITE, account, container,
                    False)

    def _check(self, req: wsgi.Request, rule: str, header: str,
               account: str, container: str, listing: bool) -> None:
        if not allowed(req, rule, account):
            sender = acl.Sender(
                ctx=req.ctx, account=account, listing=listing,
                referrer=acl.referrer_host(req.headers.get("Referer")))
            if not acl.allows(self._acl(header, account, container), sender):
                raise _denied(req, rule)
        req.environ["common.authorized"] = True

    def _acl(self, header: str, account: str, container: str) -> str:
        with self.db.reader() as session:
            return accounts.headers_of(session, account, container).get(
                header, "")


def _denied(req: wsgi.Request, rule: str) -> exceptions.ServiceError:
    if req.environ.get("common.context") is not None:
        return AccountForbidden(rule=rule)
    told: exceptions.ServiceError | None = req.environ.get(
        "common.auth_error")
    return told or exceptions.Unauthorized()
