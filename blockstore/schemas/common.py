"""Fragments that several resources share."""

from typing import Any

from common import schema

#: Cinder strips names; blank ones are allowed.
NAME = {"type": ["string", "null"], "maxLength": 255}

METADATA: dict[str, Any] = {
    "type": "object", "maxProperties": 128,
    "propertyNames": {"minLength": 1, "maxLength": 255},
    "additionalProperties": {"type": "string", "maxLength": 255},
}

#: GiB, as a number or as its digits.
SIZE = {"anyOf": [
    {"type": "integer", "minimum": 1, "maximum": 65536},
    {"type": "string", "pattern": "^0*([1-9][0-9]{0,4})$"}]}

UUID = schema.UUID
#: An id, or a URL that ends with it.
REFERENCE = {"type": ["string", "null"], "maxLength": 1024}
OPTIONAL_ID = {"type": ["string", "null"], "maxLength": 255}

#: Members of a query string that filter and page.
LIST_QUERY = {"type": "object", "additionalProperties": {
    "anyOf": [{"type": "string", "maxLength": 1024},
              {"type": "array", "items": {"type": "string",
                                          "maxLength": 255}}]},
    "maxProperties": 32}
