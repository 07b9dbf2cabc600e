"""Request schemas of a volume's metadata."""

from blockstore.schemas.common import METADATA
from common import schema

SET = schema.wrapped("metadata", METADATA)

SET_ONE = schema.wrapped(
    "meta", METADATA | {"minProperties": 1, "maxProperties": 1})
