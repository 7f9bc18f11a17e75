"""The device's own events: log-ins, quality slides, updates, files that left."""

from collections.abc import Mapping
from typing import Any

from leukoscope_edge.records.event_writer import EventWriter
from leukoscope_edge.records.events import Event, Head
from leukoscope_edge.records.ledger import Ledger
from leukoscope_edge.records.slides.slide import Kind

MAX_SEQ = 2**63 - 1
"""SQLite's largest integer: no event has this number."""
DEVICE = "device"
"""Who acts where no person does."""


class DeviceLog:
    """Writes and reads the device's log; safe to share between threads."""

    def __init__(self, events: EventWriter, ledger: Ledger) -> None:
        """Take where the events lie."""
        self._events, self._ledger = events, ledger

    def note(self, what: str, facts: Mapping[str, Any], by: str) -> None:
        """Keep something that happened to the device: a log-in, a quality slide."""
        self._events.do(Kind.NOTE, "", {"what": what, "facts": dict(facts)}, by)

    def notes(
        self,
        what: str = "",
        *,
        after: int = 0,
        before: int = MAX_SEQ,
        newest: int | None = None,
        oldest: int | None = None,
    ) -> list[Event]:
        """Return the device's own events, the oldest first.

        Args:
            what: Only those of this kind; empty for all.
            after: Only those after this number.
            before: Only those before this number.
            newest: No more than so many of the newest.
            oldest: No more than so many of the oldest.
        """
        if oldest is not None:
            return self._ledger.notes(what, after, before, oldest, "ASC")
        limit = -1 if newest is None else newest
        return self._ledger.notes(what, after, before, limit, "DESC")

    def note_export(self, slide: str, what: str, sha256: str, by: str) -> None:
        """Keep that something left the device."""
        self._events.do(Kind.EXPORT, slide, {"what": what, "sha256": sha256}, by)

    def head(self) -> Head:
        """Return the end of the event chain."""
        return self._ledger.head()

    def event_of_code(self, code: str) -> int | None:
        """Return the number of the event that a report's audit code names."""
        return self._ledger.event_of_code(code)
