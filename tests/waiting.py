"""How a test waits for another thread or process: long, and no longer than it must;
and a clock, where nothing need be waited for.

The patience decides only how late a test fails. It is for a machine that does many
other things, so it is one, and far above what anything takes.
"""

import time
from collections.abc import Callable

PATIENCE_S = 120.0


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def wait_for(is_so: Callable[[], object]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.02)
