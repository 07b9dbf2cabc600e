"""Names as clients give them, in the order of their bytes; and bytes."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import types
from sqlalchemy.dialects import mysql

MOST_BYTES = 1024

#: Up to 16 MiB of bytes.
MEDIUM_BINARY = sa.LargeBinary().with_variant(
    mysql.MEDIUMBLOB(), "mysql", "mariadb")


class Name(types.TypeDecorator[str]):
    """Text of up to 1024 bytes in UTF-8 that sorts by its bytes."""

    impl = sa.String(MOST_BYTES)
    cache_ok = True

    def load_dialect_impl(
            self, dialect: sa.Dialect) -> types.TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.VARBINARY(MOST_BYTES))
        if dialect.name == "postgresql":
            return dialect.type_descriptor(
                sa.String(MOST_BYTES, collation="C"))
        return dialect.type_descriptor(sa.String(MOST_BYTES))

    def process_bind_param(self, value: str | None,
                           dialect: sa.Dialect) -> Any:
        if value is not None and dialect.name in ("mysql", "mariadb"):
            return value.encode()
        return value

    def process_result_value(self, value: Any,
                             dialect: sa.Dialect) -> str | None:
        return value.decode() if isinstance(value, bytes) else value
