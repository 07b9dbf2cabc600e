"""Who may make what lets others, or programs, act for somebody."""

from sqlalchemy import orm

from common import wsgi
from identity.db import credentials
from identity.db.delegations import ApplicationCredential
from identity.exceptions import NotAllowed


def refuse_delegated(req: wsgi.Request) -> None:
    """Raise NotAllowed for senders who act by a delegation themselves.

    Else the bounds of one delegation could be left by making, or reading,
    another. An unrestricted application credential is meant to do so.
    """
    acts_by = req.ctx.delegation
    if acts_by is not None and not acts_by.unrestricted:
        raise NotAllowed(
            reason="A token that was made by a delegation "
                   f"({acts_by.kind}) cannot be used for this.")


def refuse_foreign(req: wsgi.Request, made_by: str | None) -> None:
    """Raise NotAllowed for who acts by a delegation that made it not.

    :param made_by: the application credential by which it was made
    """
    refuse_delegated(req)
    own = maker_id(req)
    if own is not None and own != made_by:
        raise NotAllowed(
            reason="An application credential sees and changes only the "
                   "secrets that it has stored itself.")


def refuse_limited(session: orm.Session, req: wsgi.Request) -> None:
    """Raise NotAllowed for programs with access rules.

    What they make would not have these.
    """
    row = session.get(ApplicationCredential, maker_id(req) or "")
    if row is not None and row.limited:
        raise NotAllowed(
            reason="An application credential with access rules makes no "
                   "application credentials and no trusts.")


def refuse_elsewhere(req: wsgi.Request, project_id: str | None) -> None:
    """Raise NotAllowed for programs that ask for another project.

    What an application credential makes is good where it is.
    """
    if maker_id(req) is not None and project_id != req.ctx.project_id:
        raise NotAllowed(
            reason="An application credential makes keys for its own "
                   "project only.")


def refuse_login(req: wsgi.Request, kind: str) -> None:
    """Raise NotAllowed for programs that store what one logs in with.

    Who logs in with it has all that the user has, not what the program
    has.

    :param kind: type of the stored secret
    """
    if maker_id(req) is not None and kind == credentials.TOTP:
        raise NotAllowed(
            reason="An application credential stores no seeds of one-time "
                   "passcodes.")


def maker_id(req: wsgi.Request) -> str | None:
    """Return the id of the application credential that sends a request.

    What it makes must end with it.
    """
    acts_by = req.ctx.delegation
    if acts_by is None or acts_by.kind != "application_credential":
        return None
    return str(acts_by.id)
