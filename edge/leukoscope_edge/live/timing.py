"""How fast the count goes: frames a second and the time of each stage."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

N_FRAMES = 30
WEIGHT = 0.1
"""Of the newest frame in a stage's running mean: the last ten or so."""
PAUSE_S = 5.0
"""After so long without a frame there is no rate any more."""


class FrameTimer:
    """Counts frames and times stages."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing.

        Args:
            now_s: The clock, monotonic.
        """
        self._now_s = now_s
        self._at_s: deque[float] = deque(maxlen=N_FRAMES)
        self._stages_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        began_s = self._now_s()
        yield
        self.note(name, self._now_s() - began_s)

    def note(self, name: str, taken_s: float) -> None:
        """Take what a stage took."""
        taken_ms = 1000 * taken_s
        before_ms = self._stages_ms.get(name, taken_ms)
        self._stages_ms[name] = before_ms + WEIGHT * (taken_ms - before_ms)

    def count(self) -> None:
        """Count a frame."""
        self._at_s.append(self._now_s())

    def facts(self) -> dict[str, Any]:
        """Return the rate (None where nothing moves) and the stages' milliseconds."""
        stages_ms = {k: round(v, 2) for k, v in self._stages_ms.items()}
        return {"frames_per_s": self._rate(), "stages_ms": stages_ms}

    def _rate(self) -> float | None:
        if len(self._at_s) < 2 or self._now_s() - self._at_s[-1] > PAUSE_S:
            return None
        return round((len(self._at_s) - 1) / (self._at_s[-1] - self._at_s[0]), 2)
