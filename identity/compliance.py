"""What an operator demands of passwords and of who logs in.

The options are those of ``[security_compliance]``; each user's ``options``
may exempt them.
"""

import dataclasses
import datetime
import re
from collections.abc import Mapping
from typing import Any, Protocol

from oslo_config import cfg, types

from common import db
from identity import exceptions

GROUP = "security_compliance"

Options = Mapping[str, Any]


class Activity(Protocol):
    """What is known of the log-ins of a user."""

    @property
    def options(self) -> Options: ...

    @property
    def failures(self) -> int: ...

    @property
    def failed_at(self) -> datetime.datetime | None: ...

    @property
    def active_at(self) -> datetime.datetime: ...


@dataclasses.dataclass(frozen=True)
class Rules:
    """The rules of one cloud; None or 0 stands for no such rule."""

    lockout_attempts: int | None = None
    #: None: until an administrator enables the user again.
    lockout_s: int | None = 1800
    inactive_days: int | None = None
    expires_days: int | None = None
    #: Newest passwords that may not be used again, the present one too.
    history: int = 0
    minimum_age_days: int = 0
    pattern: re.Pattern[str] | None = None
    pattern_description: str = ""
    change_upon_first_use: bool = False

    def check_strength(self, password: str) -> None:
        """Raise WeakPassword unless the password is as demanded."""
        if self.pattern is not None and not self.pattern.match(password):
            raise exceptions.WeakPassword(detail=(
                self.pattern_description or self.pattern.pattern))

    def check_age(self, created_at: datetime.datetime) -> None:
        """Raise PasswordTooYoung if it may not be changed yet."""
        left = created_at + datetime.timedelta(
            days=self.minimum_age_days) - db.utcnow()
        if left > datetime.timedelta():
            raise exceptions.PasswordTooYoung(
                days=self.minimum_age_days, left=left.days + 1)

    def expiry(self, options: Options, *, own: bool
               ) -> datetime.datetime | None:
        """Return when a password that is set now will expire.

        :param own: the user sets it, not an administrator
        """
        now = db.utcnow()
        if self.change_upon_first_use and not own and not options.get(
                "ignore_change_password_upon_first_use"):
            return now
        if not self.expires_days or options.get("ignore_password_expiry"):
            return None
        return (now + datetime.timedelta(days=self.expires_days)
                ).replace(microsecond=0)

    def locked(self, user: Activity) -> bool:
        """Say whether too many passwords were wrong lately."""
        if not self.lockout_attempts or user.options.get(
                "ignore_lockout_failure_attempts"):
            return False
        if user.failures < self.lockout_attempts or not user.failed_at:
            return False
        since = self.locked_since()
        return since is None or user.failed_at > since

    def locked_since(self) -> datetime.datetime | None:
        """Return when a lock began that ends now; None: locks last."""
        if not self.lockout_s:
            return None
        return db.utcnow() - datetime.timedelta(seconds=self.lockout_s)

    def counts(self, options: Options) -> bool:
        """Say whether wrong passwords are counted."""
        return bool(self.lockout_attempts) and not options.get(
            "ignore_lockout_failure_attempts")

    def inactive(self, options: Options,
                 active_at: datetime.datetime) -> bool:
        """Say whether they have stayed away for too long."""
        if not self.inactive_days or options.get("ignore_user_inactivity"):
            return False
        away = db.utcnow().date() - active_at.date()
        return away.days > self.inactive_days

    @property
    def tracks_activity(self) -> bool:
        """Say whether it must be known when users come in."""
        return bool(self.inactive_days)


def expired(options: Options,
            expires_at: datetime.datetime | None) -> bool:
    """Say whether a password has expired for a user with ``options``."""
    return (expires_at is not None and expires_at <= db.utcnow()
            and not options.get("ignore_password_expiry"))


def from_conf(conf: cfg.ConfigOpts) -> Rules:
    """Return the rules as the options say."""
    own = conf[GROUP]
    pattern = re.compile(own.password_regex) if own.password_regex else None
    return Rules(
        lockout_attempts=own.lockout_failure_attempts,
        lockout_s=own.lockout_duration,
        inactive_days=own.disable_user_account_days_inactive,
        expires_days=own.password_expires_days,
        history=own.unique_last_password_count,
        minimum_age_days=own.minimum_password_age,
        pattern=pattern,
        pattern_description=own.password_regex_description or "",
        change_upon_first_use=own.change_password_upon_first_use)


class _Regex(types.String):
    """A regular expression, as text."""

    def __call__(self, value: str) -> str:
        text: str = super().__call__(value)
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return text


OPTS = [
    cfg.IntOpt(
        "lockout_failure_attempts", min=1,
        help="Wrong passwords in a row after which a user is locked out; "
             "none by default. Somebody who knows but a name can lock its "
             "owner out: exempt users that must always get in by their "
             "option ignore_lockout_failure_attempts."),
    cfg.IntOpt(
        "lockout_duration", min=0, default=1800,
        help="Seconds that a user stays locked out; 0: until an "
             "administrator sets them enabled."),
    cfg.IntOpt(
        "disable_user_account_days_inactive", min=1,
        help="Days after which users who never came in are disabled."),
    cfg.IntOpt(
        "password_expires_days", min=1,
        help="Days for which a password is good, from the day it is set."),
    cfg.IntOpt(
        "unique_last_password_count", min=0, max=24, default=0,
        help="Newest passwords, the present one among them, that users may "
             "not choose again. Each costs a slow hash at a change."),
    cfg.IntOpt(
        "minimum_password_age", min=0, default=0,
        help="Days for which users must keep the password they chose."),
    cfg.Opt(
        "password_regex", type=_Regex(),
        help="Regular expression that new passwords must match from their "
             "start."),
    cfg.StrOpt(
        "password_regex_description",
        help="What password_regex demands, in words for users."),
    cfg.BoolOpt(
        "change_password_upon_first_use", default=False,
        help="Let passwords that an administrator sets be good for nothing "
             "but to choose another."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options."""
    conf.register_opts(OPTS, group=GROUP)
