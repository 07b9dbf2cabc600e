"""The whole service in one process, with the driver in memory."""

import time
import uuid

from blockstore import api as rest
from blockstore import app
from blockstore import conf as options
from blockstore.agent import Reporter, VolumeAgent, Volumes
from blockstore.db import models, types
from blockstore.drivers.fake import FakeDriver
from blockstore.identity import Identity
from blockstore.images import ImageStore
from blockstore.parts import Parts
from blockstore.quotas import Quotas
from blockstore.reconcile import Reconciler
from blockstore.scheduler import VolumeScheduler
from common import concurrency, db, policy, rpc, wsgi
from common import conf as configuration
from tests import base
from tests.unit.blockstore.images import Images

MEMBER = base.make_ctx()
READER = base.make_ctx(roles=["reader"])
OTHER = base.make_ctx(project="p2", user="u2")
ADMIN = base.make_ctx(project="admin", user="admin", roles=[
    "admin", "manager", "member", "reader"])
SERVICE = base.make_ctx(project="service", user="compute",
                        roles=["service"])
NOBODY = base.make_ctx(roles=[])

LATEST = {"OpenStack-API-Version": "volume latest"}


class Cloud:
    """API, scheduler and agent of one backend; ``stop`` it after use."""

    def __init__(self, directory, *, url="sqlite://", driver=None,
                 bus_url="memory://", exchange=None):
        self.images = Images()
        self.conf = configuration.load(
            register=[options.register_opts], host="h1",
            state_dir=str(directory))
        self.driver = driver or FakeDriver(room_gib=100)
        self.db = db.Database(url)
        if url == "sqlite://":
            models.Base.metadata.create_all(self.db.engine)
        with self.db.writer() as session:
            types.ensure_default(session)
        self.bus = rpc.Bus(
            bus_url, exchange=exchange or f"x-{uuid.uuid4()}")
        self.runner = app.make_runner(self.db, self.bus)
        self.parts = Parts(
            db=self.db, tasks=self.runner, conf=self.conf.blockstore,
            rest=self.images,
            quotas=Quotas(self.conf.blockstore))
        api = rest.make(self.parts)
        self.router = wsgi.Router(
            api, policy.enforcer(self.conf, api.rules), self.conf)
        self.identity = Identity(str(directory), "h1@fake")
        self.volumes = Volumes(self.driver)
        self.reporter = Reporter(
            self.bus, self.driver, identity=self.identity, zone="nova",
            overcommit=1.0)
        self.reconciler = Reconciler(
            self.bus, self.volumes, self.identity, self.reporter,
            interval=60)
        self.agent = VolumeAgent(
            self.volumes, self.reconciler, ImageStore(self.images))
        self.threads = []

    def start(self, *, agent=True):
        self.bus.serve(VolumeScheduler(self.db, self.runner), "h1")
        self.identity.take()
        self.driver.prepare()
        if agent:
            self.bus.serve(self.agent, self.identity.backend)
            self.reporter.run_once()
            self.reporter.succeeded_at = time.monotonic()
        self.threads.append(concurrency.spawn(self.runner.run_forever))
        return self

    def stop(self):
        self.runner.stop()
        self.bus.stop()
        for thread in self.threads:
            thread.kill()
        self.identity.release()
        self.db.dispose()

    def call(self, method, path, body=None, ctx=MEMBER, *, version="latest",
             status=None):
        headers = {"OpenStack-API-Version": f"volume {version}"}
        if version is None:
            headers = {}
        got = base.call(self.router, method, path, body, ctx=ctx,
                        headers=headers)
        if status is not None:
            assert got.status_int == status, (got.status, got.text)
        return got

    def create(self, ctx=MEMBER, *, wait="available", **spec):
        """Create a volume; return its id."""
        made = self.call("POST", "/v3/volumes", {
            "volume": {"size": 1} | spec}, ctx, status=202)
        volume_id = made.json["volume"]["id"]
        if wait:
            self.wait_for(volume_id, wait)
        return volume_id

    def show(self, volume_id, ctx=ADMIN):
        got = self.call("GET", f"/v3/volumes/{volume_id}", ctx=ctx)
        return got.json.get("volume")

    def wait_for(self, volume_id, status, timeout=10):
        """Wait for a status, None for gone; return the volume."""
        until = time.monotonic() + timeout
        while True:
            shown = self.show(volume_id)
            if (shown and shown["status"]) == status:
                return shown
            assert time.monotonic() < until, shown
            concurrency.sleep(0.01)

    def snapshot(self, volume_id, ctx=MEMBER, *, wait="available", **spec):
        """Make a snapshot; return its id."""
        made = self.call("POST", "/v3/snapshots", {"snapshot": {
            "volume_id": volume_id} | spec}, ctx, status=202)
        snapshot_id = made.json["snapshot"]["id"]
        if wait:
            self.wait_for_snapshot(snapshot_id, wait)
        return snapshot_id

    def wait_for_snapshot(self, snapshot_id, status, timeout=10):
        """Wait for a status, None for gone; return the snapshot."""
        with concurrency.Timeout(timeout):
            while True:
                shown = self.call("GET", f"/v3/snapshots/{snapshot_id}",
                                  ctx=ADMIN).json.get("snapshot")
                if (shown and shown["status"]) == status:
                    return shown
                concurrency.sleep(0.01)

    def reserve(self, volume_id, ctx=SERVICE, server="s1"):
        made = self.call("POST", "/v3/attachments", {"attachment": {
            "volume_uuid": volume_id, "instance_uuid": server}}, ctx,
            status=202)
        return made.json["attachment"]["id"]

    def connect(self, attachment_id, ctx=SERVICE, status=200, **connector):
        return self.call(
            "PUT", f"/v3/attachments/{attachment_id}", {"attachment": {
                "connector": {"host": "n1", "mountpoint": "/dev/vdb"}
                | connector}}, ctx, status=status)

    def complete(self, attachment_id, ctx=SERVICE):
        return self.call(
            "POST", f"/v3/attachments/{attachment_id}/action",
            {"os-complete": None}, ctx, status=204)

    def attach(self, volume_id):
        """Attach the volume to a server; return the attachment's id."""
        attachment_id = self.reserve(volume_id)
        self.connect(attachment_id)
        self.complete(attachment_id)
        return attachment_id

    def detach(self, attachment_id, ctx=SERVICE, status=200):
        return self.call("DELETE", f"/v3/attachments/{attachment_id}",
                         ctx=ctx, status=status)
