"""What is told of a body that breaks its schema."""

import pytest

from common import exceptions, schema

USER = schema.wrapped("user", {
    "type": "object", "properties": {
        "name": {"type": "string"}, "password": {"type": "string"},
        "state": {"enum": ["on", "off"]}},
    "required": ["name"], "additionalProperties": False})


def refusal(body):
    with pytest.raises(exceptions.BadRequest) as caught:
        schema.validate(body, USER)
    return str(caught.value)


@pytest.mark.parametrize("body", [
    {"user": {"name": "n", "password": ["hunter2"]}},
    {"user": {"name": "n", "password": {"a": "hunter2"}}},
    {"user": [{"password": "hunter2"}]},
    ["hunter2"],
])
def test_secrets_are_not_repeated(body):
    said = refusal(body)
    assert "hunter2" not in said
    assert "is not of type" in said


def test_place_value_and_what_is_allowed_are_told():
    said = refusal({"user": {"name": "n", "state": "away"}})
    assert "body.user.state" in said
    assert "'away' is not one of ['on', 'off']" in said
