"""Names of accounts, containers and objects."""

from common import exceptions

_ACCOUNT_PREFIX = "AUTH_"
_MOST_PROJECT = 64
_MOST_CONTAINER = 256
_MOST_OBJECT = 1024


def project_of(account: str) -> str | None:
    """Return the project that an account is of; None for no project's."""
    project = account.removeprefix(_ACCOUNT_PREFIX)
    # Rules compare text: "None" would fit a sender without a project.
    if project in ("", "None", account) or len(project) > _MOST_PROJECT:
        return None
    return project


def check_container(name: str) -> None:
    """Raise BadRequest for what no container may be called."""
    _check("container", name, _MOST_CONTAINER)
    if "/" in name:
        raise exceptions.BadRequest(
            reason="container: the name holds a slash")


def check_object(name: str) -> None:
    """Raise BadRequest for what no object may be called."""
    _check("object", name, _MOST_OBJECT)


def _check(kind: str, name: str, most: int) -> None:
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise exceptions.BadRequest(
            reason=f"{kind}: the name is not UTF-8") from None
    if "\0" in name:
        raise exceptions.BadRequest(reason=f"{kind}: the name holds a NUL")
    if not 0 < length <= most:
        raise exceptions.BadRequest(
            reason=f"{kind}: the name has {length} bytes; allowed are 1 to "
                   f"{most}")


def after(text: str) -> str | None:
    """Return the first name, by bytes, after all that begin with ``text``.

    None if there is no such name.
    """
    while text:
        code = ord(text[-1]) + 1
        if code <= 0x10FFFF:
            return text[:-1] + chr(0xE000 if code == 0xD800 else code)
        text = text[:-1]
    return None
