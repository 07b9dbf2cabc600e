"""Rules are compiled; they must decide as oslo.policy itself does."""

import contextlib
import http.server
import itertools
import os
import threading

import pytest
from oslo_policy import opts
from oslo_policy import policy as oslo

from common import conf, context, daemon, policy

FILE = {
    "alias": "rule:by_role and not role:banned",
    "by_role": "role:%(wanted)s or role:ADMIN",
    "literal": "'open':%(state)s or True:%(shared)s",
    "deep": "thing.id:%(user_id)s",
    "listed": "roles:%(wanted)s",
    "nowhere": "rule:not_there",
    "denied": "!",
    "open": "@",
    "empty": "",
    "nested": "(role:member and (user_id:%(user_id)s or "
              "project_id:%(project_id)s)) or system_scope:all",
    "old_name": "system:all",
    "broken": "role:admin and and",
}
TARGETS = [
    {}, {"user_id": "u", "project_id": "p"},
    {"user_id": "x", "project_id": "p", "wanted": "member"},
    {"state": "open", "wanted": "Reader", "shared": True},
    {"state": "shut", "shared": False, "user_id": None},
]
SENDERS = [
    {}, {"user_id": "u", "roles": ["member", "reader"], "project_id": "p"},
    {"user_id": "x", "roles": ["Admin"], "system_scope": "all"},
    {"user_id": "None", "roles": ["reader", "banned"], "project_id": "q"},
    {"user_id": "u", "roles": ["service"], "domain_id": "d"},
]


def every_rule():
    """Return the defaults of all services."""
    return [rule for service in daemon.services() for rule in service.rules]


def both(folder, rules):
    """Return ours and theirs, of the same rules and files."""
    options = conf.load([], [], state_dir=str(folder))
    ours = policy.enforcer(options, rules)
    theirs = oslo.Enforcer(options)
    theirs.suppress_default_change_warnings = True
    theirs.register_defaults(rules)
    return ours, theirs


def compare(ours, theirs, names):
    decided = set()
    for name, target, sender in itertools.product(names, TARGETS, SENDERS):
        ctx = context.RequestContext(**sender)
        wanted = bool(theirs.authorize(name, target, ctx))
        assert ours.allows(name, target, ctx) is wanted, (
            name, target, sender)
        decided.add((name, wanted))
    return decided


def test_defaults(tmp_path):
    rules = every_rule()
    ours, theirs = both(tmp_path, rules)
    decided = compare(ours, theirs, [rule.name for rule in rules])
    assert {True, False} == {wanted for _, wanted in decided}


def test_all_that_files_may_say(tmp_path):
    rules = [policy.rule(name, check, "x", [("GET", "/")])
             for name, check in FILE.items()]
    decided = compare(*both(tmp_path, rules), FILE)
    for name in FILE.keys() - {"nowhere", "denied", "broken", "deep"}:
        assert (name, True) in decided, name


def test_unknown_rule(tmp_path):
    ours, _ = both(tmp_path, [])
    with pytest.raises(oslo.PolicyNotRegistered):
        ours.allows("no:such", {}, context.RequestContext())


def test_file_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "policy.yaml"
    options = conf.load([], [])
    opts.set_defaults(options)
    options.set_override("policy_file", str(path), "oslo_policy")
    path.write_text('"thing:get": "role:friend"\n')
    ours = policy.enforcer(options, [
        policy.rule("thing:get", "!", "x", [("GET", "/")])])
    friend = context.RequestContext(roles=["friend"])
    assert ours.allows("thing:get", {}, friend)
    path.write_text('"thing:get": "role:enemy"\n')
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))
    monkeypatch.setattr(policy, "_RELOAD_S", 0)
    assert not ours.allows("thing:get", {}, friend)


def test_two_rules_of_one_name():
    rules = [policy.rule("thing:get", check, "x", [("GET", "/")])
             for check in ("!", "@")]
    with pytest.raises(oslo.DuplicatePolicyError):
        policy.enforcer(conf.load(), rules)


def test_a_server_is_asked(tmp_path):
    with served(b"True") as yes, served(b"False") as no:
        rules = [policy.rule(name, f"http:{url}/%(id)s", "x", [("GET", "/")])
                 for name, url in (("yes", yes), ("no", no))]
        ours, _ = both(tmp_path, rules)
        sender = context.RequestContext(roles=["member"])
        assert ours.allows("yes", {"id": "i"}, sender)
        assert not ours.allows("no", {"id": "i"}, sender)


@contextlib.contextmanager
def served(answer):
    """Give where ``answer`` is what is said to each POST."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"//127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
