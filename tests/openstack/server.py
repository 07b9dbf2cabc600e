"""Runs the ``openstack`` command many times, importing it once.

Reads a JSON line per command, ``{"words": [...], "environment": {...},
"directory": "/"}``, and answers each with its exit code and what it printed.
A command runs in a child of its own, by the very entry point that the
installed script calls.
"""

import io
import json
import os
import sys
import tempfile

from openstackclient import shell


def run(words: list[str], environment: dict[str, str],
        directory: str) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.chdir(directory)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), "utf-8")
            sys.stderr = io.TextIOWrapper(
                io.FileIO(2, "w"), "utf-8", line_buffering=True)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv[0] = "openstack"
            code = 1
            try:
                code = shell.main(words) or 0
            except SystemExit as done:
                code = done.code if isinstance(done.code, int) else 1
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        return (os.waitstatus_to_exitcode(status), out.read().decode(),
                err.read().decode())


def main() -> None:
    for line in sys.stdin:
        wanted = json.loads(line)
        print(json.dumps(run(**wanted)), flush=True)


if __name__ == "__main__":
    main()
