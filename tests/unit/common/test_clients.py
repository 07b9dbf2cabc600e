"""Requests to the other services, and what becomes of their refusals."""

import pytest
import requests
from keystoneauth1 import exceptions as ksa

from common import clients, db, exceptions, faults
from common import conf as configuration


class Full(exceptions.Conflict):
    message = "The cupboard is full."


def answered(style, error):
    """Return what a service's answer raises in its client."""
    body, kind = style(error, "req-1")
    answer = requests.Response()
    answer.status_code = error.status
    answer.headers["Content-Type"] = kind
    answer._content = body
    return ksa.from_response(answer, "GET", "http://there/")


@pytest.mark.parametrize("style", [
    faults.compute, faults.identity, faults.network, faults.placement])
def test_the_text_of_a_refusal_is_kept(style):
    ours = clients.translate(answered(style, Full()))

    assert isinstance(ours, exceptions.Conflict)
    assert str(ours) == "The cupboard is full."


@pytest.mark.parametrize("kind", [exceptions.Forbidden, exceptions.NotFound])
def test_the_class_of_a_refusal_is_kept(kind):
    ours = clients.translate(
        answered(faults.compute, kind(rule="opening")))

    assert isinstance(ours, kind)
    assert str(ours) == str(kind(rule="opening"))


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{}", b'"x"', b'{"a": 1}', b'{"a": {"message": "x"}, "b": 2}',
    b'{"errors": []}', b"\xff"])
def test_any_body_gives_some_text(body):
    error = answered(lambda *a: (body, "application/json"), Full())

    assert isinstance(clients.translate(error), exceptions.Conflict)


def test_a_failure_there_is_worth_a_retry():
    error = answered(faults.compute, exceptions.ServiceError())

    assert isinstance(
        clients.translate(error), exceptions.ServiceUnavailable)


def test_no_request_inside_a_transaction():
    made = clients.Clients(configuration.load([], [
        lambda conf: configuration.register_service(
            conf, "compute", port=1)]), "compute")
    database = db.Database("sqlite://")

    with database.reader(), pytest.raises(
            RuntimeError, match="inside a database transaction"):
        made.network.get("/v2.0/ports")
    with pytest.raises(ksa.ConnectFailure):
        made.network.get("/v2.0/ports")
