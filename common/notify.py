"""Tell whoever started us how far we are: systemd, or ``pileus up``.

See sd_notify(3). ``pileus up`` listens on such a socket too, and shows the
STATUS lines as progress.
"""

import os
import socket


def send(**facts: str) -> None:
    """Send ``READY="1"``, ``STATUS="..."``, ``STOPPING="1"`` and so on.

    Does nothing when nobody asked for it.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    text = "\n".join(f"{name}={value}" for name, value in facts.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(text.encode(), address)
        except OSError:
            pass  # the listener has gone; we go on
