"""The migrations make what the models say, and keep what is there."""

from blockstore import app
from blockstore import conf as options
from common import db


def test_migrations_make_the_models(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"

    assert db.upgrade(app.SCHEMA, url)
    assert db.check(app.SCHEMA, url) == []
    assert not db.upgrade(app.SCHEMA, url)


def test_bootstrap_may_be_repeated(tmp_path):
    from blockstore.db import types
    from common import conf as configuration
    conf = configuration.load(
        register=[options.register_opts], state_dir=str(tmp_path))
    db.upgrade(app.SCHEMA, conf.blockstore.database)

    app.SERVICE.bootstrap(conf)
    app.SERVICE.bootstrap(conf)

    database = db.Database(conf.blockstore.database)
    with database.reader() as session:
        assert [kind.name for kind in types.all_public(session)] == [
            "default"]
    database.dispose()
