"""When the server ends so that everything is opened anew, and what is done meanwhile.

The server owns it, and it outlives every opening; a new model, a restore and damaged
records ask for one.
"""

import threading
from collections.abc import Callable

from leukoscope_edge.errors import LeukoscopeError, as_told
from leukoscope_edge.messages import Message

NOTICE_S = 1.0
"""A page that is loaded in this time asks again until the server is back."""


class Lifecycle:
    """Ends the server and opens it anew; safe to share between threads.

    Attributes:
        is_ending: The server is about to open anew.
        after: What is to be done once everything is closed, None where nothing is.
    """

    def __init__(self, notice_s: float = NOTICE_S) -> None:
        """Begin with a server that stays.

        Args:
            notice_s: How long pages have to hear that it ends.
        """
        self.is_ending = False
        self.after: Callable[[], str | Message] | None = None
        self._notice: Callable[[str | Message], None] = lambda _: None
        self._end: Callable[[], None] = lambda: None
        self._notice_s = notice_s

    def serve(self, end: Callable[[], None]) -> None:
        """Begin to serve.

        Args:
            end: Ends the server that begins now.
        """
        self._end, self.is_ending = end, False

    def reopen(
        self,
        after: Callable[[], str | Message] | None = None,
        notice: Callable[[str | Message], None] = lambda _: None,
    ) -> None:
        """End the server once the pages have heard of it, so that it opens anew.

        Args:
            after: To be done once everything is closed; returns what came of it.
            notice: Takes that sentence, or why it failed.
        """
        self.after, self._notice, self.is_ending = after, notice, True
        timer = threading.Timer(self._notice_s, lambda: self._end())
        timer.daemon = True
        timer.start()

    def do_after(self) -> None:
        """Do what was to be done once everything is closed, and say what came of it."""
        after, self.after = self.after, None
        if after is not None:
            self._notice(_outcome_of(after))


def _outcome_of(after: Callable[[], str | Message]) -> str | Message:
    try:
        return after()
    except (LeukoscopeError, OSError) as err:
        return as_told(err)
