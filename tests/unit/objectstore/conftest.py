"""The whole service in one process, with three nodes."""

import pytest
import webob

from common import conf as configuration
from common import db, policy, wsgi
from objectstore import api as rest
from objectstore import app, conf
from objectstore.blobs import Store
from objectstore.collector import Collector
from objectstore.nodes.local import LocalNode
from objectstore.uploads import Uploads
from tests import base

MEMBER = base.make_ctx()
READER = base.make_ctx(roles=["reader"])
OTHER = base.make_ctx(project="p2", user="u2")
ADMIN = base.make_ctx(project="admin", user="admin", roles=[
    "admin", "manager", "member", "reader"])
RESELLER = base.make_ctx(project="px", roles=["ResellerAdmin"])
NOBODY = base.make_ctx(roles=[])
ROOT = "/v1/AUTH_p1"


class Service:
    """API, three nodes and collector."""

    def __init__(self, directory, *, url=None, limit=64 << 20):
        self.conf = configuration.load(
            register=[conf.register_opts], state_dir=str(directory))
        url = url or f"sqlite:///{directory}/objectstore.db"
        base.upgrade(app.SCHEMA, url)
        self.db = db.Database(url)
        self.directory = directory / "objects"
        self.nodes = [LocalNode(name, self.directory / name)
                      for name in ("n1", "n2", "n3")]
        self.store = Store(self.nodes)
        self.store.prepare()
        self.collector = Collector(self.db, self.store)
        self.uploads = Uploads(
            self.db, self.store, self.collector, limit=limit)
        self.api = rest.make(
            self.db, self.store, self.uploads, self.collector, limit=limit)
        self.router = wsgi.Router(
            self.api, policy.enforcer(self.conf, self.api.rules), self.conf)

    def call(self, method, path, body=None, *, ctx=MEMBER, status=None,
             **headers):
        headers = {name.replace("_", "-"): value
                   for name, value in headers.items()}
        got = base.call(self.router, method, ROOT + path, body, ctx=ctx,
                        headers=headers)
        if status is not None:
            assert got.status_int == status, (got.status, got.text)
        return got

    def send(self, path, source, length=None, **headers):
        """PUT from a file object that may lie about its length."""
        req = webob.Request.blank(ROOT + path, method="PUT", headers=headers)
        req.environ["wsgi.input"] = source
        req.environ.pop("CONTENT_LENGTH", None)
        if length is None:
            req.environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        else:
            req.environ["CONTENT_LENGTH"] = str(length)
        req.environ["common.context"] = MEMBER
        return req.get_response(self.router)

    def files(self):
        """Return all files on the nodes, as node and name."""
        return sorted(
            (path.relative_to(self.directory).parts[0], path.name)
            for path in self.directory.rglob("*") if path.is_file())


@pytest.fixture
def service(tmp_path):
    made = Service(tmp_path)
    made.call("PUT", "/c", status=201)
    yield made
    made.db.dispose()
