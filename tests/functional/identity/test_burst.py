"""A burst of logins over HTTP: it waits in its own line, and no other."""

import http.client
import json
import urllib.parse

import pytest

from common import concurrency, daemon
from identity import app
from tests.functional.cloud import ADMIN_PASSWORD, free_ports

LOGINS = 30
THREADS, QUEUE = 2, 4


@pytest.fixture
def narrow(tmp_path, monkeypatch):
    """Return the address of an identity service with a short queue."""
    port = free_ports(1)[0]
    path = tmp_path / "pileus.conf"
    path.write_text(
        f"[DEFAULT]\nstate_dir = {tmp_path}\nhost = node1\n"
        f"[auth]\nurl = http://127.0.0.1:{port}\n"
        f"[bus]\nexchange = burst-{port}\n"
        f"[bootstrap]\nadmin_password = {ADMIN_PASSWORD}\n"
        f"[identity]\nport = {port}\npassword_threads = {THREADS}\n"
        f"password_queue = {QUEUE}\n")
    monkeypatch.setattr(daemon, "services", lambda: [app.SERVICE])
    conf = daemon.load_conf([str(path)])
    daemon.prepare(conf)
    process = daemon.Process(conf, ["identity-api"])
    process.start()
    assert not process.wait_ready(10)
    yield urllib.parse.urlsplit(conf.auth.url).netloc
    process.stop()


def login(address, password):
    """Return the answer to a login of the administrator."""
    door = http.client.HTTPConnection(address, timeout=60)
    door.request("POST", "/v3/auth/tokens", json.dumps({"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "admin", "domain": {"id": "default"},
            "password": password}}}}}))
    answer = door.getresponse()
    answer.read()
    door.close()
    return answer


def test_validation_goes_on(narrow):
    token = login(narrow, ADMIN_PASSWORD).headers["X-Subject-Token"]
    answers = []
    guesses = [concurrency.spawn(
        lambda: answers.append(login(narrow, "wrong")))
        for _ in range(LOGINS)]
    door = http.client.HTTPConnection(narrow, timeout=60)
    validated = 0
    while len(answers) < LOGINS:
        door.request("GET", "/v3/auth/tokens", headers={
            "X-Auth-Token": token, "X-Subject-Token": token})
        answer = door.getresponse()
        answer.read()
        assert answer.status == 200
        validated += 1
    for guess in guesses:
        guess.wait()
    door.close()
    statuses = [answer.status for answer in answers]
    # Those who found room were heard; the others were told to come back.
    assert statuses.count(401) == THREADS + QUEUE
    assert statuses.count(429) == LOGINS - THREADS - QUEUE
    for answer in answers:
        if answer.status == 429:
            assert 1 <= int(answer.headers["Retry-After"]) <= 30
    # Six hashes take the time of hundreds of validations.
    assert validated > 20
    # Who has logged in lately needs no hash, so no place in the line.
    assert login(narrow, ADMIN_PASSWORD).status == 201
