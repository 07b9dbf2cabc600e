"""Signatures of requests with EC2 keys, as AWS documents them.

Versions 0, 1 and 2 sign the query of EC2, version 4 whole requests. 0 and
1 leave what matters unsigned, or let it be read in more than one way, so
that they are taken only where an operator wants it. What was signed is
described by the service that received the request; the shapes are those of
the identity API's /ec2tokens and /s3tokens.
"""

import base64
import binascii
import dataclasses
import datetime
import hashlib
import hmac
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

#: Between the clocks of who signs and who checks.
SKEW = datetime.timedelta(minutes=15)
#: AWS lets links be good for a week.
_MAX_EXPIRES_S = 7 * 24 * 3600
_V4 = "AWS4-HMAC-SHA256"
_COMPACT = "%Y%m%dT%H%M%SZ"


class BadSignature(Exception):
    """The request is not signed as it must be; why is for the log only."""


@dataclasses.dataclass(frozen=True)
class Signed:
    """A request and its signature, as a service describes it."""

    access: str
    signature: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    host: str = ""
    verb: str = ""
    path: str = ""
    body_hash: str = ""

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Signed":
        """Return what a checked body says; names of headers are lower."""
        return cls(
            body["access"], body["signature"], _texts(body["params"]),
            {name.lower(): value for name, value
             in _texts(body.get("headers", {})).items()},
            body.get("host", ""), body.get("verb", ""),
            body.get("path", ""), body.get("body_hash", ""))


def _texts(pairs: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in pairs.items()}


def verify(signed: Signed, secret: str, now: datetime.datetime, *,
           weak: bool) -> None:
    """Raise BadSignature unless it was signed with ``secret`` lately.

    A port in the host may have been signed or not: clients differ.

    :param weak: take versions 0 and 1, too
    """
    check = _version(signed, weak)
    hosts = {signed.host, signed.host.rpartition(":")[0] or signed.host}
    wanted = [check(dataclasses.replace(signed, host=host), secret, now)
              for host in sorted(hosts)]
    same = [_same(signature, signed.signature) for signature in wanted]
    if not any(same):
        raise BadSignature("signature does not match")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _version(signed: Signed, weak: bool) -> Callable[..., str]:
    """Return what computes the one signature that there is, or raise."""
    by_header = signed.headers.get("authorization", "").startswith(_V4)
    by_query = signed.params.get("X-Amz-Algorithm") == _V4
    number = signed.params.get("SignatureVersion")
    if by_header or by_query:
        if number is not None or by_header == by_query:
            raise BadSignature("signed in more than one way")
        return _sign_4
    if number not in _OLD or (number in _WEAK and not weak):
        raise BadSignature("unknown version of signature")
    return _OLD[number]


def _sign_0(signed: Signed, secret: str, now: datetime.datetime) -> str:
    _check_old_times(signed.params, now)
    text = signed.params.get("Action", "") + signed.params.get(
        "Timestamp", "")
    return _base64(_hmac(secret.encode(), text, "sha1"))


def _sign_1(signed: Signed, secret: str, now: datetime.datetime) -> str:
    _check_old_times(signed.params, now)
    text = "".join(name + signed.params[name]
                   for name in sorted(signed.params, key=str.lower)
                   if name != "Signature")
    return _base64(_hmac(secret.encode(), text, "sha1"))


def _sign_2(signed: Signed, secret: str, now: datetime.datetime) -> str:
    _check_old_times(signed.params, now)
    params = {"SignatureMethod": "HmacSHA256"} | {
        name: value for name, value in signed.params.items()
        if name != "Signature"}
    method = params["SignatureMethod"]
    if method not in _METHODS:
        raise BadSignature("unknown method of signature")
    text = "\n".join((signed.verb, signed.host.lower(), signed.path or "/",
                      _query(params)))
    return _base64(_hmac(secret.encode(), text, _METHODS[method]))


_OLD: dict[str | None, Callable[..., str]] = {
    "0": _sign_0, "1": _sign_1, "2": _sign_2}
_WEAK = ("0", "1")
_METHODS = {"HmacSHA1": "sha1", "HmacSHA256": "sha256"}


def _check_old_times(params: Mapping[str, str],
                     now: datetime.datetime) -> None:
    """Raise unless one of Timestamp and Expires is there and is good."""
    stamp, expires = params.get("Timestamp"), params.get("Expires")
    if (stamp is None) == (expires is None):
        raise BadSignature("needs either Timestamp or Expires")
    if stamp is not None:
        _check_skew(_moment(stamp), now)
    elif expires is not None:
        left = (_moment(expires) - now).total_seconds()
        if not 0 < left <= _MAX_EXPIRES_S:
            raise BadSignature("has expired, or expires too late")


def _moment(text: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise BadSignature("no ISO 8601 time") from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _check_skew(moment: datetime.datetime, now: datetime.datetime) -> None:
    if abs(moment - now) > SKEW:
        raise BadSignature("too old, or from the future")


def _sign_4(signed: Signed, secret: str, now: datetime.datetime) -> str:
    how = _how_4(signed)
    access, *scope = how["Credential"].split("/")
    if access != signed.access or len(scope) != 4:
        raise BadSignature("the scope is of another key")
    date = _date_4(signed, scope, now)
    text = "\n".join((_V4, date, "/".join(scope), hashlib.sha256(
        _canonical_4(signed, how["SignedHeaders"]).encode()).hexdigest()))
    return _hmac(_key_4(secret, scope), text, "sha256").hex()


def _how_4(signed: Signed) -> dict[str, str]:
    """Return Credential and SignedHeaders, from header or query."""
    header = signed.headers.get("authorization")
    if header is None:
        found = {name: signed.params.get(f"X-Amz-{name}", "")
                 for name in ("Credential", "SignedHeaders")}
    else:
        pairs = [part.strip().partition("=")
                 for part in header[len(_V4):].split(",")]
        found = {name: value for name, _, value in pairs}
        if len(found) != len(pairs):
            raise BadSignature("the header says something twice")
    if not (found.get("Credential") and found.get("SignedHeaders")):
        raise BadSignature("no Credential, or no SignedHeaders")
    return found


def _date_4(signed: Signed, scope: list[str],
            now: datetime.datetime) -> str:
    """Return X-Amz-Date if it, and for how long it is good, are fine."""
    if signed.headers.get("authorization") is None:
        date = signed.params.get("X-Amz-Date", "")
    else:
        date = signed.headers.get("x-amz-date", "")
    moment = compact_moment(date)
    if scope[0] != date[:8] or scope[3] != "aws4_request":
        raise BadSignature("the scope is of another day or use")
    expires = signed.params.get("X-Amz-Expires")
    if expires is None or "authorization" in signed.headers:
        _check_skew(moment, now)
        return date
    if not (expires.isascii() and expires.isdigit()
            and 0 < int(expires[:9]) <= _MAX_EXPIRES_S):
        raise BadSignature("X-Amz-Expires is out of range")
    if not -SKEW <= now - moment <= datetime.timedelta(
            seconds=int(expires)):
        raise BadSignature("has expired, or is from the future")
    return date


def compact_moment(text: str) -> datetime.datetime:
    """Read a time of version 4, such as 20150830T123600Z."""
    try:
        found = datetime.datetime.strptime(text, _COMPACT)
    except ValueError:
        raise BadSignature("no date of version 4") from None
    return found.replace(tzinfo=datetime.UTC)


def _canonical_4(signed: Signed, names: str) -> str:
    """Return what is hashed; all that matters must be covered."""
    listed = names.lower().split(";")
    matter = {name for name in signed.headers if name.startswith("x-amz-")}
    if not matter | {"host"} <= set(listed):
        raise BadSignature("a header is not signed that must be")
    headers = {"host": signed.host} | dict(signed.headers)
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}\n"
             for name in listed]
    params = {name: value for name, value in signed.params.items()
              if name != "X-Amz-Signature"}
    # The parameters of a POST are its body, which has its own hash.
    query = "" if signed.verb == "POST" else _query(params)
    return "\n".join((signed.verb, signed.path or "/", query,
                      "".join(lines), names, signed.body_hash))


def _key_4(secret: str, scope: list[str]) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in scope:
        key = _hmac(key, part, "sha256")
    return key


def _query(params: Mapping[str, str]) -> str:
    pairs = sorted((_quoted(name), _quoted(value))
                   for name, value in params.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="-_.~")


def _hmac(key: bytes, text: str | bytes, digest: str) -> bytes:
    return hmac.digest(
        key, text.encode() if isinstance(text, str) else text, digest)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def verify_text(token: str, signature: str, secret: str,
                now: datetime.datetime) -> None:
    """Raise BadSignature unless S3's text to sign was signed with it.

    :param token: that text in base64; its time is judged by the service,
        that knows whether it is of a link and when that ends
    """
    try:
        text = base64.b64decode(
            token.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        raise BadSignature("no base64") from None
    if text.startswith(b"AWS4"):
        wanted = _sign_text_4(text, secret, now)
    else:
        wanted = _base64(_hmac(secret.encode(), text, "sha1"))
    if not _same(wanted, signature):
        raise BadSignature("signature does not match")


def _sign_text_4(text: bytes, secret: str, now: datetime.datetime) -> str:
    try:
        lines = text.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise BadSignature("no text of version 4") from None
    scope = lines[2].split("/") if len(lines) > 3 else []
    if not lines[0].startswith(_V4) or len(scope) != 4:
        raise BadSignature("no text of version 4")
    moment = compact_moment(lines[1])
    if scope[0] != lines[1][:8] or scope[3] != "aws4_request":
        raise BadSignature("the scope is of another day or use")
    if not -SKEW <= now - moment <= datetime.timedelta(
            seconds=_MAX_EXPIRES_S) + SKEW:
        raise BadSignature("too old, or from the future")
    return _hmac(_key_4(secret, scope), text, "sha256").hex()
