import types

import pytest

from common import conf as configuration
from common import exceptions as common_exceptions
from common.context import service_context
from compute.agent import conf as agent_conf
from compute.agent.agent import ComputeAgent
from compute.agent.happenings import Happenings
from compute.agent.membership import Membership, Reporter
from compute.agent.notes import Notes
from compute.agent.proofs import Proofs
from compute.agent.reconciler import Reconciler
from compute.drivers import fake, locks


class Conductor:
    """A conductor that says what a test wants it to."""

    def __init__(self):
        self.servers = []
        self.told = []
        self.reports = []
        self.registered = []
        self.failing = False
        self.name_taken = False

    def register(self, ctx, *, host, host_uuid, facts):
        if self.name_taken:
            raise common_exceptions.Conflict()
        self.registered.append((host, host_uuid))
        return {"provider_id": "x", "report_interval_s": 7}

    def report(self, ctx, *, host, servers):
        self.reports.append(servers)
        return {"registered": len(self.reports) > 1}

    def desired(self, ctx, *, host):
        if self.failing:
            raise common_exceptions.ServiceUnavailable()
        return {"servers": [spec.to_json() for spec in self.servers]}

    def lifecycle(self, ctx, *, host, server_id, event, generation):
        self.told.append((server_id, event))


@pytest.fixture
def host(tmp_path):
    """An agent around a fake driver, without a bus."""
    made = types.SimpleNamespace(
        ctx=service_context(), conductor=Conductor(), woken=[], served=[],
        driver=fake.FakeDriver(), locks=locks.KeyedLocks(),
        notes=Notes(tmp_path / "notes"))
    made.notes.open()
    made.membership = Membership(
        made.conductor, made.driver, host="h1", host_uuid="uuid-1",
        joined=lambda: made.served.append(True))
    made.reconciler = Reconciler(
        made.driver, made.membership, made.notes, made.locks, 30)

    def wake():
        made.woken.append(True)
    made.conf = configuration.load(
        [], [agent_conf.register_opts], state_dir=str(tmp_path))
    made.agent = ComputeAgent(
        made.driver, made.notes, made.locks, wake, Proofs(made.conf),
        store=None)
    made.reporter = Reporter(
        made.driver, made.membership, made.notes, wake)
    made.driver.listen(Happenings(made.locks, wake))
    return made
