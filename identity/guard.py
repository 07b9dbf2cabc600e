"""Who is let in, and who has tried: for all that strangers may guess.

Wrong passwords and wrong passcodes count alike. What rules say of a user
is counted in the database, for all processes; what comes from one address
in each process alone, since that is to slow guesses down, not to end them.
"""

import dataclasses
import ipaddress
from typing import Any

import cachetools

from common import db, exceptions, wsgi
from identity import compliance
from identity.db import authority, users
from identity.db.authority import Named, Subject

#: Seconds for which wrong ones from one address are counted together.
_WINDOW_S = 60
#: Addresses that are remembered, the latest ones.
_MEMORY = 10_000

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Tally:
    """Counts what happened lately, by some key.

    :param limit: at which it is full; 0 for never
    :param seconds: after which it begins anew for a key, from the first
    """

    def __init__(self, limit: int, seconds: int) -> None:
        self._limit = limit
        # Lists of one number, which change without being set again: that
        # would begin their time anew.
        self._counts: cachetools.TTLCache[Any, list[int]] = (
            cachetools.TTLCache(_MEMORY, seconds))

    def full(self, key: Any) -> bool:
        """Say whether it was counted as often as the limit allows."""
        count, = self._counts.get(key, (0,))
        return bool(self._limit) and count >= self._limit

    def add(self, key: Any) -> None:
        """Count one more."""
        if self._limit:
            count = self._counts.get(key)
            if count is None:
                count = self._counts[key] = [0]
            count[0] += 1

    def take_back(self, key: Any) -> None:
        """Count one less."""
        count = self._counts.get(key)
        if count and count[0]:
            count[0] -= 1


@dataclasses.dataclass(frozen=True)
class Guard:
    """Knows whether users are kept out, and counts what is wrong."""

    db: db.Database
    rules: compliance.Rules
    #: Wrong ones by the address that they come from.
    by_source: Tally

    def check_source(self, source: str) -> None:
        """Raise TooManyRequests if too much from there was wrong lately."""
        if self.by_source.full(source):
            raise exceptions.TooManyRequests(retry_after=_WINDOW_S)

    def admits(self, subject: Subject) -> bool:
        """Say whether they are not kept out, whatever they know."""
        return (subject.enabled and not self.rules.locked(subject)
                and not self.rules.inactive(
                    subject.options, subject.active_at))

    def now(self, subject: Subject) -> Subject:
        """Return the user as they are by now.

        While a password was hashed, wrong ones side by side with it may
        have locked them out.
        """
        if not self.rules.counts(subject.options):
            return subject
        with self.db.reader() as session:
            return authority.find_subject(
                session, Named(id=subject.id)) or subject

    def count(self, subject: Subject | None, source: str) -> None:
        """Count a wrong one; None does as much work, for nobody."""
        self.by_source.add(source)
        if not self.rules.lockout_attempts:
            return
        counted = subject is not None and self.rules.counts(subject.options)
        with self.db.writer() as session:
            users.count_failure(
                session, subject.id if subject and counted else "",
                limit=self.rules.lockout_attempts,
                since=self.rules.locked_since())

    def came_in(self, subject: Subject) -> None:
        """Note it where that is news, so that few log-ins write.

        To be called once a login is complete: who knows a password, but
        not the passcode that must go with it, has not come in.
        """
        today = self.rules.tracks_activity and (
            subject.active_at.date() < db.utcnow().date())
        if subject.failures or today:
            with self.db.writer() as session:
                users.came_in(session, subject.id, subject.failures,
                              today=today)


def by_source(limit: int) -> Tally:
    """Return what counts wrong ones from each address.

    :param limit: of wrong ones in a minute; 0 for none
    """
    return Tally(limit, _WINDOW_S)


def source_of(req: wsgi.Request) -> str:
    """Return the address from which a request comes.

    What proxies say is believed only of those that the options name.
    """
    trusted = [ipaddress.ip_network(text) for text
               in req.conf.identity.trusted_proxies]
    hops = [*req.headers.get("X-Forwarded-For", "").split(","),
            req.environ.get("REMOTE_ADDR", "")]
    source = ""
    for hop in reversed(hops):
        try:
            address = _plain(ipaddress.ip_address(hop.strip()))
        except ValueError:
            break
        source = _network(address)
        if not any(address in network for network in trusted):
            break
    return source


def _plain(address: _Address) -> _Address:
    """Return what sockets for both versions show as one of IPv6."""
    mapped = address.ipv4_mapped if address.version == 6 else None
    return mapped or address


def _network(address: _Address) -> str:
    """Return what one customer of a provider has: for IPv6 a /64."""
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
