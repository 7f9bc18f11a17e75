"""The page's end of the counting process: order it about, hear its news.

The supervisor starts it, and starts it again when it dies; then the page calls again,
and a count that it was at goes on from the records.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from leukoscope_edge.live.channel import call
from leukoscope_edge.live.commands import Command, Mode, News, Order

N_REMEMBERED = 30
"""Pictures kept so that a cell can be added by tapping it: three seconds of them."""
CALL_AGAIN_S = 0.1
AT_A_SLIDE = frozenset({Mode.PREVIEW, Mode.COUNTING, Mode.PAUSED})

STARTING = News(mode=Mode.STARTING, slide="", facts={"seq": 0})


class Counter:
    """The counting process as the page sees it; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Say where to call; nobody is called yet.

        Args:
            folder: Of the beats.
        """
        self._folder = folder
        self._lock = threading.Lock()
        self._line: Connection | None = None
        self._wanted: Order | None = None
        self._has_ordered = False
        self._stops = threading.Event()
        self._listeners: list[Callable[[News], None]] = []
        self._remembered: deque[News] = deque(maxlen=N_REMEMBERED)
        self._thread = threading.Thread(target=self._run, daemon=True, name="counter")
        self.newest: News = STARTING
        self.n_restarts = 0

    def __enter__(self) -> "Counter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stops.set()

    def order(self, order: Order) -> None:
        """Ask for something; it happens soon, and the news tells."""
        with self._lock:
            self._has_ordered = True
            if order.do in (Command.PREVIEW, Command.COUNT):
                self._wanted = order
            elif (
                order.do is Command.COUNT_MORE
            ):  # once it goes on, it is a count as any
                self._wanted = replace(order, do=Command.COUNT)
            elif order.do is Command.FINISH or self._gives_back(order):
                self._wanted = None
            if self._line is not None:
                with contextlib.suppress(OSError):  # it died: `_wanted` is given again
                    self._line.send_bytes(order.message())

    def _gives_back(self, order: Order) -> bool:
        wanted = self._wanted.slide if self._wanted else ""
        return order.do is Command.REST and wanted == order.slide

    def listen(self, listener: Callable[[News], None]) -> Callable[[], None]:
        """Have every news told, and return how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def picture(self, frame: str) -> News | None:
        """Return the news that showed a frame, None where it is forgotten."""
        shown = [n for n in self._remembered if n.facts.get("frame") == frame]
        return shown[-1] if shown else None

    def _run(self) -> None:
        while not self._stops.is_set():
            try:
                line = call(self._folder)
            except OSError:
                self._stops.wait(CALL_AGAIN_S)
                continue
            self._greet(line)
            if self._listen_to(line) and not self._stops.is_set():
                self.n_restarts += 1
                self._hear(STARTING)

    def _greet(self, line: Connection) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._line = line
            if self._wanted is not None:
                line.send_bytes(self._wanted.message())

    def _listen_to(self, line: Connection) -> bool:
        """Hear all news; say whether there was any: the dying may still answer."""
        has_heard = False
        with contextlib.suppress(EOFError, OSError):
            while not self._stops.is_set():
                self._hear(News.from_message(line.recv_bytes()))
                has_heard = True
        with self._lock:
            self._line = None
        line.close()
        return has_heard

    def _hear(self, news: News) -> None:
        if news.mode in AT_A_SLIDE and not self._has_ordered:
            self._adopt(news)
        self.newest = news
        if news.jpeg:
            self._remembered.append(news)
        for listener in list(self._listeners):
            listener(news)

    def _adopt(self, news: News) -> None:
        """Want what is going on: somebody ordered it before this page was started."""
        by = news.facts.get("by", "")
        do = Command.PREVIEW if news.mode is Mode.PREVIEW else Command.COUNT
        with self._lock:
            if not self._has_ordered:
                self._wanted = Order(do=do, slide=news.slide, by=by)
