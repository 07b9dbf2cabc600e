"""The whole service in one process, on a directory of the test's own."""

import pytest

from common import conf as configuration
from common import policy, wsgi
from imagestore import api as rest
from imagestore import app, conf
from tests import base

MEMBER = base.make_ctx()
READER = base.make_ctx(roles=["reader"])
OTHER = base.make_ctx(project="p2", user="u2")
ADMIN = base.make_ctx(project="admin", user="admin", roles=[
    "admin", "manager", "member", "reader"])
SERVICE = base.make_ctx(project="service", user="compute",
                        roles=["service"])
NOBODY = base.make_ctx(roles=[])
PATCH = "application/openstack-images-v2.1-json-patch"


class Service:
    """API, store and collector."""

    def __init__(self, directory, *, url=None, limit=1 << 30, weights=None,
                 groups=None, **options):
        """Make it ready.

        :param groups: options of other groups, by the group's name
        :param weights: those of stores; each then has a directory
        """
        self.conf = configuration.load(
            register=[conf.register_opts], state_dir=str(directory))
        url = url or f"sqlite:///{directory}/imagestore.db"
        options |= {"database": url, "image_size_cap": limit}
        for name, value in options.items():
            self.conf.set_override(name, value, group="imagestore")
        for name, weight in (weights or {}).items():
            group = conf.register_store(self.conf, name)
            self.conf.set_override("weight", weight, group=group)
            self.conf.set_override(
                "directory", f"{directory}/images/{name}", group=group)
        for group, values in (groups or {}).items():
            for name, value in values.items():
                self.conf.set_override(name, value, group=group)
        base.upgrade(app.SCHEMA, url)
        self.directory = directory / "images"
        self.env = app.make_env(self.conf)
        self.db = self.env.db
        self.stores = self.env.stores
        self.stores.prepare()
        self.store = self.stores.get(self.stores.default).driver
        self.collector = self.env.collector
        self.api = rest.make(self.env)
        self.router = wsgi.Router(
            self.api, policy.enforcer(self.conf, self.api.rules), self.conf)

    def call(self, method, path, body=None, *, ctx=MEMBER, status=None,
             headers=None):
        got = base.call(self.router, method, path, body, ctx=ctx,
                        headers=headers)
        if status is not None:
            assert got.status_int == status, (got.status, got.text)
        return got

    def create(self, *, ctx=MEMBER, **members):
        """Create an image; return what the answer shows."""
        body = {"name": "i", "container_format": "bare",
                "disk_format": "raw"} | members
        return self.call("POST", "/v2/images", body, ctx=ctx,
                         status=201).json

    def upload(self, image_id, data=b"data", *, ctx=MEMBER, status=204):
        return self.call(
            "PUT", f"/v2/images/{image_id}/file", data, ctx=ctx,
            status=status,
            headers={"Content-Type": "application/octet-stream"})

    def stage(self, image_id, data=b"data", *, ctx=MEMBER, status=204):
        return self.call(
            "PUT", f"/v2/images/{image_id}/stage", data, ctx=ctx,
            status=status,
            headers={"Content-Type": "application/octet-stream"})

    def start_import(self, image_id, method="glance-direct", *, ctx=MEMBER,
                     status=202, uri=None, **members):
        """Ask for an import; nothing runs it yet."""
        named = {"name": method} | ({"uri": uri} if uri else {})
        return self.call(
            "POST", f"/v2/images/{image_id}/import",
            {"method": named} | members, ctx=ctx, status=status)

    def run(self):
        """Run the tasks there are, then collect."""
        assert self.env.tasks.run_until_idle(20)
        self.collector.run_once()

    def task(self, image_id):
        """Return the one task of an image."""
        found = self.call("GET", f"/v2/images/{image_id}/tasks").json
        (task,) = found["tasks"]
        return task

    def staged(self):
        """Return the names of the files that wait for an import."""
        return sorted(
            path.name for path in self.directory.parent.glob(
                "images-staging/**/*") if path.is_file())

    def show(self, image_id, *, ctx=ADMIN):
        return self.call("GET", f"/v2/images/{image_id}", ctx=ctx).json

    def patch(self, image_id, *operations, ctx=MEMBER, status=200):
        return self.call(
            "PATCH", f"/v2/images/{image_id}", list(operations), ctx=ctx,
            status=status, headers={"Content-Type": PATCH})

    def files(self):
        """Return the names of all files in the store."""
        return sorted(path.name for path in self.directory.rglob("*")
                      if path.is_file())


@pytest.fixture
def service(tmp_path):
    made = Service(tmp_path)
    yield made
    made.db.dispose()


@pytest.fixture
def qcow2(tmp_path):
    """Return a maker of qcow2 images, by the arguments of qemu-img."""
    import subprocess

    def make(*options, size="1M", name="x.qcow2"):
        path = tmp_path / name
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options,
                        str(path), size], check=True)
        return path.read_bytes()
    return make


