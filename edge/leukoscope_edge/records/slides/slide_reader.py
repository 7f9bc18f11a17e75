"""The slides as they stand: each folded from its events, whole or not shown at all."""

from collections.abc import Iterator

from leukoscope_edge.errors import RecordError, StepError, as_told
from leukoscope_edge.messages import Message, message
from leukoscope_edge.records.changes import Reason
from leukoscope_edge.records.database import IS_BOUND
from leukoscope_edge.records.events import Event
from leukoscope_edge.records.identities import Identities
from leukoscope_edge.records.ledger import Ledger
from leukoscope_edge.records.pictures import Pictures
from leukoscope_edge.records.slides.cell_archive import archived
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.records.slides.slide import (
    ArchivedCell,
    Identity,
    Kind,
    Signature,
    SlideRecord,
)
from leukoscope_edge.records.slides.slide_cache import SlideCache
from leukoscope_edge.records.slides.slide_fold import fold, why_not
from leukoscope_edge.records.slides.slide_state import (
    Action,
    Live,
    is_allowed,
    state_of,
)
from leukoscope_edge.records.slides.worklist import ListedSlide


class SlideReader:
    """Reads slides; safe to share between threads.

    Attributes:
        damaged: Slides that a list left out as they cannot be trusted, each with why.
    """

    def __init__(
        self, ledger: Ledger, identities: Identities, pictures: Pictures
    ) -> None:
        """Take where events, identities and pictures lie."""
        self._ledger, self._identities = ledger, identities
        self._pictures = pictures
        self._cache = SlideCache()
        self.damaged: dict[str, str | Message] = {}

    def forget(self) -> None:
        """Fold every slide anew: what was not written must not be remembered."""
        self._cache.forget()

    def find(self, slide: str) -> SlideRecord | None:
        """Return a slide, what is new folded onto what was known; None without one."""
        record = self._cache.find(slide)
        new = self._ledger.events(slide, after=record.seq if record else 0)
        if not slide or (record is None and not new):
            return None
        record = fold(new, record)
        self._cache.keep(record)
        return record

    def slide(self, slide: str) -> SlideRecord:
        """Return a slide as it stands.

        Raises:
            StepError: There is no such slide.
        """
        record = self.find(slide)
        if record is None:
            raise StepError(message("no-such-slide", slide=slide))
        return record

    def slide_at(self, slide: str, seq: int) -> SlideRecord:
        """Return a slide as it stood after an event, such as an older signature."""
        return fold(e for e in self._ledger.events(slide) if e.seq <= seq)

    def require(self, slide: str, action: Action, live: Live = "") -> SlideRecord:
        """Return a slide with which something may be done now.

        Args:
            slide: The slide.
            action: What is to be done.
            live: What the counting process does with it.

        Raises:
            StepError: It may not, or there is no such slide.
        """
        record = self.slide(slide)
        if not is_allowed(action, state_of(record.state, live)):
            raise StepError(why_not(record, action, live))
        return record

    def slides(self, *, limit: int = 50) -> list[SlideRecord]:
        """Return the slides, the newest first; `damaged` says what had to stay out."""
        rows = self._ledger.rows(
            "SELECT slide FROM event WHERE kind = ? ORDER BY seq DESC LIMIT ?",
            (Kind.START.value, limit),
        )
        return self._readable(rows)

    def every_slide(self, *, oldest_first: bool = False) -> Iterator[SlideRecord]:
        """Yield all slides, the newest first, and hold one of them at a time.

        Args:
            oldest_first: The other way round.
        """
        order = "ASC" if oldest_first else "DESC"
        rows = self._ledger.rows(
            f"SELECT slide FROM event WHERE kind = ? ORDER BY seq {order}",  # noqa: S608
            (Kind.START.value,),
        )
        for (slide,) in rows:
            try:
                record = fold(self._ledger.events(slide))
            except RecordError as err:
                self.damaged[slide] = as_told(err)
            else:
                yield record

    def outcomes_after(self, seq: int) -> list[tuple[str, int]]:
        """Return the slides that were signed or voided since an event, with the event.

        A slide that was never signed has no outcome to take back.
        """
        rows: list[tuple[str, int]] = self._ledger.rows(
            "SELECT slide, max(seq) FROM event WHERE kind IN (?, ?) AND seq > ? "
            "AND slide IN (SELECT slide FROM event WHERE kind = ?) "
            "GROUP BY slide ORDER BY max(seq)",
            (Kind.SIGN.value, Kind.VOID.value, seq, Kind.SIGN.value),
        )
        return rows

    def last_slide(self) -> int:
        """Return the highest number that a slide has, 0 where there is none."""
        ((last,),) = self._ledger.rows(
            "SELECT coalesce(max(CAST(slide AS INTEGER)), 0) FROM event"
        )
        return int(last)

    def moments(self) -> list[tuple[str, str, str]]:
        """Return what gives time its order: (kind, slide, at) of counts and notes."""
        return self._ledger.rows(
            f"SELECT kind, slide, at FROM event WHERE {IS_BOUND} OR slide = '' "  # noqa: S608
            "ORDER BY seq"
        )

    def slides_by_model(self) -> dict[tuple[str, str], list[str]]:
        """Return the slides that each model judged, by its bundle's id and hash."""
        rows = self._ledger.rows(
            "SELECT json_extract(body, '$.origin.bundle'), "  # noqa: S608 - our own words
            "json_extract(body, '$.origin.bundle_sha256'), slide FROM event "
            f"WHERE {IS_BOUND} AND kind = ? ORDER BY seq",
            (Kind.START.value,),
        )
        found: dict[tuple[str, str], list[str]] = {}
        for bundle, sha256, slide in rows:
            found.setdefault((bundle, sha256), []).append(slide)
        return found

    def unfinished(self) -> list[SlideRecord]:
        """Return the slides that a stop caught while counting, the newest first."""
        rows = self._ledger.rows(
            "SELECT slide FROM (SELECT slide, kind, max(seq) AS last "  # noqa: S608
            f"FROM event WHERE {IS_BOUND} GROUP BY slide) "
            "WHERE kind != ? ORDER BY last DESC",
            (Kind.FINISH.value,),
        )
        found = self._readable(rows)
        return [r for r in found if is_allowed(Action.FINISH, r.state)]

    def pseudonym(self, slide: str) -> str:
        """Return what stands for a slide's sample on a copy that names nobody."""
        return self._identities.pseudonym(slide)

    def identity(self, slide: str) -> Identity | None:
        """Return whose blood a slide shows, None after erasure."""
        return self.identity_of(self.slide(slide))

    def identity_of(self, record: SlideRecord | ListedSlide) -> Identity | None:
        """Return whose blood it is by a record, such as an older version's."""
        return self._identities.open_identity(record.id, record.sealed)

    def comment(self, slide: str, signature: Signature) -> str | None:
        """Return the comment of a signature, None after erasure."""
        return self._identities.open_text(slide, signature.sealed_comment)

    def remarks(self, slide: str, cell: CellRecord) -> list[tuple[str, str]]:
        """Return who noted what on a cell, without what was erased."""
        opened = (
            (by, self._identities.open_text(slide, sealed))
            for by, sealed in cell.sealed_notes
        )
        return [(by, text) for by, text in opened if text is not None]

    def reason(self, slide: str, reason: Reason) -> str | None:
        """Return why something was done with a slide, None after erasure."""
        return self._identities.open_text(slide, reason.sealed)

    def told_to(self, record: SlideRecord) -> tuple[str, ...]:
        """Return who was told a slide's critical result; empty texts after erasure."""
        texts = (self._identities.open_text(record.id, t.sealed) for t in record.told)
        return tuple(text or "" for text in texts)

    def archived_cells(self) -> Iterator[ArchivedCell]:
        """Yield every cell that a model judged and whose crops are still here."""
        for record in self.every_slide(oldest_first=True):
            yield from archived(self._pictures, record)

    def events(self, slide: str) -> list[Event]:
        """Return the events of a slide; an empty name gives the device's own."""
        return self._ledger.events(slide)

    def readable(self, slide: str) -> SlideRecord | None:
        """Return a slide of a list: one that is damaged must not hide the others."""
        try:
            return self.slide(slide)
        except RecordError as err:
            self.damaged[slide] = as_told(err)
            return None

    def _readable(self, rows: list[tuple[str]]) -> list[SlideRecord]:
        return [r for (slide,) in rows if (r := self.readable(slide)) is not None]
