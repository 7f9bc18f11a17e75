"""The page's end of the counting process: start it, order it about, hear its news.

A counting process that dies is started again, and a count that it was at goes on from
the records. One that dies again and again is left alone, and the page says so.
"""

import contextlib
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from leukoscope_edge.profile import Profile
from leukoscope_edge.web.orders import Do, Mode, News, Order
from leukoscope_edge.web.worker import work

N_REMEMBERED = 30
"""Pictures kept so that a cell can be added by tapping it: three seconds of them."""
MAX_RESTARTS, RESTARTS_WITHIN_S = 5, 60.0
"""A process that dies more often is not helped by another start."""
STOP_TIMEOUT_S = 5.0

STARTING = News(mode=Mode.STARTING, slide="", facts={"seq": 0})


class Counter:
    """The counting process as the page sees it; a context manager."""

    def __init__(self, profile: Profile, data_dir: Path, bundle_folder: Path) -> None:
        """Say what to run; nothing runs yet.

        Args:
            profile: The device.
            data_dir: Where the records lie.
            bundle_folder: The model.
        """
        self._what = (profile, data_dir, bundle_folder)
        self._lock = threading.Lock()
        self._orders: Connection | None = None
        self._process: BaseProcess | None = None
        self._wanted: Order | None = None
        self._stops = False
        self._listeners: list[Callable[[News], None]] = []
        self._remembered: deque[News] = deque(maxlen=N_REMEMBERED)
        self._thread = threading.Thread(target=self._run, daemon=True, name="counter")
        self.newest: News = STARTING
        self.n_restarts = 0

    def __enter__(self) -> "Counter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stops = True
        with self._lock:
            if self._orders is not None:
                self._orders.close()
        self._thread.join(STOP_TIMEOUT_S)
        if self._process is not None and self._process.is_alive():
            self._process.terminate()

    @property
    def pid(self) -> int | None:
        """Process id of the counting process, for the health page."""
        return self._process.pid if self._process else None

    def order(self, order: Order) -> None:
        """Ask for something; it happens soon, and the news tells."""
        with self._lock:
            if order.do in (Do.PREVIEW, Do.COUNT):
                self._wanted = order
            elif order.do in (Do.FINISH, Do.REST):
                self._wanted = None
            if self._orders is not None:
                with contextlib.suppress(OSError):  # it died: `_wanted` is given again
                    self._orders.send(order)

    def listen(self, listener: Callable[[News], None]) -> Callable[[], None]:
        """Have every news told, and return how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def picture(self, frame: str) -> News | None:
        """Return the news that showed a frame, None where it is forgotten."""
        shown = [n for n in self._remembered if n.facts.get("frame") == frame]
        return shown[-1] if shown else None

    def _run(self) -> None:
        starts: deque[float] = deque(maxlen=MAX_RESTARTS)
        while not self._stops:
            starts.append(time.monotonic())
            self._listen_to(self._start())
            if self._stops:
                return
            self.n_restarts += 1
            is_often = len(starts) == MAX_RESTARTS
            if is_often and starts[-1] - starts[0] < RESTARTS_WITHIN_S:
                reason = "the counting process stopped again and again"
                self._hear(_failed(reason, self.newest))
                return
            self._hear(STARTING)

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        orders_out, orders_in = context.Pipe(duplex=False)
        news_out, news_in = context.Pipe(duplex=False)
        process = context.Process(
            target=work, args=(*self._what, orders_out, news_in), daemon=True
        )
        process.start()
        orders_out.close()
        news_in.close()
        with self._lock:
            self._process, self._orders = process, orders_in
            if self._wanted is not None:
                orders_in.send(self._wanted)
        return news_out

    def _listen_to(self, news: Connection) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._hear(news.recv())
        news.close()
        if self._process is not None:
            self._process.join(STOP_TIMEOUT_S)

    def _hear(self, news: News) -> None:
        self.newest = news
        if news.jpeg:
            self._remembered.append(news)
        for listener in list(self._listeners):
            listener(news)


def _failed(reason: str, last: News) -> News:
    facts = {"seq": last.facts.get("seq", 0), "instruction": reason}
    return News(mode=Mode.FAILED, slide=last.slide, facts=facts)
