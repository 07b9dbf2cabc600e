"""Options of the identity service."""

import ipaddress

from oslo_config import cfg, types

from common import conf as common_conf
from identity import compliance

GROUP = "identity"
PORT = 5000


class _Network(types.String):
    """An address or a network, as text."""

    def __call__(self, value: str) -> str:
        text: str = super().__call__(value)
        ipaddress.ip_network(text)
        return text


OPTS = [
    cfg.StrOpt(
        "key_repository", default="$state_dir/identity/keys",
        help="Directory with the keys of the tokens, mode 0700. It is made "
             "when it is missing; several hosts must share its files."),
    cfg.IntOpt(
        "keep_keys", default=3, min=3,
        help="Keys that stay at a rotation. Tokens live at most as long as "
             "this, less 2, times the time between rotations."),
    cfg.StrOpt(
        "receipt_key_repository", default="$state_dir/identity/receipt-keys",
        help="As key_repository, for the receipts of logins that need "
             "more than one request."),
    cfg.IntOpt(
        "receipt_seconds", default=300, min=10,
        help="Seconds within which such a login must be complete."),
    cfg.IntOpt(
        "totp_previous_windows", default=1, min=0, max=10,
        help="One-time passcodes that are taken after their 30 seconds."),
    cfg.StrOpt(
        "credential_key_repository",
        default="$state_dir/identity/credential-keys",
        help="As key_repository, for secrets that are stored to be read "
             "again, such as EC2 keys. Without its keys they are lost."),
    cfg.IntOpt(
        "token_seconds", default=3600, min=60,
        help="Seconds that a token lives."),
    cfg.IntOpt(
        "expired_token_seconds", default=172800, min=0,
        help="Seconds for which services may still finish, on behalf of an "
             "expired token, what began before it expired."),
    cfg.IntOpt(
        "password_rounds", default=12, min=4, max=18,
        help="Work of a password hash: one more doubles the time that a "
             "login, and each guess of an attacker, takes."),
    cfg.IntOpt(
        "password_threads", default=2, min=1,
        help="Passwords hashed side by side, in each process."),
    cfg.IntOpt(
        "password_queue", default=64, min=0,
        help="Logins that wait for a hash; those beyond are answered 429."),
    cfg.IntOpt(
        "password_memory_seconds", default=300, min=0,
        help="Seconds that a verified password is remembered, in memory as "
             "a keyed digest, so that the next login skips the slow hash. "
             "0 remembers none."),
    cfg.IntOpt(
        "wrong_logins_per_minute", default=0, min=0,
        help="Wrong passwords and passcodes from one address, or one /64 "
             "of IPv6, after which each process answers 429 for a minute; "
             "0 for any number. Those behind one address share it."),
    cfg.ListOpt(
        "trusted_proxies", default=[],
        item_type=_Network(),
        help="Addresses or networks of proxies whose X-Forwarded-For says "
             "where log-ins come from."),
    cfg.IntOpt(
        "max_project_depth", default=5, min=1,
        help="Levels of projects below a domain."),
    cfg.BoolOpt(
        "weak_ec2_signatures", default=False,
        help="Take requests that are signed with EC2 keys by versions 0 and "
             "1 of signatures, which leave most of them unsigned."),
    cfg.StrOpt(
        "limit_model", default="flat", choices=["flat", "strict_two_level"],
        help="flat: each project's limit stands for itself. "
             "strict_two_level: none is higher than that of its domain, and "
             "projects nest one level deep."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options of this service."""
    common_conf.register_service(conf, GROUP, port=PORT)
    conf.register_opts(OPTS, group=GROUP)
    compliance.register_opts(conf)
