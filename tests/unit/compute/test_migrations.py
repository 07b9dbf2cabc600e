"""Migrations make what the models say, on a database of their own."""

import pytest

from common import db
from compute import app


@pytest.mark.parametrize("schema", [app.API_SCHEMA, app.CELL_SCHEMA],
                         ids=lambda schema: schema.name)
def test_migrations_match_models(tmp_path, schema):
    url = f"sqlite:///{tmp_path}/x.db"

    assert db.upgrade(schema, url)
    assert not db.upgrade(schema, url)
    assert db.check(schema, url) == []
