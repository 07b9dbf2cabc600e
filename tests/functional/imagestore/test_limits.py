"""Limits that identity keeps, and the image service obeys."""

import uuid


def test_project_is_held_to_its_limit(cloud, admin):
    name = f"limited-{uuid.uuid4().hex[:8]}"
    member = cloud.member(name)
    [project] = admin("identity", "GET", f"/v3/projects?name={name}").json()[
        "projects"]
    [service] = admin("identity", "GET", "/v3/services?type=image").json()[
        "services"]
    made = admin("identity", "POST", "/v3/registered_limits", json={
        "registered_limits": [{
            "service_id": service["id"], "default_limit": 1000,
            "resource_name": "image_count_total"}]})
    assert made.status_code == 201, made.text
    [registered] = made.json()["registered_limits"]
    made = admin("identity", "POST", "/v3/limits", json={"limits": [{
        "service_id": service["id"], "project_id": project["id"],
        "resource_name": "image_count_total", "resource_limit": 1}]})
    assert made.status_code == 201, made.text
    [limit] = made.json()["limits"]
    try:
        got = [member("imagestore", "POST", "/v2/images", json={})
               for _ in range(2)]
        assert [each.status_code for each in got] == [201, 413], got[0].text
        shown = member("imagestore", "GET", "/v2/info/usage").json()
        assert shown["usage"]["image_count_total"] == {
            "limit": 1, "usage": 1}
        gone = member("imagestore", "DELETE",
                      f"/v2/images/{got[0].json()['id']}")
        assert gone.status_code == 204
    finally:
        for path in (f"limits/{limit['id']}",
                     f"registered_limits/{registered['id']}"):
            admin("identity", "DELETE", f"/v3/{path}")
