"""Compute in one process: API, conductor and an agent that pretends."""

import os
import time
import types
import uuid

import pytest
import sqlalchemy as sa

from common import concurrency, db, policy, rpc, wsgi
from common import conf as configuration
from compute import app, bootstrap
from compute import conf as compute_conf
from compute.agent import app as agent_app
from compute.agent import conf as agent_conf
from compute.agent.imagestore import ImageStore
from compute.api import native
from compute.api import placement as placement_api
from compute.conductor import Conductor
from compute.db.api import models as api_models
from compute.drivers.fake import FakeDriver
from compute.env import Env
from compute.scheduler.hosts import HostStates
from compute.scheduler.scheduler import Scheduler
from compute.sweeper import Sweeper
from tests import base
from tests.unit.compute import outside


class World:
    """All of compute; the network wires ports when told to."""

    def __init__(self, directory):
        self.conf = configuration.load(
            [], [compute_conf.register_opts, agent_conf.register_opts],
            state_dir=str(directory))
        self.conf.set_override("host", "h1")
        self.conf.set_override("vif_plugging_timeout", 5, group="compute")
        self.clients = outside.Clients()
        self.network = self.clients.network
        self.blockstore = self.clients.volume
        self.bus = rpc.Bus("memory://", exchange=str(uuid.uuid4()))
        self.api_db = _database(app.API_SCHEMA, directory / "api.db")
        self.cell_db = _database(app.CELL_SCHEMA, directory / "cell.db")
        hosts = HostStates(self.cell_db, self.api_db, zone="nova",
                           down_after_s=45)
        self.env = Env(
            conf=self.conf, api=self.api_db, cell=self.cell_db,
            bus=self.bus, clients=self.clients,
            scheduler=Scheduler(hosts, self.api_db))
        self.tasks = app.make_runner(self.env)
        self.conductor = Conductor(
            self.conf, self.api_db, self.cell_db, self.tasks)
        self.sweeper = Sweeper(self.api_db, self.cell_db)
        self.bus.serve(self.conductor, "h1")
        self.bus.serve(self.env.waiting, "h1")
        tasks = app.make_runner(
            self.env, announce=self.env.wake_conductors)
        api = native.api(self.conf, self.env, tasks)
        self.router = wsgi.Router(
            api, policy.enforcer(self.conf, api.rules))
        face = placement_api.api(self.api_db)
        self.placement = wsgi.Router(
            face, policy.enforcer(self.conf, face.rules))
        self.auto_plug = True
        self._threads = [concurrency.spawn(self.tasks.run_forever),
                         concurrency.spawn(self._plug)]
        self._agents = []

    def add_host(self, name="h1", driver=None):
        """Start an agent."""
        driver = driver or FakeDriver(name)
        conf = configuration.load(
            [], [compute_conf.register_opts, agent_conf.register_opts],
            state_dir=str(self.conf.state_dir) + "/" + name)
        conf.set_override("host", name)
        made = agent_app.assemble(
            conf, self.bus, driver, str(uuid.uuid5(
                uuid.NAMESPACE_DNS, name)), ImageStore(self.clients))
        for action in made.starting:
            action()
        self._threads += [concurrency.spawn(loop.run_forever)
                          for loop in made.loops]
        self._agents.append(made)
        self.wait(lambda: not _failing(made.checks["host"]))
        return driver

    def _plug(self):
        """Be the network: wire what a host has asked for."""
        while True:
            concurrency.sleep(0.02)
            for port in list(self.network.ports):
                if self.auto_plug and port["status"] == "DOWN" and port.get(
                        "binding:host_id"):
                    port["status"] = "ACTIVE"
                    self.call(
                        "POST", "/v2.1/os-server-external-events",
                        {"events": [{
                            "name": "network-vif-plugged",
                            "server_uuid": port["device_id"],
                            "tag": port["id"], "status": "completed"}]},
                        ctx=SERVICE)

    def call(self, method, path, body=None, *, ctx=None, version=None,
             status=None):
        headers = {"OpenStack-API-Version": f"compute {version}"} if (
            version) else {}
        answer = base.call(self.router, method, path, body, ctx=ctx,
                           headers=headers)
        if status is not None:
            assert answer.status_int == status, answer.text
        return answer

    def boot(self, *, ctx=None, version=None, status=202, **values):
        """Ask for a server; return its id."""
        asked = {"name": "vm1", "imageRef": outside.IMAGE,
                 "flavorRef": "1", "networks": [{"uuid": outside.NET}]}
        answer = self.call("POST", "/v2.1/servers",
                           {"server": asked | values}, ctx=ctx,
                           version=version, status=status)
        return answer.json["server"]["id"] if status == 202 else answer

    def show(self, server_id, version="2.100", ctx=None):
        return self.call("GET", f"/v2.1/servers/{server_id}", ctx=ctx,
                         version=version, status=200).json["server"]

    def wait_status(self, server_id, status, timeout=10):
        """Wait until the server rests in ``status``; return it."""
        def there():
            found = self.show(server_id, ctx=ADMIN)
            return found["status"] == status and (
                found["OS-EXT-STS:task_state"] is None)
        self.wait(there, timeout, lambda: self.show(server_id, ctx=ADMIN))
        return self.show(server_id, ctx=ADMIN)

    def wait_gone(self, server_id):
        self.wait(lambda: self.call(
            "GET", f"/v2.1/servers/{server_id}",
            ctx=ADMIN).status_int == 404)

    def wait(self, ready, timeout=10, explain=lambda: "not in time"):
        end = time.monotonic() + timeout
        while not ready():
            assert time.monotonic() < end, explain()
            concurrency.sleep(0.02)

    def active(self, **values):
        server_id = self.boot(**values)
        self.wait_status(server_id, "ACTIVE")
        return server_id

    def placed(self, path):
        answer = base.call(self.placement, "GET", path, ctx=ADMIN)
        assert answer.status_int == 200, answer.text
        return answer.json

    def close(self):
        for made in self._agents:
            for loop in made.loops:
                loop.stop(1)
        self.tasks.stop(1)
        for thread in self._threads:
            thread.kill()
        self.bus.stop(2)
        self.env.close()


def _failing(check):
    try:
        check()
    except Exception:
        return True
    return False


def _database(schema, path):
    """Return an empty database.

    In a file; or on the server whose URL, with {name} in it, is in
    PILEUS_TEST_DATABASE.
    """
    server = os.environ.get("PILEUS_TEST_DATABASE")
    if not server:
        made = db.Database(f"sqlite:///{path}")
        schema.metadata.create_all(made.engine)
        return made
    name = f"test_{uuid.uuid4().hex}"
    main = "postgres" if "postgres" in server else "mysql"
    engine = sa.create_engine(server.format(name=main),
                              isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    url = server.format(name=name)
    db.upgrade(schema, url)
    return db.Database(url)


ADMIN = base.make_ctx("admin-project", ("admin", "member", "reader"), "root")
READER = base.make_ctx(roles=("reader",), user="u2")
OTHER = base.make_ctx("p2", user="u3")
SERVICE = base.make_ctx("service", ("service",), "network")


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    for row in bootstrap._FLAVORS:
        bootstrap._make(made.api_db, api_models.Flavor(
            flavor_id=row[0], name=row[1], vcpus=row[2], ram_mib=row[3],
            disk_gib=row[4]))
    yield made
    made.close()


@pytest.fixture
def cloud(world):
    """A world with one host."""
    return types.SimpleNamespace(world=world, driver=world.add_host())
