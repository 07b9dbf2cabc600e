"""Placement: the library and its REST face."""

import pytest

from common import concurrency
from compute import exceptions
from compute.db.api import placement
from compute.db.api.models import Inventory
from compute.placement import claims
from tests import base
from tests.unit.compute.conftest import ADMIN

P = "66666666-6666-4666-8666-666666666666"
C = "77777777-7777-4777-8777-777777777777"


@pytest.fixture
def provider(world):
    with world.api_db.writer() as session:
        placement.create(session, P, "host1")
        placement.set_inventories(session, P, [Inventory(
            resource_class="VCPU", total=10, reserved=0, min_unit=1,
            max_unit=8, step_size=1, allocation_ratio=1.0)], 0)
    return world


def claim(world, consumer, vcpus):
    return claims.claim(world.api_db, claims.Claim(
        consumer, "p1", "u1", P, (("VCPU", vcpus),)))


def test_claim_may_be_repeated_and_changed(provider):
    assert claim(provider, C, 4)
    assert claim(provider, C, 4)
    assert claim(provider, C, 6)

    used = provider.placed(f"/resource_providers/{P}/usages")
    assert used["usages"] == {"VCPU": 6}
    claims.release(provider.api_db, C)
    claims.release(provider.api_db, C)
    used = provider.placed(f"/resource_providers/{P}/usages")
    assert used["usages"] == {"VCPU": 0}


def test_claim_of_too_much(provider):
    assert not claim(provider, C, 9)  # more than one may hold
    assert claim(provider, C, 8)
    assert not claim(provider, P, 3)  # more than is left
    assert claim(provider, P, 2)


def test_claims_side_by_side_never_exceed(provider):
    won = concurrency.gather(*[
        lambda n=n: claim(provider, f"{n:08d}{C[8:]}", 1)
        for n in range(16)])

    assert sum(won) == 10


def test_lost_race_is_told(provider):
    with pytest.raises(exceptions.ProviderChanged):
        with provider.api_db.writer() as session:
            placement.bump(session, P, 77)


def call(world, method, path, body=None, status=200):
    answer = base.call(world.placement, method, path, body, ctx=ADMIN)
    assert answer.status_int == status, answer.text
    return answer


def test_rest(world):
    call(world, "POST", "/resource_providers",
         {"name": "host1", "uuid": P}, 201)
    answer = call(world, "POST", "/resource_providers",
                  {"name": "host1"}, 409)
    assert answer.json["errors"][0]["code"] == "placement.duplicate_name"
    path = f"/resource_providers/{P}"
    body = {"resource_provider_generation": 0, "inventories": {
        "VCPU": {"total": 4, "allocation_ratio": 2.0}}}
    done = call(world, "PUT", path + "/inventories", body).json
    assert done["resource_provider_generation"] == 1
    answer = call(world, "PUT", path + "/inventories", body, 409)
    assert answer.json["errors"][0]["code"] == (
        "placement.concurrent_update")
    held = {"allocations": {P: {"resources": {"VCPU": 4}}},
            "project_id": "p1", "user_id": "u1"}
    call(world, "PUT", f"/allocations/{C}", held, 204)
    assert call(world, "GET", f"/allocations/{C}").json["allocations"][P][
        "resources"] == {"VCPU": 4}
    held["allocations"][P]["resources"]["VCPU"] = 9
    call(world, "PUT", f"/allocations/{C}", held, 409)
    call(world, "DELETE", path, status=409)
    answer = call(world, "PUT", path + "/inventories", {
        "resource_provider_generation": 2, "inventories": {}}, 409)
    assert answer.json["errors"][0]["code"] == "placement.inventory.inuse"
    call(world, "DELETE", f"/allocations/{C}", status=204)
    call(world, "DELETE", f"/allocations/{C}", status=404)
    call(world, "DELETE", path, status=204)


def test_members_see_nothing(world):
    for path in ("/resource_providers", f"/allocations/{C}"):
        answer = base.call(world.placement, "GET", path)
        assert answer.status_int == 403
