"""The page's port: waited for, by name, where another program has it."""

import contextlib
import errno
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.profile import PageEntry

BACKLOG = 64
MAX_OPEN, MAX_OPEN_A_CLIENT = 128, 24
"""Connections, those included that have said nothing yet: before TLS is spoken nobody
else counts them, and each is a descriptor of the page's thousand."""
FREEBIND = {socket.AF_INET: (socket.IPPROTO_IP, 15), socket.AF_INET6: (41, 78)}
"""IP_FREEBIND and IPV6_FREEBIND (ip(7), ipv6(7)): an address that is still to come."""
LOOK_AGAIN_S = 1.0
LISTENS = "0A"
"""TCP_LISTEN in /proc/net/tcp (proc(5))."""


class LimitedSocket(socket.socket):
    """A socket that takes so many connections, and so many of one address."""

    def __init__(self, family: socket.AddressFamily) -> None:
        """Make a TCP socket.

        Args:
            family: IPv4 or IPv6.
        """
        # TCP by name, or asyncio leaves Nagle's algorithm on: 40 ms an answer.
        tcp = socket.IPPROTO_TCP
        super().__init__(family, socket.SOCK_STREAM, tcp)
        self._open: list[tuple[socket.socket, str]] = []

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection.

        Raises:
            ConnectionAbortedError: It was one too many, and is closed.
        """
        connection, address = super().accept()
        self._open = [one for one in self._open if one[0].fileno() >= 0]
        n_same = sum(client == address[0] for _, client in self._open)
        if len(self._open) >= MAX_OPEN or n_same >= MAX_OPEN_A_CLIENT:
            connection.close()
            raise ConnectionAbortedError
        self._open.append((connection, address[0]))
        return connection, address


def listening(
    page: PageEntry, on_wait: Callable[[str], None], say: Callable[[str], None]
) -> socket.socket:
    """Return a socket that listens, once the port is free.

    Another program's fault is none of this device's: nothing is restarted for it.

    Args:
        page: Address and port.
        on_wait: Told each second why there is none yet.
        say: Told once, and that the address is still to come.

    Raises:
        ConfigError: There can be none: the address is not ours, or the port needs
            rights that this user lacks.
    """
    is_told = False
    while (found := _bound(page, say)) is None:
        why = f"port {page.port} is held by {holder_of(page.port)}: waiting for it"
        if not is_told:
            say(f"{why}; or name another with --port")
            is_told = True
        on_wait(why)
        time.sleep(LOOK_AGAIN_S)
    return found


def _bound(page: PageEntry, say: Callable[[str], None]) -> socket.socket | None:
    own = LimitedSocket(socket.AF_INET6 if ":" in page.address else socket.AF_INET)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        _bind(own, page, say)
        own.listen(BACKLOG)
    except OSError as err:
        own.close()
        if err.errno == errno.EADDRINUSE:
            return None
        raise ConfigError(
            f"{page.address}, port {page.port}: {err.strerror}: name another with "
            "--port, or another address in the profile"
        ) from err
    return own


def _bind(own: socket.socket, page: PageEntry, say: Callable[[str], None]) -> None:
    """Bind to an address, also to one that a network gives this machine later."""
    try:
        own.bind((page.address, page.port))
    except OSError as err:
        if err.errno != errno.EADDRNOTAVAIL:
            raise
        say(f"{page.address} is none of this machine's addresses yet")
        own.setsockopt(*FREEBIND[own.family], 1)
        own.bind((page.address, page.port))


def holder_of(port: int, proc: Path = Path("/proc")) -> str:
    """Return the name and number of the program that listens on a port.

    Args:
        port: TCP.
        proc: The kernel's files.
    """
    sockets = {f"socket:[{inode}]" for inode in _inodes_of(port, proc)}
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if sockets & _open_in(process):
                name = (process / "comm").read_text().strip()
                return f"{name} (process {process.name})"
    return "another program"


def _open_in(process: Path) -> set[str]:
    """Return what a process has open; some is closed while we look."""
    found = set()
    for file in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(file.readlink()))
    return found


def _inodes_of(port: int, proc: Path) -> list[str]:
    found = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                is_port = int(fields[1].rpartition(":")[2], 16) == port
                if is_port and fields[3] == LISTENS:
                    found.append(fields[9])
    return found
