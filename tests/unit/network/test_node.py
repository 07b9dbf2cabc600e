"""The metadata proxy, and what the privileged helper refuses."""

import hashlib
import hmac
import socket

import pytest
import webob

from common import concurrency, exceptions
from common.secret import Secret
from network import privileged
from network.exceptions import PortNotFound
from network.metadata.proxy import Proxy

GUEST = {"server_id": "s1", "project_id": "p1", "port_id": "x"}


class Answer:
    status_code = 200
    headers = {"Content-Type": "text/plain", "Server": "secret"}

    def __init__(self, said=b"said"):
        self.said = said

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def iter_content(self, size):
        return (self.said[at:at + size]
                for at in range(0, len(self.said), size))


@pytest.fixture
def proxy(monkeypatch):
    def find(network_id, address):
        assert network_id == "n1"
        if address != "10.0.0.5":
            raise PortNotFound(id=address)
        return GUEST
    made = Proxy("n1", find, url="http://compute/", secret=Secret("key"),
                 rate=5)
    made.sent = []

    def request(method, url, **kwargs):
        made.sent.append((method, url, kwargs))
        return Answer()
    monkeypatch.setattr(made._session, "request", request)
    return made


def ask(proxy, path="/latest", address="10.0.0.5", **kwargs):
    req = webob.Request.blank(path, **kwargs)
    req.environ["REMOTE_ADDR"] = address
    return req.get_response(proxy)


def test_signed_by_us_not_by_the_guest(proxy):
    got = ask(proxy, "/openstack/latest?x=1", headers={
        "X-Instance-ID": "other", "X_Instance_ID": "other",
        "X-Instance-ID-Signature": "false", "X-Tenant-ID": "other",
        "X-Forwarded-For": "1.2.3.4", "Cookie": "c", "Host": "evil",
        "User-Agent": "cloud-init"})
    assert (got.status_int, got.body) == (200, b"said")
    assert "Server" not in got.headers
    [(method, url, kwargs)] = proxy.sent
    assert (method, url) == ("GET", "http://compute/openstack/latest?x=1")
    assert kwargs["headers"] == {
        "User-Agent": "cloud-init", "X-Forwarded-For": "10.0.0.5",
        "Accept-Encoding": "identity",
        "X-Instance-ID": "s1", "X-Tenant-ID": "p1",
        "X-Instance-ID-Signature": hmac.new(
            b"key", b"s1", hashlib.sha256).hexdigest()}
    assert kwargs["allow_redirects"] is False


def test_strangers_get_nothing(proxy):
    assert ask(proxy, address="10.0.0.6").status_int == 404
    assert proxy.sent == []


@pytest.mark.parametrize("kwargs, status", [
    ({"method": "DELETE"}, 405), ({"path": "/" + "x" * 3000}, 400),
    ({"method": "POST", "body": b"x" * 70000}, 413)])
def test_refused(proxy, kwargs, status):
    assert ask(proxy, **kwargs).status_int == status
    assert proxy.sent == []


def test_rate(proxy):
    statuses = [ask(proxy).status_int for _ in range(8)]
    assert statuses[:5] == [200] * 5 and 429 in statuses
    assert ask(proxy, address="10.0.0.6").status_int == 404


def test_replies_are_bounded(proxy, monkeypatch):
    for size, status in ((1 << 20, 200), ((1 << 20) + 1, 503)):
        monkeypatch.setattr(proxy._session, "request",
                            lambda *a, size=size, **k: Answer(b"x" * size))
        assert ask(proxy).status_int == status


def test_a_request_takes_its_time_at_most(slow):
    assert ask(slow).status_int == 503
    # It holds nothing from then on.
    assert not slow._busy


def test_a_slow_body_too(slow, monkeypatch):
    class Body:
        def read(self, size=-1):
            concurrency.sleep(60)
    got = ask(slow, method="POST", body_file=Body(), content_length=9)
    assert got.status_int == 503 and slow.sent == []


def test_one_guest_leaves_room_for_others(slow):
    many = [concurrency.spawn(ask, slow) for _ in range(5)]
    concurrency.sleep()
    other = concurrency.spawn(ask, slow, address="10.0.0.7")
    statuses = [each.wait().status_int for each in many]
    assert sorted(statuses) == [429, 503, 503, 503, 503]
    other.wait()
    assert len(slow.sent) == 5


@pytest.fixture
def slow(proxy, monkeypatch):
    """Compute answers in a minute only."""
    def request(*args, **kwargs):
        slow.sent.append(args)
        concurrency.sleep(60)
    slow = Proxy("n1", lambda *a: GUEST, url="http://compute/",
                 secret=Secret("key"), rate=50, total_s=0.1)
    slow.sent = []
    monkeypatch.setattr(slow._session, "request", request)
    return slow


def test_compute_away(proxy, monkeypatch):
    import requests

    def fail(*args, **kwargs):
        raise requests.ConnectionError("no")
    monkeypatch.setattr(proxy._session, "request", fail)
    got = ask(proxy)
    assert got.status_int == 503 and got.body != b"no"


GOOD = {"network_id": "a" * 8 + "-0000-4000-8000-000000000000",
        "port_id": "b" * 8 + "-0000-4000-8000-000000000000",
        "mac": "fa:16:3e:00:00:01", "mtu": 1442,
        "addresses": ["10.0.0.2/24"]}


@pytest.mark.parametrize("bad", [
    {"network_id": "../../etc"}, {"port_id": "x; rm"}, {"mac": "x"},
    {"mac": "fa:16:3e:00:00:01\n"}, {"mtu": "x"},
    {"addresses": ["10.0.0.2/24; x"]}, {"addresses": ["-f"]},
    {"addresses": ["fd00::2/64"]}, {"addresses": ["fe80::1%eth0/64"]},
    {"addresses": [f"10.0.0.{n}/24" for n in range(65)]}])
def test_the_helper_checks_again(bad, monkeypatch):
    monkeypatch.setattr(privileged, "_run", lambda *a: pytest.fail(str(a)))
    monkeypatch.setattr(privileged.privilege.CONTEXT, "client_mode", False)
    with pytest.raises(ValueError):
        privileged.plug(**GOOD | bad)


def test_the_helper_connects_to_our_socket_only(tmp_path, monkeypatch):
    monkeypatch.setattr(privileged, "_DOOR", tmp_path)
    monkeypatch.setattr(privileged.privilege.CONTEXT, "client_mode", False)
    door = tmp_path / privileged.SOCKET_NAME
    others = socket.socket(socket.AF_UNIX)
    others.bind(str(tmp_path / "others.sock"))
    others.listen(1)
    door.symlink_to(tmp_path / "others.sock")
    with pytest.raises(ValueError, match="none"):
        privileged.listen(GOOD["network_id"])
    door.unlink()
    door.write_text("")
    with pytest.raises(ValueError, match="none"):
        privileged.listen(GOOD["network_id"])
    others.close()


def test_errors_carry_no_internals():
    assert "Traceback" not in str(exceptions.ServiceUnavailable())
