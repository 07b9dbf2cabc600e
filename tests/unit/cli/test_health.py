"""Whether the control plane is well, whatever the caller's shell says."""

import http.server
import threading

import pytest

from cli.cloud import client, health, paths


class Answer(http.server.BaseHTTPRequestHandler):
    """Says that a database is away."""

    def do_GET(self):
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b'{"reasons": {"image-api: database": "away"}}')

    def log_message(self, *arguments):
        pass


@pytest.fixture
def place(tmp_path):
    found = paths.of(tmp_path)
    found.host.mkdir()
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        client.write(found, password="x", region="r",
                     auth_url=f"http://127.0.0.1:{server.server_port}/v3")
        yield found
        server.shutdown()
        thread.join()


def test_reasons_come_past_a_proxy(place, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    assert health.reasons(place) == {"image-api: database": "away"}
