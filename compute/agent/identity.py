"""The host's identity: random, and bound to the directory of its servers.

A host name may be given to another machine or change; an agent that took
that for an empty host would be told to remove what is there.
"""

import os
import pathlib
import uuid


def load(directory: pathlib.Path) -> str:
    """Return the id of the host whose servers are in ``directory``.

    Made at the first start; blocks for a moment then.
    """
    path = directory / "host-id"
    try:
        return str(uuid.UUID(path.read_text().strip()))
    except FileNotFoundError:
        pass
    directory.mkdir(parents=True, exist_ok=True)
    draft = directory / f"host-id.{uuid.uuid4().hex}"
    with open(draft, "w") as out:
        out.write(f"{uuid.uuid4()}\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, path)  # of two agents that start at once, one wins
    except FileExistsError:
        pass
    draft.unlink()
    return load(directory)
