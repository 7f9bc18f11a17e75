"""Words to systemd: ready, still at work, what at. Source: sd_notify(3)."""

import os
import socket
from collections.abc import Mapping


def notify(*words: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send words such as "READY=1"; say whether somebody listens.

    Args:
        words: Each NAME=VALUE.
        environment: Where NOTIFY_SOCKET names the listener's socket.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # a name in the abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.setblocking(False)  # one that does not read must not stop us
            listener.sendto("\n".join(words).encode(), address)
    except OSError:
        return False  # systemd draws its own conclusion from silence
    return True
