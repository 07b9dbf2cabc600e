"""Container ACLs: whom a project lets in beside those its roles let in.

A list between commas, with the words of Swift behind Keystone
(https://docs.openstack.org/swift/latest/overview_acl.html):

* ``PROJECT:USER``, by their ids, ``*`` for any: users with a valid token;
* ``ROLE``: users with that role in the container's own project;
* ``.r:HOST``, ``.r:.DOMAIN``, ``.r:*``, ``.r:-HOST``: requests with such a
  Referer, without a token too. They read objects, and with ``.rlistings``
  the list of them. A later item overrules an earlier one.
"""

import dataclasses
import urllib.parse

from common import exceptions
from common.context import RequestContext
from objectstore import names

READ, WRITE = "X-Container-Read", "X-Container-Write"

_LISTINGS = ".rlistings"
_REFERRER = ".r:"
_REFERRER_WORDS = (".r", ".ref", ".referer", ".referrer")


@dataclasses.dataclass(frozen=True)
class Sender:
    """What an ACL looks at: who asks, for what."""

    ctx: RequestContext
    account: str
    #: Host of the page that led here, as the sender claims.
    referrer: str
    #: The container itself is asked for, not an object in it.
    listing: bool = False


def referrer_host(header: str | None) -> str:
    """Return the host of a Referer header, "unknown" if it names none."""
    try:
        return urllib.parse.urlsplit(header or "").hostname or "unknown"
    except ValueError:
        return "unknown"


def cleaned(header: str, text: str) -> str:
    """Return an ACL in its shortest form, or raise BadRequest."""
    items = [item.strip() for item in text.split(",")]
    return ",".join(_cleaned(header, item) for item in items if item)


def _cleaned(header: str, item: str) -> str:
    first, colon, second = (part.strip() for part in item.partition(":"))
    if not first.startswith("."):
        if first == "*" and not colon or colon and not (first and second):
            raise _refused(header, item)
        return f"{first}:{second}" if colon else first
    if header == WRITE:
        raise exceptions.BadRequest(
            reason=f"{header}: {item!r}: writing takes a token; allowed are"
                   " PROJECT_ID:USER_ID, with * for any, and ROLE")
    if item == _LISTINGS:
        return item
    sign = "-" if second.startswith("-") else ""
    host = second.removeprefix("-").strip().lower()
    if host != "*":
        host = host.removeprefix("*")
    if first not in _REFERRER_WORDS or host in ("", "."):
        raise _refused(header, item)
    return f"{_REFERRER}{sign}{host}"


def _refused(header: str, item: str) -> exceptions.BadRequest:
    return exceptions.BadRequest(
        reason=f"{header}: {item!r} is none of PROJECT_ID:USER_ID (* for"
               f" any), ROLE, .r:HOST, .r:.DOMAIN, .r:*, .r:-HOST,"
               f" {_LISTINGS}")


def allows(text: str, sender: Sender) -> bool:
    """Say whether an ACL, as ``cleaned`` gave it, lets the sender in."""
    items = text.split(",")
    ctx = sender.ctx
    if ctx.user_id is not None:
        wanted = {f"{project}:{user}"
                  for project in (ctx.project_id or "*", "*")
                  for user in (ctx.user_id, "*")}
        if not wanted.isdisjoint(items):
            return True
    if _referrer_allowed(items, sender.referrer):
        return not sender.listing or _LISTINGS in items
    own = (ctx.project_id is not None
           and ctx.project_id == names.project_of(sender.account))
    roles = {role.lower() for role in ctx.roles} if own else set()
    return any(item.lower() in roles for item in items)


def _referrer_allowed(items: list[str], host: str) -> bool:
    allowed = False
    for item in items:
        if not item.startswith(_REFERRER):
            continue
        pattern = item.removeprefix(_REFERRER)
        named = pattern.removeprefix("-")
        if named in ("*", host) or (
                named.startswith(".") and host.endswith(named)):
            allowed = named == pattern
    return allowed
