"""A command that is told to stop: by Ctrl-C, a closed terminal, or whoever started it.

By itself SIGTERM or SIGHUP ends a process where it stands, and its children go on: a
worker of an archive is at its slide for hours. A signal is therefore raised as Ctrl-C
is, so that whatever was begun ends in order.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ASKS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_OF_SIGNAL = 128
"""A shell's exit status of a signal is this and its number: 130 of Ctrl-C."""


@dataclass(slots=True)
class Stop:
    """Which signal asked, 0 while none has."""

    number: int = 0

    @property
    def status(self) -> int:
        """The exit status that a shell expects."""
        return EXIT_OF_SIGNAL + (self.number or signal.SIGINT)


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Raise KeyboardInterrupt for a signal that asks to stop, and note which.

    One that whoever started this let be ignored (`nohup`, a shell's background) stays
    ignored. Behind it signals end the process at once: nothing is left to be ended.
    """

    def heed(number: int, _: object) -> None:
        if stop.number and number != signal.SIGINT:
            return  # a terminal that closes may say so twice; all is ending
        stop.number = number
        raise KeyboardInterrupt

    asks = [n for n in ASKS if signal.getsignal(n) is not signal.SIG_IGN]
    try:
        for number in asks:
            signal.signal(number, heed)
        yield
    finally:
        for number in asks:
            signal.signal(number, signal.SIG_DFL)
