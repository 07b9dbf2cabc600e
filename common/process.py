"""Run programs: argument lists only, never a shell."""

import subprocess


class Failed(Exception):
    """The program returned other than 0, or took too long."""


def run(*argv: str, timeout: float = 60,
        input: str | None = None) -> str:
    """Return what ``argv`` prints.

    :param timeout: seconds after which it is killed
    :raises Failed: with the end of its standard error
    """
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=timeout,
            **({"stdin": subprocess.DEVNULL} if input is None
               else {"input": input}))
    except FileNotFoundError:
        raise Failed(f"{argv[0]}: not installed") from None
    except Exception as error:
        # Of the patched Popen it is another class of the same name.
        if type(error).__name__ != "TimeoutExpired":
            raise
        raise Failed(f"{argv[0]}: no end after {timeout} s") from None
    if done.returncode:
        raise Failed(f"{argv[0]}: {done.stderr.strip()[-2000:]}")
    return done.stdout
