"""The network's API over a real database."""

import shutil

import pytest

from common import conf, db, policy, wsgi
from network import api as rest
from network import bootstrap, policies
from network.app import SCHEMA
from network.conf import register_opts
from tests.base import call, load, make_ctx

#: Types of errors that many tests meet.
DENIED = "PolicyNotAuthorized"
BAD_REQUEST = "HTTPBadRequest"


class API:
    """Requests to the bare router, as one project or another."""

    def __init__(self, options, database) -> None:
        self.conf = options
        self.db = database
        self.hints = 0
        made = rest.make(database, options, self._changed)
        self.router = wsgi.Router(
            made, policy.enforcer(options, policies.RULES), options)
        self.ctx = make_ctx()
        self.admin_ctx = make_ctx(
            project="admin", roles=("admin", "member", "reader"), user="a")
        self.service_ctx = make_ctx(
            project="service", roles=("service",), user="nova")

    def _changed(self) -> None:
        self.hints += 1

    def __call__(self, method, path, body=None, *, ctx=None, status=None,
                 headers=None):
        got = call(self.router, method, f"/v2.0{path}", body,
                   ctx=ctx or self.ctx, headers=headers)
        if status is None:
            status = {"POST": 201, "DELETE": 204}.get(method, 200)
        assert got.status_int == status, (got.status, got.body)
        return load(got) if got.body else None

    def router_call(self, method, path, body=None):
        """Return status and body of whatever comes."""
        got = call(self.router, method, f"/v2.0{path}", body, ctx=self.ctx)
        return got.status_int, load(got) if got.body else None

    def admin(self, *args, **kwargs):
        return self(*args, ctx=self.admin_ctx, **kwargs)

    def service(self, *args, **kwargs):
        return self(*args, ctx=self.service_ctx, **kwargs)

    def error(self, method, path, body=None, *, status, ctx=None,
              headers=None):
        """Return the type of the error."""
        got = self(method, path, body, ctx=ctx, status=status,
                   headers=headers)
        return got["NeutronError"]["type"]

    def network(self, name="n", **values):
        return self("POST", "/networks",
                    {"network": {"name": name} | values})["network"]

    def subnet(self, network, cidr="10.0.0.0/24", **values):
        return self("POST", "/subnets", {"subnet": {
            "network_id": network["id"], "cidr": cidr, "ip_version": 4}
            | values})["subnet"]

    def port(self, network, **values):
        return self("POST", "/ports", {"port": {
            "network_id": network["id"]} | values})["port"]

    def public(self):
        found = self("GET", "/networks?router:external=true")["networks"]
        return found[0]

    def router_with_gateway(self, *subnets):
        router = self("POST", "/routers", {"router": {
            "name": "r", "external_gateway_info": {
                "network_id": self.public()["id"]}}})["router"]
        for subnet in subnets:
            self("PUT", f"/routers/{router['id']}/add_router_interface",
                 {"subnet_id": subnet["id"]})
        return router


def _options(folder):
    return conf.load(register=[register_opts], state_dir=str(folder))


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A database at the newest schema, which each test gets a copy of."""
    folder = tmp_path_factory.mktemp("network")
    options = _options(folder)
    db.upgrade(SCHEMA, options.network.database)
    bootstrap.bootstrap(options)
    return folder / "network.db"


@pytest.fixture
def options(tmp_path, template):
    for part in template.parent.glob("network.db*"):
        shutil.copy(part, tmp_path)
    return _options(tmp_path)


@pytest.fixture
def database(options):
    made = db.Database(options.network.database)
    yield made
    made.dispose()


@pytest.fixture
def api(options, database):
    return API(options, database)
