"""The code that the first person types who is not at the device itself.

Where the page is open to a network, whoever reached the first start first would become
the supervisor. The device's own screen shows a code; from anywhere else it is asked
for. It is forgotten with the program, and a wrong one makes everybody on the network
wait, nobody at the screen.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Callable

from leukoscope_edge.accounts.sign_in_backoff import wait_s

N_DIGITS = 8
"""A hundred million: at the longest wait, 15 minutes a guess, for ever."""
HALF = N_DIGITS // 2


class SetUpCode:
    """One code, and how long to wait for the next guess; safe between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Make a code.

        Args:
            clock: Monotonic seconds.
        """
        self._digits = "".join(secrets.choice("0123456789") for _ in range(N_DIGITS))
        self._clock = clock
        self._n_wrong, self._not_before_s = 0, clock()
        self._lock = threading.Lock()

    @property
    def shown(self) -> str:
        """As the device's own screen shows it."""
        return f"{self._digits[:HALF]}-{self._digits[HALF:]}"

    def is_right(self, typed: str) -> tuple[bool, float]:
        """Try a code; return whether it is right, and the seconds to wait if not."""
        digits = "".join(c for c in typed if c.isascii() and c.isdigit())
        with self._lock:
            left_s = self._not_before_s - self._clock()
            if left_s > 0:
                return False, left_s
            if hmac.compare_digest(digits, self._digits):
                return True, 0.0
            self._n_wrong += 1
            waits_s = wait_s(self._n_wrong)
            self._not_before_s = self._clock() + waits_s
            return False, waits_s
