"""Queries on policies and what they are for; callers own transactions."""

import sqlalchemy as sa
from sqlalchemy import orm

from identity import exceptions
from identity.db import catalog, lookup
from identity.db.models import Endpoint, Policy, PolicyAssociation


def get(session: orm.Session, policy_id: str) -> Policy:
    """Return the policy, or raise Missing."""
    return lookup.get(session, Policy, policy_id, "policy")


def association(policy_id: str, *, endpoint_id: str | None = None,
                service_id: str | None = None,
                region_id: str | None = None) -> PolicyAssociation:
    """Return what lets the policy hold there, not yet stored.

    For an endpoint, a service, or a service in a region.
    """
    place = f"endpoint:{endpoint_id}"
    if endpoint_id is None:
        place = (f"service:{service_id}" if region_id is None
                 else f"region:{service_id}:{region_id}")
    return PolicyAssociation(
        place=place, policy_id=policy_id, endpoint_id=endpoint_id,
        service_id=service_id, region_id=region_id)


def associate(session: orm.Session, made: PolicyAssociation) -> None:
    """Let it hold, in place of the policy that held there before."""
    session.merge(made)
    session.flush()


def find(session: orm.Session,
         wanted: PolicyAssociation) -> PolicyAssociation:
    """Return the stored one, or raise PolicyNotAssociated."""
    found = session.get(PolicyAssociation, wanted.place)
    if found is None or found.policy_id != wanted.policy_id:
        raise exceptions.PolicyNotAssociated(policy_id=wanted.policy_id)
    return found


def endpoints_of(session: orm.Session, policy_id: str) -> list[Endpoint]:
    """Return the endpoints for which the policy was chosen somehow."""
    made = session.scalars(sa.select(PolicyAssociation).where(
        PolicyAssociation.policy_id == policy_id)).all()
    above = catalog.region_parents(session)
    return list(session.scalars(
        sa.select(Endpoint)
        .where(sa.or_(sa.false(), *(_covers(row, above) for row in made)))
        .order_by(Endpoint.id)))


def _covers(row: PolicyAssociation,
            parents: dict[str, str | None]) -> sa.ColumnElement[bool]:
    if row.endpoint_id is not None:
        return Endpoint.id == row.endpoint_id
    of_service = Endpoint.service_id == row.service_id
    if row.region_id is None:
        return of_service
    below = [region_id for region_id in parents
             if row.region_id in catalog.upwards(region_id, parents)]
    return sa.and_(of_service, Endpoint.region_id.in_(below))


def of_endpoint(session: orm.Session, endpoint: Endpoint) -> Policy:
    """Return the policy that holds for the endpoint.

    Its own comes first, then that of its service in its region, or in the
    nearest one above, then that of its service.

    :raises Missing: if there is none
    """
    places = [f"endpoint:{endpoint.id}"]
    if endpoint.region_id is not None:
        places += [f"region:{endpoint.service_id}:{region_id}"
                   for region_id in catalog.upwards(
                       endpoint.region_id,
                       catalog.region_parents(session))]
    places.append(f"service:{endpoint.service_id}")
    made = session.execute(
        sa.select(PolicyAssociation.place, Policy)
        .join(Policy, Policy.id == PolicyAssociation.policy_id)
        .where(PolicyAssociation.place.in_(places))).all()
    for row in sorted(made, key=lambda row: places.index(row.place)):
        found: Policy = row.Policy
        return found
    raise exceptions.Missing(
        kind="policy", id=f"of endpoint {endpoint.id}")
