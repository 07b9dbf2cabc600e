"""Text that must not be seen."""

import hmac


class Secret:
    """A secret string: its text form is masked everywhere.

    Only ``reveal`` gives it away, so each place that does is easy to find.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def matches(self, other: str | bytes) -> bool:
        """Compare in constant time."""
        other = other.encode() if isinstance(other, str) else other
        return hmac.compare_digest(self._value.encode(), other)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never pickled")
