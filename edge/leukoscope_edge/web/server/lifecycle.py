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
        self._trouble: Callable[[str | Message], None] = self._notice
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
        trouble: Callable[[str | Message], None] | None = None,
    ) -> None:
        """End the server once the pages have heard of it, so that it opens anew.

        Args:
            after: To be done once everything is closed; returns what came of it.
            notice: Takes that sentence.
            trouble: Takes why it failed; where there is none, the notice does.
        """
        self.after, self._notice, self.is_ending = after, notice, True
        self._trouble = trouble or notice
        timer = threading.Timer(self._notice_s, lambda: self._end())
        timer.daemon = True
        timer.start()

    def do_after(self) -> None:
        """Do what was to be done once everything is closed, and say what came of it."""
        after, self.after = self.after, None
        if after is None:
            return
        try:
            told = after()
        except (LeukoscopeError, OSError) as err:
            self._trouble(as_told(err))
        else:
            self._notice(told)
