"""What every cloud has from the start; may be run any number of times.

Existing things stay as they are, apart from the URLs of endpoints, which
follow the configuration, and the passwords of service users.
"""

import uuid
from typing import Any

import sqlalchemy as sa
from oslo_config import cfg
from sqlalchemy import orm

from common import bootstrap as ids
from common import daemon, db
from identity import env, tokens
from identity.db import assignments, authority, catalog, roles, users
from identity.db.models import (
    ALL,
    PROJECT,
    SYSTEM,
    USER,
    Assignment,
    Endpoint,
    Password,
    Project,
    Region,
    Role,
    Service,
    User,
)

#: Each implies the next.
CHAIN = ("admin", "manager", "member", "reader")
SERVICE_ROLE = "service"
#: Passwords of services that are as long hold 128 bits or more.
_MACHINE_LENGTH = 32
#: Nobody may lock a service out by trying passwords, and no machine
#: changes its own.
_EXEMPT = {
    "ignore_lockout_failure_attempts": True,
    "ignore_password_expiry": True,
    "ignore_change_password_upon_first_use": True,
    "ignore_user_inactivity": True,
}
_INTERFACES = ("public", "internal", "admin")
_EVERYWHERE = ("0.0.0.0", "::")
_NAMESPACE = uuid.UUID("c2b0f3a4-8d5e-4f43-9f0c-52a1d7a0c7a1")


def run(conf: cfg.ConfigOpts) -> None:
    """Make what is missing."""
    for path in (conf.identity.key_repository,
                 conf.identity.receipt_key_repository,
                 conf.identity.credential_key_repository):
        tokens.KeyRepository(path).ensure()
    database = db.Database(conf.identity.database)
    authority.watch(database)
    try:
        Bootstrap(conf, database).run()
    finally:
        database.dispose()


class Bootstrap:
    """One run."""

    def __init__(self, conf: cfg.ConfigOpts, database: db.Database) -> None:
        self._conf = conf
        self._db = database
        self._hasher = env.make_hasher(conf)

    def run(self) -> None:
        """Do it all; passwords are hashed outside the transactions."""
        with self._db.writer() as session:
            _ensure_projects(session)
            _ensure_roles(session)
        self._ensure_user("admin", self._conf.bootstrap.admin_password,
                          keep_password=True)
        for group in _service_groups():
            own = self._conf[group]
            self._ensure_user(own.username, own.password)
        with self._db.writer() as session:
            self._ensure_grants(session)
            self._ensure_catalog(session)

    def _ensure_user(self, name: str, password: str | None, *,
                     keep_password: bool = False) -> None:
        """Make the user; give them the password unless they keep theirs.

        Without a password in the configuration nobody can log in as them.
        """
        with self._db.reader() as session:
            user = _find_user(session, name)
            stored = _stored_password(session, user) if user else None
        if user is not None and (
                password is None or (keep_password and stored)
                or self._hasher.matches(password, stored)):
            return
        hashed = self._hash(password, quick=not keep_password)
        with self._db.writer() as session:
            user = _find_user(session, name)
            if user is None:
                users.add(session, User(
                    id=_stable_id("user", name), name=name,
                    domain_id=ids.DEFAULT_DOMAIN_ID, enabled=True, epoch=0,
                    revision=0, extra={},
                    options={} if keep_password else _EXEMPT), hashed)
            else:
                users.set_password(session, user, hashed)

    def _hash(self, password: str | None, *, quick: bool) -> str | None:
        """Return what to store; the secrets of services are not guessed.

        All daemons log in with them as they start.
        """
        if not password:
            return None
        return self._hasher.hash(
            password,
            made_by_machine=quick and len(password) >= _MACHINE_LENGTH)

    def _ensure_grants(self, session: orm.Session) -> None:
        self._grant(session, "admin", "admin", PROJECT,
                    ids.ADMIN_PROJECT_ID)
        self._grant(session, "admin", "admin", SYSTEM, ALL)
        for group in _service_groups():
            self._grant(session, self._conf[group].username, SERVICE_ROLE,
                        PROJECT, ids.SERVICE_PROJECT_ID)

    def _grant(self, session: orm.Session, user: str, role: str, kind: str,
               target_id: str) -> None:
        found = _find_user(session, user)
        given = session.scalars(sa.select(Role).filter_by(
            names_of=Role.GLOBAL, name=role)).one()
        if found is not None:
            assignments.add(session, Assignment(
                actor_kind=USER, actor_id=found.id, target_kind=kind,
                target_id=target_id, role_id=given.id, inherited=False))

    def _ensure_catalog(self, session: orm.Session) -> None:
        region_id = self._conf.region
        if session.get(Region, region_id) is None:
            catalog.add(session, Region(id=region_id, description=""))
        for service in daemon.services():
            for entry in service.catalog:
                self._ensure_entry(
                    session, entry, entry.group or service.name)

    def _ensure_entry(self, session: orm.Session, entry: daemon.Endpoint,
                      group: str) -> None:
        service = session.scalars(
            sa.select(Service).filter_by(type=entry.type)
            .order_by(Service.id)).first()
        if service is None:
            service = catalog.add(session, Service(
                id=_stable_id("service", entry.type), type=entry.type,
                name=entry.name, enabled=True))
        url = root_url(self._conf, group) + entry.path
        for interface in _INTERFACES:
            self._ensure_endpoint(session, service.id, interface, url)

    def _ensure_endpoint(self, session: orm.Session, service_id: str,
                         interface: str, url: str) -> None:
        wanted: dict[str, Any] = {
            "service_id": service_id, "interface": interface,
            "region_id": self._conf.region}
        endpoint = session.scalars(
            sa.select(Endpoint).filter_by(**wanted)).first()
        if endpoint is None:
            catalog.add(session, Endpoint(
                id=_stable_id("endpoint", self._conf.region, service_id,
                              interface),
                url=url, enabled=True, **wanted))
        elif endpoint.url != url:
            catalog.update(session, endpoint, {"url": url})


def _service_groups() -> list[str]:
    """Return the option groups of those who validate tokens with us."""
    found = {service.name: None for service in daemon.services()}
    found |= {entry.group: None for service in daemon.services()
              for entry in service.catalog if entry.group}
    return [name for name in found if name != "identity"]


def root_url(conf: cfg.ConfigOpts, group: str) -> str:
    """Return scheme, host and port at which clients reach a service."""
    own = conf[group]
    if conf.public_url:
        return f"{conf.public_url.rstrip('/')}:{own.port}"
    listen = conf.host if own.listen in _EVERYWHERE else own.listen
    host = f"[{listen}]" if ":" in listen else listen
    return f"http://{host}:{own.port}"


def _stable_id(*parts: str) -> str:
    """Return the same id for the same thing in each cloud."""
    return uuid.uuid5(_NAMESPACE, " ".join(parts)).hex


def _find_user(session: orm.Session, name: str) -> User | None:
    return session.scalars(sa.select(User).filter_by(
        domain_id=ids.DEFAULT_DOMAIN_ID, name=name)).first()


def _stored_password(session: orm.Session, user: User) -> str | None:
    return session.scalars(
        sa.select(Password.hash).where(Password.user_id == user.id)
        .order_by(Password.id.desc()).limit(1)).first()


def _ensure_projects(session: orm.Session) -> None:
    _ensure_project(
        session, ids.DEFAULT_DOMAIN_ID, "Default", "The default domain")
    for project_id, name in ((ids.ADMIN_PROJECT_ID, "admin"),
                             (ids.SERVICE_PROJECT_ID, "service")):
        _ensure_project(session, project_id, name,
                        f"Project {name} of the cloud itself")


def _ensure_project(session: orm.Session, project_id: str, name: str,
                    description: str) -> None:
    if session.get(Project, project_id) is not None:
        return
    is_domain = project_id == ids.DEFAULT_DOMAIN_ID
    above = None if is_domain else ids.DEFAULT_DOMAIN_ID
    session.add(Project(
        id=project_id, name=name, is_domain=is_domain, domain_id=above,
        parent_id=above, names_of=above or Project.ROOT, enabled=True,
        description=description, epoch=0, options={}, extra={}, tags=[]))
    session.flush()


def _ensure_roles(session: orm.Session) -> None:
    found = {role.name: role for role in session.scalars(
        sa.select(Role).filter_by(names_of=Role.GLOBAL))}
    for name in (*CHAIN, SERVICE_ROLE):
        if name not in found:
            found[name] = roles.create(session, Role(
                id=_stable_id("role", name), name=name,
                options={"immutable": True}))
    for prior, implied in zip(CHAIN, CHAIN[1:], strict=False):
        roles.imply(session, found[prior].id, found[implied].id)


