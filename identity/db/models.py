"""Tables of identity."""

import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from common import db

ID = sa.String(64)

#: Who a role is given to, and on what.
USER, GROUP = "user", "group"
PROJECT, DOMAIN, SYSTEM = "project", "domain", "system"
#: The one thing of kind SYSTEM.
ALL = "all"


class Base(db.Base):
    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


class Revision(Base):
    """Grows with each change of what a process keeps in memory."""

    __tablename__ = "revisions"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    value: Mapped[int] = mapped_column(sa.BigInteger)


class Project(Base):
    """A project, or a domain: a project at the top that owns names.

    ``epoch`` is in each token that names the project; it grows when those
    that are out must die, so that no clock is asked.
    """

    __tablename__ = "projects"
    __table_args__ = (sa.UniqueConstraint("names_of", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    #: The id of the domain, or ROOT for domains: where the name is unique.
    names_of: Mapped[str] = mapped_column(ID)
    name: Mapped[str] = mapped_column(sa.String(64))
    domain_id: Mapped[str | None] = mapped_column(
        ID, sa.ForeignKey("projects.id"), index=True)
    parent_id: Mapped[str | None] = mapped_column(
        ID, sa.ForeignKey("projects.id"), index=True)
    is_domain: Mapped[bool] = mapped_column(default=False)
    description: Mapped[str] = mapped_column(sa.Text, default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    epoch: Mapped[int] = mapped_column(default=0)
    options: Mapped[dict[str, Any]] = mapped_column(db.JSON, default=dict)
    #: What clients store and nothing here reads.
    extra: Mapped[dict[str, Any]] = mapped_column(db.JSON, default=dict)
    tags: Mapped[list["ProjectTag"]] = orm.relationship(
        lazy="selectin", cascade="all, delete-orphan",
        passive_deletes=True, order_by="ProjectTag.name")

    #: ``names_of`` of domains.
    ROOT = "<domains>"


class ProjectTag(Base):
    __tablename__ = "project_tags"

    project_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("projects.id", ondelete="CASCADE"),
        primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)


class User(Base):
    """``epoch``: as of projects. ``revision`` grows with each change.

    ``failures`` are the wrong passwords since the last right one, the
    newest at ``failed_at``: see ``compliance.py``.
    """

    __tablename__ = "users"
    __table_args__ = (sa.UniqueConstraint("domain_id", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    domain_id: Mapped[str] = mapped_column(ID, sa.ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(sa.String(255))
    enabled: Mapped[bool] = mapped_column(default=True)
    #: Not a foreign key: it may name what is gone, or not yet there.
    default_project_id: Mapped[str | None] = mapped_column(ID)
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    epoch: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)
    options: Mapped[dict[str, Any]] = mapped_column(db.JSON, default=dict)
    extra: Mapped[dict[str, Any]] = mapped_column(db.JSON, default=dict)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    failed_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    #: To the day; NULL where nobody counts days of inactivity.
    last_active_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    #: Of the newest password; None where it lasts, or there is none.
    password_expires_at: ClassVar[Any]


class Password(Base):
    """The newest of a user counts; older ones are kept as history."""

    __tablename__ = "passwords"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    hash: Mapped[str] = mapped_column(sa.String(255))
    created_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    expires_at: Mapped[datetime.datetime | None] = mapped_column(
        db.UTCDateTime)
    #: The user has set it, not an administrator.
    self_service: Mapped[bool] = mapped_column(default=False)


User.password_expires_at = orm.column_property(
    sa.select(Password.expires_at).where(Password.user_id == User.id)
    .order_by(Password.id.desc()).limit(1).correlate(User.__table__)
    .scalar_subquery(), expire_on_flush=False)


class DomainOption(Base):
    """What is set for one domain in place of the configuration file."""

    __tablename__ = "domain_options"

    domain_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("projects.id", ondelete="CASCADE"),
        primary_key=True)
    group_name: Mapped[str] = mapped_column(
        sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    #: JSON text: a value may be null.
    value: Mapped[str] = mapped_column(sa.Text)


class DomainSecret(Base):
    """As DomainOption, for those that nobody is shown."""

    __tablename__ = "domain_secrets"
    __table_args__ = (
        sa.UniqueConstraint("domain_id", "group_name", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    domain_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("projects.id", ondelete="CASCADE"))
    group_name: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(64))
    #: The value as JSON text, sealed.
    sealed_value: Mapped[str] = mapped_column(sa.Text)


class Group(Base):
    __tablename__ = "groups"
    __table_args__ = (sa.UniqueConstraint("domain_id", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    domain_id: Mapped[str] = mapped_column(ID, sa.ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(sa.String(64))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    extra: Mapped[dict[str, Any] | None] = mapped_column(db.JSON)


class Membership(Base):
    __tablename__ = "memberships"

    user_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("groups.id", ondelete="CASCADE"),
        primary_key=True, index=True)


class Role(Base):
    __tablename__ = "roles"
    __table_args__ = (sa.UniqueConstraint("names_of", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    #: The id of the domain, or GLOBAL: where the name is unique.
    names_of: Mapped[str] = mapped_column(ID)
    name: Mapped[str] = mapped_column(sa.String(255))
    #: Set for roles that only imply others, within one domain.
    domain_id: Mapped[str | None] = mapped_column(
        ID, sa.ForeignKey("projects.id"))
    description: Mapped[str | None] = mapped_column(sa.Text)
    options: Mapped[dict[str, Any]] = mapped_column(db.JSON, default=dict)

    #: ``names_of`` of roles that belong to no domain.
    GLOBAL = "<global>"


class Implication(Base):
    """Who has the role ``prior_id`` has ``implied_id`` too."""

    __tablename__ = "implications"

    prior_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True)
    implied_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("roles.id", ondelete="CASCADE"),
        primary_key=True, index=True)


class Assignment(Base):
    """A role of a user or group on a project, a domain or the system.

    ``inherited``: on all that is below the target, not on the target.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        sa.Index("ix_assignments_target", "target_kind", "target_id"),)

    actor_id: Mapped[str] = mapped_column(ID, primary_key=True)
    actor_kind: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    target_id: Mapped[str] = mapped_column(ID, primary_key=True)
    target_kind: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    role_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("roles.id", ondelete="CASCADE"),
        primary_key=True, index=True)
    inherited: Mapped[bool] = mapped_column(primary_key=True, default=False)


class Revocation(Base):
    """A token, or all that derive from one, that died early.

    A row may go when ``expires_at``, the end of the last such token and
    of the grace that services give, is over.
    """

    __tablename__ = "revocations"

    #: The audit id of a token, or "chain:" and that of the first one.
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    revoked_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, default=db.utcnow)
    expires_at: Mapped[datetime.datetime] = mapped_column(
        db.UTCDateTime, index=True)


class Region(Base):
    __tablename__ = "regions"

    id: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(
        sa.String(255), sa.ForeignKey("regions.id"))
    description: Mapped[str] = mapped_column(sa.Text, default="")


class Service(Base):
    __tablename__ = "services"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    type: Mapped[str] = mapped_column(sa.String(255))
    name: Mapped[str | None] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.Text)
    enabled: Mapped[bool] = mapped_column(default=True)


class Endpoint(Base):
    __tablename__ = "endpoints"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    service_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("services.id", ondelete="CASCADE"), index=True)
    region_id: Mapped[str | None] = mapped_column(
        sa.String(255), sa.ForeignKey("regions.id"))
    interface: Mapped[str] = mapped_column(sa.String(8))
    url: Mapped[str] = mapped_column(sa.Text)
    name: Mapped[str | None] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.Text)
    enabled: Mapped[bool] = mapped_column(default=True)


class EndpointGroup(Base):
    """The endpoints that are as ``filters`` say, whenever one asks."""

    __tablename__ = "endpoint_groups"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    description: Mapped[str | None] = mapped_column(sa.Text)
    #: interface, service_id, region_id: what an endpoint must have.
    filters: Mapped[dict[str, str]] = mapped_column(db.JSON, default=dict)


class ProjectEndpoint(Base):
    """An endpoint that the catalog of the project shows.

    A project with neither these nor endpoint groups sees all endpoints.
    """

    __tablename__ = "project_endpoints"

    project_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("projects.id", ondelete="CASCADE"),
        primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("endpoints.id", ondelete="CASCADE"),
        primary_key=True, index=True)


class ProjectEndpointGroup(Base):
    """Endpoints that the catalog of the project shows; see above."""

    __tablename__ = "project_endpoint_groups"

    project_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("projects.id", ondelete="CASCADE"),
        primary_key=True)
    group_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("endpoint_groups.id", ondelete="CASCADE"),
        primary_key=True, index=True)


class Policy(Base):
    """A text for services to read; nothing here looks inside."""

    __tablename__ = "policies"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    type: Mapped[str] = mapped_column(sa.String(255))
    blob: Mapped[str] = mapped_column(sa.Text)
    extra: Mapped[dict[str, Any]] = mapped_column(db.JSON, default=dict)


class PolicyAssociation(Base):
    """The policy of an endpoint, or of those of a service (in a region).

    ``place`` names just one of the three, so that each has one policy.
    """

    __tablename__ = "policy_associations"

    place: Mapped[str] = mapped_column(sa.String(400), primary_key=True)
    policy_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("policies.id", ondelete="CASCADE"), index=True)
    endpoint_id: Mapped[str | None] = mapped_column(
        ID, sa.ForeignKey("endpoints.id", ondelete="CASCADE"), index=True)
    service_id: Mapped[str | None] = mapped_column(
        ID, sa.ForeignKey("services.id", ondelete="CASCADE"), index=True)
    region_id: Mapped[str | None] = mapped_column(
        sa.String(255), sa.ForeignKey("regions.id", ondelete="CASCADE"),
        index=True)


class RegisteredLimit(Base):
    """How much of a resource each project may have by default."""

    __tablename__ = "registered_limits"
    __table_args__ = (
        sa.UniqueConstraint("service_id", "region_key", "resource_name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    service_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("services.id", ondelete="CASCADE"))
    region_id: Mapped[str | None] = mapped_column(
        sa.String(255), sa.ForeignKey("regions.id", ondelete="CASCADE"),
        index=True)
    #: The region's id, or "": NULLs are never the same.
    region_key: Mapped[str] = mapped_column(sa.String(255))
    resource_name: Mapped[str] = mapped_column(sa.String(255))
    default_limit: Mapped[int]
    description: Mapped[str | None] = mapped_column(sa.Text)


class Limit(Base):
    """How much one project, or one domain, may have; -1: any amount."""

    __tablename__ = "limits"
    __table_args__ = (
        sa.UniqueConstraint("registered_limit_id", "owner_id", "of_domain"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    registered_limit_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("registered_limits.id", ondelete="CASCADE"))
    owner_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    #: The owner is meant as the domain, not as the project that it is too.
    of_domain: Mapped[bool]
    resource_limit: Mapped[int]
    description: Mapped[str | None] = mapped_column(sa.Text)

    registered: Mapped[RegisteredLimit] = orm.relationship(
        lazy="joined", innerjoin=True)
    owner: Mapped[Project] = orm.relationship(lazy="raise")


class Passcodes(Base):
    """Which one-time passcodes a user has used up."""

    __tablename__ = "passcodes"

    user_id: Mapped[str] = mapped_column(
        ID, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    #: The newest that came in: of which 30 seconds since 1970 it was.
    used: Mapped[int] = mapped_column(sa.BigInteger)
