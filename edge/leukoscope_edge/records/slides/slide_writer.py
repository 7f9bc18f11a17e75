"""Where whatever is written of a slide goes: events, identities, pictures."""

from collections.abc import Callable

from leukoscope_edge.records.event_writer import EventWriter
from leukoscope_edge.records.identities import Identities
from leukoscope_edge.records.pictures import Pictures
from leukoscope_edge.records.slides.slide_reader import SlideReader


class SlideWriter:
    """What the writers of a count and of a review share."""

    def __init__(
        self,
        events: EventWriter,
        reader: SlideReader,
        identities: Identities,
        pictures: Pictures,
        *,
        write_back: Callable[[], None],
    ) -> None:
        """Take where it is written.

        Args:
            events: Writes them.
            reader: Tells how a slide stands.
            identities: Hides whose blood it is, and what may name somebody.
            pictures: Where the cells' pictures lie.
            write_back: Empties the log of the database.
        """
        self._events, self._reader = events, reader
        self._identities, self._pictures = identities, pictures
        self._write_back = write_back
