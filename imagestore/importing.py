"""Bring an image from a URL or file into a cloud, through its API."""

import dataclasses
import hashlib
import html
import io
import pathlib
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import requests
import urllib3
from keystoneauth1 import adapter, loading, session
from keystoneauth1 import exceptions as ksa
from oslo_utils.imageutils import format_inspector

_CHUNK = 1 << 20
_TIMEOUT_S = 60
_SUFFIXES = (".qcow2", ".img", ".raw", ".iso", ".vmdk", ".vhd", ".vhdx",
             ".vdi")
#: What packed data begin with.
_PACKED = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2",
           b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip",
           b"7z\xbc\xaf": "7-zip"}


#: Ways to log in that else would ask which version there is.
_OF_V3 = {"password": "v3password", "token": "v3token"}


class ImportFailed(Exception):
    """Nothing was imported; the text says why."""


class Stream(Protocol):
    """Bytes, once from their start to their end."""

    def read(self, length: int) -> bytes:
        """Return up to ``length`` bytes; none at the end."""

    def close(self) -> None:
        """Let go of it."""


@dataclasses.dataclass
class Source:
    """What is to be imported.

    :param label: for messages; holds no secrets
    :param size: bytes; None if that is not said
    """

    label: str
    stem: str
    size: int | None
    stream: Stream


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the image is to be.

    :param disk_format: None for what the content looks like
    :param digests: hexadecimal digests that the data must have, by the
        names of their algorithms
    :param members: further members of the image
    """

    name: str | None = None
    disk_format: str | None = None
    digests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    members: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def connect(environ: Mapping[str, str]) -> adapter.Adapter:
    """Return the image API, as the OS_ variables of ``openstack`` say."""
    if "OS_AUTH_URL" not in environ:
        raise ImportFailed(
            "no credentials: source <(pileus env), or set OS_AUTH_URL and "
            "what goes with it")
    kind = environ.get("OS_AUTH_TYPE", "password")
    try:
        loader: Any = loading.get_plugin_loader(_OF_V3.get(kind, kind))
        found = {option.dest: environ[f"OS_{option.dest.upper()}"]
                 for option in loader.get_options()
                 if f"OS_{option.dest.upper()}" in environ}
        url = found["auth_url"].rstrip("/")
        found["auth_url"] = url if url.endswith("/v3") else f"{url}/v3"
        auth = loader.load_from_options(**found)
    except ksa.ClientException as error:
        raise ImportFailed(f"bad credentials: {error}") from None
    return adapter.Adapter(
        session.Session(auth=auth, verify=environ.get("OS_CACERT") or True),
        service_type="image", interface=environ.get("OS_INTERFACE", "public"),
        region_name=environ.get("OS_REGION_NAME"))


def open_source(place: str) -> Source:
    """Begin to read a URL, or a file by its path."""
    parts = urllib.parse.urlsplit(place)
    if parts.scheme in ("http", "https"):
        return _open_url(place, parts)
    if "://" in place and parts.scheme != "file":
        raise ImportFailed(
            f"{place}: a URL must begin with http://, https:// or file://")
    path = pathlib.Path(urllib.parse.unquote(parts.path)
                        if parts.scheme == "file" else place)
    try:
        return Source(str(path), _stem(path.name), path.stat().st_size,
                      path.open("rb"))
    except OSError as error:
        raise ImportFailed(f"{path}: {error.strerror}") from None


class _Body:
    """The body of an answer; that it ends early is an error."""

    def __init__(self, answer: requests.Response, label: str) -> None:
        self._answer = answer
        self._label = label

    def read(self, length: int) -> bytes:
        try:
            part: bytes = self._answer.raw.read(length)
            return part
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ImportFailed(
                f"{self._label}: the connection broke off") from error

    def close(self) -> None:
        self._answer.close()


def _open_url(url: str, parts: urllib.parse.SplitResult) -> Source:
    label = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    try:
        answer = requests.get(url, stream=True, timeout=_TIMEOUT_S, headers={
            "Accept-Encoding": "identity"})
    except requests.RequestException as error:
        raise ImportFailed(f"{label}: {_words(error)}") from error
    if answer.status_code != 200:
        answer.close()
        raise ImportFailed(
            f"{label}: the server answers {answer.status_code} "
            f"{answer.reason}")
    length = answer.headers.get("Content-Length", "")
    name = urllib.parse.unquote(parts.path).rpartition("/")[2]
    return Source(label, _stem(name),
                  int(length) if length.isdecimal() else None,
                  _Body(answer, label))


def _words(error: requests.RequestException) -> str:
    """Return what is wrong, without the addresses that libraries tell."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.Timeout):
        return "it does not answer in time"
    if isinstance(error, requests.exceptions.InvalidURL):
        return "it is no URL"
    return "the connection failed"


def _stem(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            return name[:-len(suffix)]
    return name


def guess_format(head: bytes) -> str:
    """Return the disk format of data that begin like this.

    :raises ImportFailed: if they are none that can be told
    """
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise ImportFailed(
                f"the data are packed ({name}): unpack them first")
    if head[:512].lstrip()[:9].lower() in (b"<!doctype", b"<html>"):
        raise ImportFailed("this is a web page, not an image")
    wrapper = format_inspector.InspectWrapper(io.BytesIO(head))
    try:
        wrapper.read(len(head))
        wrapper.close()
        names = {str(each) for each in wrapper.formats or []}
    except Exception:
        names = set()
    if names in ({"raw"}, {"gpt"}):
        return "raw"
    if "iso" in names and names <= {"iso", "gpt"}:
        return "iso"
    if len(names) != 1:
        raise ImportFailed(
            "the format of the data cannot be told: give --disk-format")
    return names.pop()


def run(api: adapter.Adapter, source: Source, wanted: Wanted,
        advance: Callable[[int], None]) -> dict[str, Any]:
    """Send the data; return the image, which is active.

    :param advance: called with the number of bytes of each part
    :raises ImportFailed: and then there is no image
    """
    try:
        name = wanted.name or source.stem
        if not name:
            raise ImportFailed(f"{source.label} has no name: give --name")
        head = _read_fully(source.stream, _CHUNK)
        if not head:
            raise ImportFailed(f"{source.label} is empty")
        made = _answer(api.post, "/v2/images", json={
            "container_format": "bare", **wanted.members, "name": name,
            "disk_format": wanted.disk_format or guess_format(head)})
        path = f"/v2/images/{made['id']}"
        try:
            _send(api, path, _checked(source, head, wanted, advance))
            found: dict[str, Any] = _answer(api.get, path)
            return found
        except BaseException:
            _remove(api, path)
            raise
    finally:
        source.stream.close()


def _read_fully(stream: Stream, length: int) -> bytes:
    got = b""
    while len(got) < length and (part := stream.read(length - len(got))):
        got += part
    return got


def _checked(source: Source, chunk: bytes, wanted: Wanted,
             advance: Callable[[int], None]) -> Iterator[bytes]:
    """Yield the data; the end is not reached unless they are the right ones.
    """
    digests = {name: hashlib.new(name) for name in wanted.digests}
    while chunk:
        for digest in digests.values():
            digest.update(chunk)
        yield chunk
        advance(len(chunk))
        chunk = source.stream.read(_CHUNK)
    for name, digest in digests.items():
        if digest.hexdigest() != wanted.digests[name].lower():
            raise ImportFailed(
                f"{source.label} has the {name.upper()} "
                f"{digest.hexdigest()}, not the one that was given")


def _send(api: adapter.Adapter, path: str, parts: Iterator[bytes]) -> None:
    try:
        api.put(f"{path}/file", data=parts, log=False, connect_retries=0,
                allow_reauth=False,
                headers={"Content-Type": "application/octet-stream"})
    except ksa.ClientException as error:
        raise ImportFailed(_reason(error)) from error


def _answer(call: Callable[..., Any], path: str, **kwargs: Any) -> Any:
    try:
        return call(path, **kwargs).json()
    except ksa.ClientException as error:
        raise ImportFailed(_reason(error)) from error


def _remove(api: adapter.Adapter, path: str) -> None:
    try:
        api.delete(path)
    except ksa.ClientException as error:
        raise ImportFailed(
            f"the image {path.rpartition('/')[2]} is not whole, and could "
            f"not be deleted: {_reason(error)}") from error


def _reason(error: ksa.ClientException) -> str:
    """Return what the service says, which is a small page of HTML."""
    text = getattr(getattr(error, "response", None), "text", "") or ""
    said = html.unescape(re.sub(
        r"<[^>]*>", " ", text.rpartition("</h1>")[2])).split()
    status = getattr(error, "http_status", None)
    if not said or status is None:
        return f"the cloud does not do it: {error}"
    return f"the image service refuses ({status}): {' '.join(said)}"
