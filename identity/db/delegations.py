"""Tables of what acts for a user: trusts, credentials, consumers.

Apart from those in ``models.py`` because all of them end with the user,
the project or the role that they come from.
"""

import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from common import db
from identity.db.models import ID, Base


def _of(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")


class Trust(Base):
    """Lets the trustee act, with these roles, for the trustor.

    ``remaining_uses`` None: any number. A row with ``deleted_at`` is kept
    so that the same trust is told apart from one that never was.
    """

    __tablename__ = "trusts"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    trustor_user_id: Mapped[str] = mapped_column(
        ID, _of("users"), index=True)
    trustee_user_id: Mapped[str] = mapped_column(
        ID, _of("users"), index=True)
    project_id: Mapped[str | None] = mapped_column(
        ID, _of("projects"), index=True)
    impersonation: Mapped[bool]
    expires_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    remaining_uses: Mapped[int | None]
    #: The trust by whose token this one was made.
    redelegated_trust_id: Mapped[str | None] = mapped_column(
        ID, _of("trusts"), index=True)
    #: How many trusts may follow one another from here.
    redelegation_count: Mapped[int] = mapped_column(default=0)
    deleted_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    roles: Mapped[list["TrustRole"]] = orm.relationship(
        lazy="selectin", cascade="all, delete-orphan",
        passive_deletes=True, order_by="TrustRole.role_id")


class TrustRole(Base):
    """Not a foreign key: a trust whose role is gone must end, not shrink."""

    __tablename__ = "trust_roles"

    trust_id: Mapped[str] = mapped_column(
        ID, _of("trusts"), primary_key=True)
    role_id: Mapped[str] = mapped_column(ID, primary_key=True)


class ApplicationCredential(Base):
    """Lets programs log in for a user, on one project."""

    __tablename__ = "application_credentials"
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, _of("users"))
    name: Mapped[str] = mapped_column(sa.String(255))
    project_id: Mapped[str] = mapped_column(ID, _of("projects"), index=True)
    secret_hash: Mapped[str] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.Text)
    expires_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    #: May make and end credentials and trusts itself.
    unrestricted: Mapped[bool] = mapped_column(default=False)
    #: Only what ``access_rules`` allow; none left would allow nothing.
    limited: Mapped[bool] = mapped_column(default=False)
    roles: Mapped[list["ApplicationCredentialRole"]] = orm.relationship(
        lazy="selectin", cascade="all, delete-orphan",
        passive_deletes=True, order_by="ApplicationCredentialRole.role_id")
    access_rules: Mapped[list["AccessRule"]] = orm.relationship(
        lazy="selectin", secondary="application_credential_access_rules",
        passive_deletes=True, order_by="AccessRule.id")


class ApplicationCredentialRole(Base):
    __tablename__ = "application_credential_roles"

    application_credential_id: Mapped[str] = mapped_column(
        ID, _of("application_credentials"), primary_key=True)
    role_id: Mapped[str] = mapped_column(ID, primary_key=True)


class AccessRule(Base):
    """One request that application credentials of the user may allow.

    The same one is a single row, however many credentials have it.
    """

    __tablename__ = "access_rules"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "service", "method", "path"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, _of("users"))
    service: Mapped[str] = mapped_column(sa.String(64))
    method: Mapped[str] = mapped_column(sa.String(16))
    path: Mapped[str] = mapped_column(sa.String(128))


class ApplicationCredentialAccessRule(Base):
    __tablename__ = "application_credential_access_rules"

    application_credential_id: Mapped[str] = mapped_column(
        ID, _of("application_credentials"), primary_key=True)
    access_rule_id: Mapped[str] = mapped_column(
        ID, _of("access_rules"), primary_key=True, index=True)


class Credential(Base):
    """A secret that is kept for a user: an EC2 key pair, a TOTP seed."""

    __tablename__ = "credentials"

    #: For type ``ec2`` that of the access key that it was made with.
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    user_id: Mapped[str] = mapped_column(ID, _of("users"), index=True)
    #: Not a foreign key: types other than ``ec2`` name what they like.
    project_id: Mapped[str | None] = mapped_column(ID, index=True)
    type: Mapped[str] = mapped_column(sa.String(255))
    sealed_blob: Mapped[str] = mapped_column(sa.Text)
    #: Of type ``ec2``: SHA-256 of the access key, in hexadecimal.
    access_hash: Mapped[str | None] = mapped_column(
        sa.String(64), unique=True)
    #: The application credential by which it was made, and ends.
    application_credential_id: Mapped[str | None] = mapped_column(
        ID, _of("application_credentials"), index=True)


class Consumer(Base):
    """A program that users may authorize by OAuth 1.0a."""

    __tablename__ = "oauth_consumers"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    description: Mapped[str | None] = mapped_column(sa.Text)
    sealed_secret: Mapped[str] = mapped_column(sa.Text)


class RequestToken(Base):
    """What a consumer wants; a user authorizes it by setting the rest."""

    __tablename__ = "oauth_request_tokens"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    consumer_id: Mapped[str] = mapped_column(
        ID, _of("oauth_consumers"), index=True)
    project_id: Mapped[str] = mapped_column(ID, _of("projects"), index=True)
    sealed_secret: Mapped[str] = mapped_column(sa.Text)
    expires_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, index=True)
    user_id: Mapped[str | None] = mapped_column(
        ID, _of("users"), index=True)
    verifier: Mapped[str | None] = mapped_column(sa.String(64))
    role_ids: Mapped[list[str] | None] = mapped_column(db.JSON)


class AccessToken(Base):
    """Lets a consumer act, with these roles, for the user."""

    __tablename__ = "oauth_access_tokens"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    consumer_id: Mapped[str] = mapped_column(
        ID, _of("oauth_consumers"), index=True)
    user_id: Mapped[str] = mapped_column(ID, _of("users"), index=True)
    project_id: Mapped[str] = mapped_column(ID, _of("projects"), index=True)
    sealed_secret: Mapped[str] = mapped_column(sa.Text)
    role_ids: Mapped[list[str]] = mapped_column(db.JSON)
    expires_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)


class Nonce(Base):
    """A signed request that was seen, so that it counts only once."""

    __tablename__ = "oauth_nonces"

    #: SHA-256 of who signed, when, and the nonce, in hexadecimal.
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    expires_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, index=True)
