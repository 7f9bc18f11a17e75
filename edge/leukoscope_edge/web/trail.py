"""Who came in, and who was kept out, in the device's own events.

A disk that takes nothing keeps nobody out: what could not be written is written with
the next thing that can be. What was typed in the place of a name is not kept, as it may
be anything; such tries are summed up, so that nobody fills the records from outside.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.log import passed_over
from leukoscope_edge.records import DEVICE, Store

SIGNED_IN, KEPT_OUT, ADDED = "signed in", "wrong PIN", "person added"
REMOVED, RENAMED, ROLE_CHANGED = "person removed", "person renamed", "role changed"
LOCKED, UNLOCKED = "person locked", "person unlocked"
PIN_CHANGED, PIN_SET = "PIN changed", "PIN set anew"
UNKNOWN = "unknown names tried"
MAX_WAITING = 1000
SUM_UP_S = 600.0


@dataclass(frozen=True, slots=True)
class _Note:
    what: str
    facts: dict[str, Any]
    by: str


class Trail:
    """Keeps it; safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing.

        Args:
            clock: Monotonic seconds.
        """
        self._clock = clock
        self._waiting: deque[_Note] = deque(maxlen=MAX_WAITING)
        self._n_unknown, self._sum_up_at_s = 0, 0.0
        self._lock = threading.Lock()

    def note(self, store: Store, what: str, facts: dict[str, Any], by: str) -> None:
        """Keep one thing, or all that could not be kept before it."""
        with self._lock:
            self._waiting.append(_Note(what, facts, by))
            self._write(store)

    def unknown(self, store: Store) -> None:
        """Keep that somebody tried a name that nobody has."""
        with self._lock:
            self._n_unknown += 1
            if self._clock() < self._sum_up_at_s:
                return
            self._sum_up_at_s = self._clock() + SUM_UP_S
            self._waiting.append(_Note(UNKNOWN, {"n": self._n_unknown}, DEVICE))
            self._n_unknown = 0
            self._write(store)

    def _write(self, store: Store) -> None:
        while self._waiting:
            one = self._waiting[0]
            try:
                store.log.note(one.what, one.facts, one.by)
            except LeukoscopeError as err:
                passed_over(err, doing="writing a note into the records, tried again")
                return
            self._waiting.popleft()
