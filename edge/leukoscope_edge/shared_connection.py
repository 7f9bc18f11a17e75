"""Messages over a socket that several threads share.

A descriptor that is closed while another thread uses it is soon another file's number,
and what that thread then sends lands there. So hanging up and closing are two things
here: any thread may hang up (shutdown(2), which wakes whoever waits), and closing waits
until nobody is inside.
"""

import os
import socket
import threading
from contextlib import suppress
from multiprocessing.connection import Connection


class SharedConnection:
    """One end of a socket: threads send in turns, one hears, any hangs up."""

    def __init__(self, connection: Connection) -> None:
        """Take over a connection; nobody else uses or closes it from now on.

        Args:
            connection: Over a stream socket.
        """
        self._connection = connection
        self._socket = socket.socket(fileno=os.dup(connection.fileno()))
        self._sends, self._hears, self._ends = (threading.Lock() for _ in range(3))

    def send_bytes(self, data: bytes | memoryview) -> None:
        """Send one message, whole.

        Raises:
            OSError: The other end has gone, or this one hung up.
        """
        with self._sends:
            self._connection.send_bytes(data)

    def recv_bytes(self) -> bytes:
        """Wait for one message.

        Raises:
            EOFError: The other end has gone, or this one hung up.
            OSError: The same in the middle of a message, or closed before.
        """
        with self._hears:
            return self._connection.recv_bytes()

    def hang_up(self) -> None:
        """Wake whoever sends or hears, with an error; safe at any time, never waits."""
        with self._ends:
            if not self._connection.closed:
                with suppress(OSError):  # the other end has gone already
                    self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, wait until nobody is inside, and close; again is harmless."""
        self.hang_up()
        with self._sends, self._hears, self._ends:
            self._connection.close()
            self._socket.close()
