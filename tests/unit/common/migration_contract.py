"""What migrations do, on whatever database: subclasses give its URL."""

import pytest
import sqlalchemy as sa

from common import concurrency, db, events, lease, task

ENV = """
from common.db import run_env
import {module} as models
run_env(models.METADATA)
"""

FIRST = '''"""Make the tables."""

import sqlalchemy as sa
from alembic import op
from common import db, events, lease, task

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "owners",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("wealth", sa.BigInteger(), nullable=False),
        sa.Column("alive", sa.Boolean(), nullable=False),
        sa.Column("extra", db.JSON(), nullable=True),
        sa.Column("born_at", db.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_owners"))
    op.create_table(
        "cars",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name="fk_cars_owner_id"))
    task.create_tables(op)
    events.create_tables(op)
    lease.create_tables(op)
'''

SECOND = '''"""Name the owners."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("owners") as owners:
        owners.add_column(sa.Column("name", sa.String(255), nullable=True))
        owners.create_index("ix_owners_name", ["name"])
'''


class Base(db.Base):
    __abstract__ = True
    metadata = sa.MetaData(naming_convention=db.NAMING)


METADATA = Base.metadata
sa.Table(
    "owners", METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("wealth", sa.BigInteger(), nullable=False),
    sa.Column("alive", sa.Boolean(), nullable=False),
    sa.Column("extra", db.JSON),
    sa.Column("born_at", db.UTCDateTime),
    sa.Column("name", sa.String(255), index=True))
sa.Table(
    "cars", METADATA,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("owner_id", sa.String(36), sa.ForeignKey("owners.id"),
              nullable=False))
task.define_tables(Base)
events.define_tables(Base)
lease.define_tables(Base)


class MigrationContract:
    """Tests of one kind of database; ``url`` is a fixture."""

    @pytest.fixture
    def schema(self, tmp_path):
        folder = tmp_path / "migrations"
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENV.format(module=__name__))
        (folder / "script.py.mako").write_text("")
        (folder / "versions/0001_first.py").write_text(FIRST)
        return db.Schema("test", METADATA, folder)

    @pytest.fixture
    def second(self, schema):
        def add():
            (schema.folder / "versions/0002_name.py").write_text(SECOND)
        return add

    @pytest.fixture(autouse=True)
    def empty(self, url):
        yield
        database = db.Database(url)
        METADATA.drop_all(database.engine)
        with database.writer() as session:
            session.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
        database.dispose()

    def test_upgrade_step_by_step(self, url, schema, second):
        assert any("needs" in each for each in db.check(schema, url))
        assert db.upgrade(schema, url)
        assert not db.upgrade(schema, url)
        assert any("owners" in each for each in db.check(schema, url))
        second()
        assert db.upgrade(schema, url)
        assert db.check(schema, url) == []

    def test_two_at_once(self, url, schema, second):
        second()
        done = concurrency.gather(
            *[lambda: db.upgrade(schema, url)] * 2)
        assert True in done
        assert db.check(schema, url) == []
