"""The HTTP server, as its peers see it."""

import os
import socket
import time

import pytest

from common import concurrency, conf, exceptions, server

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"GET /close HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Echo:
    """Says what it was asked, and does what the path says."""

    def __init__(self):
        self.seen = []

    def __call__(self, environ, start):
        self.seen.append(environ)
        act = getattr(self, "act_" + environ["PATH_INFO"].strip("/"), None)
        if act is not None:
            return act(environ, start)
        text = environ["wsgi.input"].read()
        start("200 OK", [("X-Path", ascii(environ["PATH_INFO"]))])
        return [text]

    def act_parts(self, environ, start):
        start("200 OK", [])
        yield b"one "
        yield b""
        yield b"two" * 50000

    def act_broken(self, environ, start):
        start("200 OK", [])
        yield b"begun"
        raise RuntimeError("internal detail")

    def act_fails(self, environ, start):
        raise RuntimeError("internal detail")

    def act_loses(self, environ, start):
        raise ConnectionError("internal detail: not the peer's")

    def act_late(self, environ, start):
        try:
            environ["wsgi.input"].read()
        except exceptions.RequestTimeout:
            start("408 Request Timeout", [])
        return [b""]

    def act_turns(self, environ, start):
        turns = []
        ticking = concurrency.spawn(self._tick, turns)
        environ["wsgi.input"].read()
        ticking.kill()
        start("200 OK", [("X-Turns", str(len(turns)))])
        return [b""]

    def act_busy(self, environ, start):
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            pass
        start("200 OK", [])
        return [b"x"]

    def _tick(self, turns):
        while True:
            turns.append(None)
            concurrency.sleep()

    def act_nul(self, environ, start):
        start("200 OK", [("X-Name", "a\0b")])
        return [b"secret"]

    def act_splits(self, environ, start):
        start("200 OK", [("Location", "/a\r\nSet-Cookie: b")])
        return [b"secret"]

    def act_refuses(self, environ, start):
        start("403 Forbidden", [])
        return [b"no"]

    def act_sized(self, environ, start):
        start("200 OK", [("Content-Length", "5"), ("Date", "now")])
        return [b"12345"]


@pytest.fixture
def app():
    return Echo()


@pytest.fixture
def running(app):
    options = conf.load()
    options.set_override("idle_seconds", 1, "limits")
    made = server.Server(app, "127.0.0.1", 0, conf=options)
    made.start()
    yield made
    made.stop(5)


@pytest.fixture
def ask(running):
    """Return what sends bytes and returns all that come back."""
    def send(*pieces):
        with socket.create_connection(
                ("127.0.0.1", running.port), timeout=10) as sock:
            for piece in pieces:
                sock.sendall(piece)
                concurrency.sleep(0.01 if len(pieces) > 1 else 0)
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))
    return send


@pytest.mark.parametrize("head, status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    (b"GET http://me@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
    (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    (GET + b"A: b\n\r\n", 400),
    (GET + b"A: b\rC: d\r\n\r\n", 400),
    (GET + b"A: b\r\n folded\r\n\r\n", 400),
    (GET + b"A : b\r\n\r\n", 400),
    (GET + b": b\r\n\r\n", 400),
    (GET + b"A\r\n\r\n", 400),
    (GET + b"A: \0\r\n\r\n", 400),
    (GET + b"A\xe9: b\r\n\r\n", 400),
    (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    (POST + b"Content-Length: 1, 1\r\n\r\nx", 400),
    (POST + b"Content-Length: +1\r\n\r\nx", 400),
    (POST + b"Content-Length: -1\r\n\r\nx", 400),
    (POST + b"Content-Length: 1_0\r\n\r\nx", 400),
    (POST + b"Content-Length: \r\n\r\n", 400),
    (POST + b"Content-Length: " + b"9" * 19 + b"\r\n\r\n", 400),
    (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: xchunked\r\n\r\n", 501),
    (POST + b"Transfer-Encoding: chunked\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (b"GET /" + b"x" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (b"GET /" + b"x" * 70000, 414),
    (GET + b"A: " + b"x" * 20000 + b"\r\n\r\n", 431),
    (GET + b"A: b\r\n" * 20000 + b"\r\n", 431),
])
def test_what_could_be_understood_differently_is_refused(
        ask, app, head, status):
    got = ask(head + CLOSE)

    assert got.startswith(b"HTTP/1.1 %d " % status), got
    assert b"Connection: close\r\n" in got
    assert got.count(b"HTTP/1.1") == 1
    assert app.seen == []


@pytest.mark.parametrize("chunks", [
    b"x\r\n", b"\r\n", b"-1\r\n", b"0x1\r\nx\r\n0\r\n\r\n", b"1 \nx\r\n",
    b"1\nx\r\n0\r\n\r\n", b"1\r\nxy\r\n0\r\n\r\n", b"1\r\nx0\r\n\r\n",
    b"5\r\nx", b"1" * 300 + b"\r\n", b"1;" + b"x" * 300 + b"\r\n",
    b"0\r\nA: b\n\r\n", b"0\r\nA: " + b"x" * 20000 + b"\r\n\r\n",
    b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n",
])
def test_broken_chunks_end_the_connection(ask, app, chunks):
    got = ask(CHUNKED + chunks + CLOSE)

    assert got.startswith(b"HTTP/1.1 500 ")
    assert got.count(b"HTTP/1.1") == len(app.seen) == 1
    # Nor are they taken for the next request if nobody wants them.
    got = ask(CHUNKED.replace(b"/x", b"/refuses") + chunks + CLOSE)
    assert got.startswith(b"HTTP/1.1 403 ")
    assert got.count(b"HTTP/1.1") == 1


def test_chunks_are_one_body(ask):
    got = ask(CHUNKED + b"3\r\nabc\r\n", b"0A;name=value\r\n0123456789\r",
              b"\n0\r\nTrailer: x\r\n\r\n" + CLOSE)

    assert b"\r\nContent-Length: 13\r\n" in got
    assert b"\r\n\r\nabc0123456789HTTP/1.1 200" in got


@pytest.mark.parametrize("pause_s", [0, 0.05])
def test_large_bodies_are_read_to_their_end_and_no_further(
        running, pause_s):
    content = os.urandom(3 << 20)
    text = (POST + b"Content-Length: %d\r\n\r\n" % len(content) + content
            + CLOSE)
    with socket.create_connection(
            ("127.0.0.1", running.port), timeout=10) as sock:
        for start in range(0, len(text), 1 << 20):
            sock.sendall(text[start:start + (1 << 20)])
            concurrency.sleep(pause_s)
        got = b"".join(iter(lambda: sock.recv(65536), b""))
    assert content + b"HTTP/1.1 200 OK" in got


def test_large_body_that_is_cut(ask, app):
    got = ask(POST + b"Content-Length: 2000000\r\n\r\n" + b"x" * 1500000)
    # It is short, and nothing can follow it.
    assert b"Content-Length: 1500000\r\n" in got


def test_small_chunks_leave_time_for_others(ask):
    """All are there already, so that nothing makes the reader wait."""
    got = ask(CHUNKED.replace(b"/x", b"/turns") + b"1\r\na\r\n" * 10000
              + b"0\r\n\r\n")
    turns = got.partition(b"X-Turns: ")[2].partition(b"\r\n")[0]
    assert int(turns) > 30


def test_requests_in_a_row_leave_time_for_others(running, ask):
    busy = b"GET /busy HTTP/1.1\r\nHost: x\r\n\r\n" * 300
    begun = time.monotonic()
    took = concurrency.spawn(lambda: (ask(busy), time.monotonic() - begun))
    concurrency.sleep()
    with socket.create_connection(
            ("127.0.0.1", running.port), timeout=10) as sock:
        sock.sendall(CLOSE)
        assert sock.recv(100)
    assert time.monotonic() - begun < took.wait()[1] / 2


@pytest.mark.parametrize("framing", [
    b"Content-Length: 9\r\n\r\nx", b"Content-Length: 2000000\r\n\r\nx",
    b"Transfer-Encoding: chunked\r\n\r\n9\r\nx"])
def test_bodies_that_do_not_come(running, capfd, framing):
    with socket.create_connection(
            ("127.0.0.1", running.port), timeout=10) as sock:
        sock.sendall(POST.replace(b"/x", b"/late") + framing)
        got = b"".join(iter(lambda: sock.recv(65536), b""))
    assert got.startswith(b"HTTP/1.1 408 ")
    assert "Traceback" not in capfd.readouterr().err


def test_who_drips_what_nobody_wants_is_left_in_time(running):
    with socket.create_connection(
            ("127.0.0.1", running.port), timeout=10) as sock:
        sock.sendall(POST.replace(b"/x", b"/refuses")
                     + b"Content-Length: 1000\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(500):
                sock.sendall(b"x")
                concurrency.sleep(0.02)


def test_requests_follow_each_other(ask, app):
    body = b"Content-Length: 3\r\n\r\nabc"
    got = ask(POST + body + POST.replace(b"/x", b"/refuses") + body
              + GET + b"\r\n" + CLOSE)

    assert got.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert got.count(b"HTTP/1.1 403 Forbidden\r\n") == 1
    assert got.count(b"Connection: close\r\n") == 1
    assert [each["PATH_INFO"] for each in app.seen] == [
        "/x", "/refuses", "/", "/close"]


def test_head_may_come_in_pieces(ask, app):
    text = GET + b"A: b\r\n\r\n" + CLOSE
    got = ask(*[text[at:at + 9] for at in range(0, len(text), 9)])

    assert got.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert app.seen[0]["HTTP_A"] == "b"


def test_head_that_drips_ends_in_time(running):
    with socket.create_connection(
            ("127.0.0.1", running.port), timeout=10) as sock:
        with pytest.raises(OSError):
            for _ in range(500):
                sock.sendall(b"GET")
                concurrency.sleep(0.02)


def test_environment(ask, app):
    ask(b"GET /a%20b%C3%A9?q=%20&r HTTP/1.1\r\nhost: x\r\nX-Two: 1\r\n"
        b"X_Two: 9\r\nx-two:\t 2 \r\nContent-Type: text/plain\r\n\r\n",
        b"GET http://other:80//evil/x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n")
    first, second, third = app.seen

    assert first["PATH_INFO"].encode("latin-1").decode() == "/a bé"
    assert first["RAW_PATH_INFO"] == "/a%20b%C3%A9"
    assert first["QUERY_STRING"] == "q=%20&r"
    assert first["HTTP_X_TWO"] == "1,2"
    assert first["CONTENT_TYPE"] == "text/plain"
    assert first["REMOTE_ADDR"] == "127.0.0.1"
    assert (second["HTTP_HOST"], second["PATH_INFO"]) == (
        "other:80", "/evil/x")
    assert third["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert "CONTENT_LENGTH" not in third


def test_who_waits_is_told_to_go_on(running):
    with socket.create_connection(
            ("127.0.0.1", running.port), timeout=10) as sock:
        sock.sendall(POST + b"Expect: 100-continue\r\n"
                     b"Content-Length: 3\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc" + CLOSE)
        got = b"".join(iter(lambda: sock.recv(65536), b""))
    assert b"\r\n\r\nabcHTTP/1.1 200 OK" in got


def test_peers_of_the_old_kind_are_not_told_to_go_on(ask):
    got = ask(b"POST /x HTTP/1.0\r\nExpect: 100-continue\r\n"
              b"Content-Length: 3\r\n\r\nabc")
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert got.endswith(b"\r\n\r\nabc")


def test_who_waits_in_vain_is_not_understood_wrongly(ask, app):
    """Whether the body follows nobody knows, so nothing else can."""
    got = ask(POST.replace(b"/x", b"/refuses") + b"Expect: 100-continue\r\n"
              b"Content-Length: 3\r\n\r\n" + CLOSE)

    assert got.startswith(b"HTTP/1.1 403 ")
    assert b"Connection: close\r\n" in got
    assert len(app.seen) == 1


def test_answers_without_a_length(ask):
    got = ask(b"GET /parts HTTP/1.1\r\nHost: x\r\n\r\n" + CLOSE)
    head, _, rest = got.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert rest.startswith(b"4\r\none \r\n249f0\r\ntwotwo")
    assert b"two\r\n0\r\n\r\nHTTP/1.1 200 OK" in rest

    got = ask(b"GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, _, rest = got.partition(b"\r\n\r\n")
    assert b"Connection: close" in head
    assert rest == b"one " + b"two" * 50000


def test_answers_of_the_old_kind_stay_open_if_asked(ask):
    old = b"GET /sized HTTP/1.0\r\n"
    got = ask(old + b"Connection: Keep-Alive\r\n\r\n" + old + b"\r\n" + old)
    assert got.count(b"12345") == 2
    assert b"Connection: keep-alive" in got.partition(b"12345")[0]
    assert b"Connection: close" in got.partition(b"12345")[2]
    assert got.count(b"Date: ") == 2


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_bodies_of_head(ask, method):
    got = ask(method + b" /sized HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"Content-Length: 5\r\n" in got
    assert got.endswith(b"\r\n\r\n" + b"12345" * (method == b"GET"))


@pytest.mark.parametrize("path", [b"fails", b"loses", b"nul", b"splits"])
def test_errors_tell_nothing(ask, path):
    got = ask(b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % path + CLOSE)
    assert got.startswith(b"HTTP/1.1 500 ")
    assert b"detail" not in got and b"Cookie" not in got
    assert b"secret" not in got
    assert got.count(b"HTTP/1.1") == 1


def test_answer_that_breaks_off_looks_so(ask):
    got = ask(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n" + CLOSE)
    assert got.endswith(b"5\r\nbegun\r\n")


def test_stop_lets_requests_end_and_idle_connections_go(app):
    begun, held = concurrency.Event(), concurrency.Event()

    def slow(environ, start):
        begun.send()
        held.wait()
        start("200 OK", [])
        return [b"done"]
    app.act_slow = slow
    made = server.Server(app, "127.0.0.1", 0, conf=conf.load())
    made.start()
    address = ("127.0.0.1", made.port)
    with socket.create_connection(address, timeout=10) as idle, \
            socket.create_connection(address, timeout=10) as busy:
        idle.sendall(GET + b"\r\n")
        assert idle.recv(100)
        busy.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        begun.wait()
        stopping = concurrency.spawn(made.stop, 10)
        assert idle.recv(100) == b""
        held.send()
        got = busy.recv(1000)
        assert got.endswith(b"done") and b"Connection: close\r\n" in got
        assert busy.recv(100) == b""
        stopping.wait()
