"""Writes events at the end of the chain, each one if its slide allows it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from leukoscope_edge.errors import StepError, as_told
from leukoscope_edge.messages import Message, message
from leukoscope_edge.records.events import Event, canonical
from leukoscope_edge.records.ledger import Ledger
from leukoscope_edge.records.slides.slide import Kind, SlideRecord
from leukoscope_edge.records.slides.slide_fold import apply
from leukoscope_edge.records.slides.slide_reader import SlideReader
from leukoscope_edge.records.slides.worklist import Worklist


class EventWriter:
    """Writes events; safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        reader: SlideReader,
        worklist: Worklist,
        require_sound: Callable[[], None],
    ) -> None:
        """Take where the events lie, and who says what a slide allows.

        Args:
            ledger: The open ledger.
            reader: Tells how a slide stands.
            worklist: Lists how a slide stands after each event.
            require_sound: Raises while nothing may be written.
        """
        self._ledger, self._reader = ledger, reader
        self._worklist, self._require_sound = worklist, require_sound

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the database for one step: all of it or nothing, on disk at the end.

        Raises:
            RecordError: The disk is full or broken, or the database not sound.
        """
        self._require_sound()
        try:
            with self._ledger.writing() as connection:
                yield connection
        except BaseException:
            self._reader.forget()
            raise

    def do(
        self,
        kind: Kind,
        slide: str,
        body: dict[str, Any],
        by: str,
        key: str = "",
        refuses: Callable[[SlideRecord], Message | None] = lambda _: None,
    ) -> None:
        """Write one event, once for a key.

        Args:
            kind: What happens.
            slide: To which slide; empty for the device itself.
            body: What of it.
            by: Who does it.
            key: Idempotency key.
            refuses: Says why a slide, as it stands, does not allow it; else None.

        Raises:
            StepError: The slide does not allow it, or the key was used for another.
        """
        with self.writing():
            known = self.repeated(kind, slide, key)
            if known is None:
                if why := refuses(self._reader.slide(slide)) if slide else None:
                    raise StepError(why)
                self.append(kind, slide, body, by, key)
            elif canonical(known.body) != canonical(body):
                raise StepError(message("key-other-words", key=key))

    def repeated(self, kind: Kind, slide: str | None, key: str) -> Event | None:
        """Return the event that a key made, None where it is new.

        Raises:
            StepError: It made another step, or one of another slide.
        """
        known = self._ledger.known(key)
        if known is None:
            return None
        if known.kind != kind.value or slide not in (None, known.slide):
            raise StepError(message("key-other-step", key=key))
        return known

    def append(
        self, kind: Kind, slide: str, body: dict[str, Any], by: str, key: str
    ) -> None:
        """Write one event at the end of the chain, if the slide allows it."""
        event = self._ledger.next(kind.value, slide, body, by, key)
        if slide:
            try:
                changed = apply(self._reader.find(slide), event)
            except ValueError as err:
                raise StepError(as_told(err)) from err
            self._worklist.keep(changed)
        self._ledger.append(event)
