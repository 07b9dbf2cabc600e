"""The image service by itself: for ``tests.bench.images``.

``python -m tests.bench.image_server FOLDER PORT``: everybody is a member.
"""

import pathlib
import sys

from common import concurrency

concurrency.patch()

from common import conf as configuration  # noqa: E402
from common import db, policy, server, wsgi  # noqa: E402
from imagestore import api, app, conf  # noqa: E402
from tests import base  # noqa: E402


def main(folder: str, port: str) -> None:
    """Serve until killed."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    options = configuration.load(
        register=[conf.register_opts], state_dir=folder)
    db.upgrade(app.SCHEMA, options.imagestore.database)
    env = app.make_env(options)
    env.stores.prepare()
    made = api.make(env)
    router = wsgi.Router(
        made, policy.enforcer(options, made.rules), options)

    def serve(environ, start_response):
        environ["common.context"] = base.make_ctx()
        return router(environ, start_response)
    server.Server(serve, "127.0.0.1", int(port), conf=options).start()
    env.collector.run_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
