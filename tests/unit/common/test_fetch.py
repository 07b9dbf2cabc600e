"""Requests to places that users name."""

import contextlib
import socket
import time

import pytest

from common import concurrency, fetch

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"


@pytest.fixture
def drip():
    """Return a maker of URLs whose answer is said, and then drips."""
    with contextlib.ExitStack() as ends:
        def make(said, drop=b"x"):
            listening = ends.enter_context(
                socket.create_server(("127.0.0.1", 0)))
            thread = concurrency.spawn(_drip, listening, said, drop)
            ends.callback(thread.kill)
            port = listening.getsockname()[1]
            return f"http://127.0.0.1:{port}/", port
        yield make


def _drip(listening, said, drop):
    peer, _ = listening.accept()
    with peer, contextlib.suppress(OSError):
        peer.recv(65536)
        peer.sendall(said)
        while True:
            concurrency.sleep(0.02)
            peer.sendall(drop)


def rules(port, **said):
    return fetch.Rules(ports=[port], allowed=["127.0.0.0/8"], **said)


def test_body_that_drips_ends_with_its_time(drip):
    url, port = drip(HEAD + b"\r\n")
    body = fetch.get(url, rules(port, most_s=0.2))
    began = time.monotonic()

    with pytest.raises(fetch.Failed, match="too long"):
        body.read(1000000)

    assert time.monotonic() - began < 5
    body.close()


def test_head_that_drips_ends_with_its_time(drip, monkeypatch):
    monkeypatch.setattr(fetch, "_HEAD_S", 0.2)
    url, port = drip(HEAD)
    began = time.monotonic()

    with concurrency.Timeout(8), pytest.raises(fetch.Failed):
        fetch.get(url, rules(port))

    assert time.monotonic() - began < 5


def test_length_that_is_no_number_is_not_said(drip):
    digits = b"9" * 5000
    url, port = drip(b"HTTP/1.1 200 OK\r\nContent-Length: " + digits
                     + b"\r\n\r\nabc")
    body = fetch.get(url, rules(port))
    assert body.size is None
    body.close()


@pytest.mark.parametrize("address", [
    "fec0::1", "::127.0.0.1", "::5efe:7f00:1", "64:ff9b::7f00:1",
    "::ffff:127.0.0.1", "2002:7f00:1::1", "2001:0:1::1", "fd00::1",
    "fe80::1%eth0", "ff02::1", "100.64.0.1", "0.0.0.0"])
def test_addresses_that_are_not_public(address):
    with pytest.raises(fetch.Refused):
        fetch.Rules().check_address(address)


@pytest.mark.parametrize("address", ["2606:4700::1111", "9.9.9.9"])
def test_addresses_that_are_public(address):
    fetch.Rules().check_address(address)
