"""That a passcode is taken once, on the databases of big clouds."""

from tests.unit.identity.test_totp import (  # noqa: F401
    clock,
    test_guesses_are_few,
    test_queries,
    test_taken_once,
    user,
)
