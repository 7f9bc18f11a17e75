"""The line between the page and the counting process: a socket in the beats' folder.

Either end may die and come back without the other noticing more than silence: a count
goes on while the page is away. Messages are JSON with a picture behind it; nothing is
ever unpickled.
"""

import contextlib
import queue
import threading
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from leukoscope_edge.live.commands import News, Order
from leukoscope_edge.shared_connection import SharedConnection

SOCKET = "line"


def call(folder: Path) -> Connection:
    """Call the counting process from the page.

    Raises:
        OSError: Nobody is there.
    """
    return Client(str(folder / SOCKET), family="AF_UNIX")


class Channel:
    """The counting process's end: takes orders from whoever called last."""

    def __init__(self, folder: Path) -> None:
        """Listen from now on.

        Args:
            folder: Of the beats; the socket of an earlier process is replaced.
        """
        path = folder / SOCKET
        path.unlink(missing_ok=True)
        self._listener = Listener(str(path), family="AF_UNIX")
        self._caller: SharedConnection | None = None
        self._last: News | None = None
        self.orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        threading.Thread(target=self._answer_all, daemon=True, name="line").start()

    def take(self, timeout_s: float) -> Order | None:
        """Return the next order, None where none came in time."""
        with contextlib.suppress(queue.Empty):
            if timeout_s <= 0:
                return self.orders.get_nowait()
            return self.orders.get(timeout=timeout_s)
        return None

    def send(self, news: News) -> None:
        """Send news; where nobody listens it waits for the next caller."""
        self._last, caller = news, self._caller
        if caller is not None:
            with contextlib.suppress(OSError):  # the caller has gone
                caller.send_bytes(news.message())

    def _answer_all(self) -> None:
        while True:
            with contextlib.suppress(OSError, EOFError):
                self._answer(SharedConnection(self._listener.accept()))

    def _answer(self, caller: SharedConnection) -> None:
        before, self._caller = self._caller, caller
        if before is not None:
            before.hang_up()  # the thread that hears it closes it
        threading.Thread(target=self._hear, args=(caller,), daemon=True).start()
        if self._last is not None:
            self.send(self._last)

    def _hear(self, caller: SharedConnection) -> None:
        with contextlib.closing(caller), contextlib.suppress(OSError, EOFError):
            while True:
                self.orders.put(Order.from_message(caller.recv_bytes()))
