"""What people write of a slide: words, signature, amendment, correction, void."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from leukoscope_edge.errors import StepError
from leukoscope_edge.messages import Message, message
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.records.changes import CriticalCall
from leukoscope_edge.records.events import Event
from leukoscope_edge.records.slides.cell_record import (
    CellRecord,
    MissedCell,
    ReviewStep,
    words_on,
)
from leukoscope_edge.records.slides.correction import SEALED, Corrected
from leukoscope_edge.records.slides.digest import CHANGED, digest_of
from leukoscope_edge.records.slides.slide import (
    Kind,
    Signature,
    SlideRecord,
    outcome_of,
)
from leukoscope_edge.records.slides.slide_objects import (
    cell_object,
    facts_object,
    outcome_object,
)
from leukoscope_edge.records.slides.slide_state import Action
from leukoscope_edge.records.slides.slide_writer import SlideWriter
from leukoscope_edge.types import Reading


class ReviewWriter(SlideWriter):
    """Writes what people say and do; safe to share between threads."""

    def judge_cell(
        self,
        slide: str,
        cell: str,
        word: Reading,
        by: str,
        *,
        key: str,
        kind: str = "",
        seen: int | None = None,
    ) -> None:
        """Keep a person's word on a cell.

        Args:
            slide: The slide.
            cell: The cell's id.
            word: What it is.
            by: Who says so.
            key: Idempotency key.
            kind: Of a normal cell, "" where it is not named.
            seen: The version of the cell that was seen (`SlideRecord.seen_by`), None
                for a program that shows nobody anything.

        Raises:
            StepError: Somebody has called the cell since it was seen.
        """

        def refuses(record: SlideRecord) -> Message | None:
            now = record.seen_by(by).get(cell, 0)
            return None if seen in (None, now) else message("just-called")

        body = {"cell": cell, "word": word.value} | ({"kind": kind} if kind else {})
        self._events.do(Kind.JUDGE, slide, body, by, key, refuses)

    def remark(self, slide: str, cell: str, text: str, by: str, *, key: str) -> None:
        """Keep a person's note on a cell, encrypted, as it may name somebody."""
        with self._events.writing():
            if self._events.repeated(Kind.REMARK, slide, key) is None:
                sealed = self._identities.seal_text(slide, text)
                body = {"cell": cell, "sealed": sealed}
                self._events.append(Kind.REMARK, slide, body, by, key)

    def settle_cell(
        self, slide: str, cell: str, word: Reading, by: str, *, key: str, kind: str = ""
    ) -> None:
        """Keep a supervisor's word on a cell that two people have read.

        Raises:
            StepError: Two people have not read it, or this supervisor is one of them.
        """
        body = {"cell": cell, "word": word.value, "settles": True}
        body |= {"kind": kind} if kind else {}

        def refuses(record: SlideRecord) -> Message | None:
            is_own = by in words_on(record.cells, cell)
            return message("own-dispute") if is_own else None

        self._events.do(Kind.JUDGE, slide, body, by, key, refuses)

    def add_missed(self, slide: str, missed: MissedCell, by: str, *, key: str) -> str:
        """Keep a cell that the machine missed, to be judged, and return its id."""
        view = self._pictures.keep(slide, missed.view)
        with self._events.writing():
            if known := self._events.repeated(Kind.MISSED, slide, key):
                return str(known.body["cell"]["id"])
            cell = CellRecord(
                id=f"m{_next_missed(self._reader.events(slide))}",
                frame=missed.frame,
                frame_sha256=missed.frame_sha256,
                box_px=missed.box_px,
                slide_px=missed.slide_px,
                n_sightings=1,
                call=None,
                p_blast=None,
                crops="",
                n_crops=0,
                view=view,
            )
            body = {"cell": cell_object(cell)}
            self._events.append(Kind.MISSED, slide, body, by, key)
        return cell.id

    def undo(self, slide: str, by: str, *, key: str) -> str:
        """Take the last step of the review back, one's own alone.

        Returns:
            The cell that the step was on.

        Raises:
            StepError: There is none, another person's word would go with it and be told
                nowhere, or a dispute over a blast would end without a supervisor.
        """
        with self._events.writing():
            if known := self._events.repeated(Kind.UNDO, slide, key):
                undone = self._reader.slide_at(slide, known.body["undoes"])
                return undone.steps[-1].cell
            record = self._reader.require(slide, Action.UNDO)
            last = record.last_step(by)
            if last is None:
                raise StepError(message("nothing-to-undo", slide=slide))
            if names := record.others_in(last, by):
                raise StepError(message("undo-of-another", slide=slide, name=names[-1]))
            if record.n_readers > 1 and _ends_a_dispute(record, last):
                raise StepError(message("two-have-read", slide=slide, cell=last.cell))
            self._events.append(Kind.UNDO, slide, {"undoes": last.seq}, by, key)
        return last.cell

    def sign(
        self,
        slide: str,
        conclude: Callable[[SlideRecord], Verdict | Refusal],
        by: str,
        *,
        shown: str | None = None,
        comment: str = "",
        key: str,
    ) -> Signature:
        """Sign the result after the review: concluded and written at one moment.

        Args:
            slide: The slide.
            conclude: Says what follows from the slide as it stands.
            by: Who signs.
            shown: Digest of what the signer saw (`slides/digest.py`), None for a
                program that signs what it makes itself.
            comment: Kept encrypted, as it may name somebody.
            key: Idempotency key.

        Raises:
            StepError: Cells are still to be judged, the slide is not in review, or
                the signer saw another result.
        """
        with self._events.writing():
            if self._events.repeated(Kind.SIGN, slide, key) is None:
                record = self._reader.require(slide, Action.SIGN)
                outcome = outcome_of(conclude(record))
                if shown not in (None, digest_of(record, outcome)):
                    raise StepError(CHANGED)
                body = {
                    "outcome": outcome_object(outcome),
                    "sealed_comment": self._identities.seal_text(slide, comment),
                }
                self._events.append(Kind.SIGN, slide, body, by, key)
        self._write_back()
        return self._reader.slide(slide).signatures[-1]

    def amend(self, slide: str, why: str, by: str, *, key: str = "") -> None:
        """Open a signed slide for another version; the signed one stays.

        Args:
            slide: The slide.
            why: Stands on every copy of the new version. No names.
            by: Who opens it.
            key: Idempotency key.
        """
        with self._events.writing():
            if self._events.repeated(Kind.AMEND, slide, key) is None:
                self._events.append(Kind.AMEND, slide, self._why(slide, why), by, key)

    def void(self, slide: str, why: str, by: str, *, key: str = "") -> None:
        """Take a slide out of use: it stays, is marked, and says no result any more.

        Args:
            slide: The slide.
            why: Stands on every copy. No names.
            by: Who does it.
            key: Idempotency key.

        Raises:
            StepError: It is signed, or void already.
        """
        with self._events.writing():
            if self._events.repeated(Kind.VOID, slide, key) is None:
                self._events.append(Kind.VOID, slide, self._why(slide, why), by, key)

    def tell(self, slide: str, call: CriticalCall, by: str, *, key: str) -> None:
        """Keep that a critical result was told, to whom, how and when.

        Args:
            slide: The slide.
            call: What whoever told it says.
            by: Who told it.
            key: Idempotency key.

        Raises:
            StepError: There is no result to tell yet, or the slide is void.
        """
        with self._events.writing():
            if self._events.repeated(Kind.TELL, slide, key) is None:
                body = {
                    "sealed": self._identities.seal_text(slide, call.who),
                    "how": call.how,
                    "told_at": call.told_at,
                    "is_read_back": call.is_read_back,
                    "version": self._reader.slide(slide).version,
                }
                self._events.append(Kind.TELL, slide, body, by, key)

    def correct(
        self, slide: str, facts: Corrected, why: str, by: str, *, key: str = ""
    ) -> None:
        """Put facts of a slide right; what they were stays in the records.

        Args:
            slide: The slide.
            facts: What is to be so.
            why: No names.
            by: Who puts it right.
            key: Idempotency key.

        Raises:
            StepError: It is signed, void or being counted, or nothing differs.
        """
        with self._events.writing() as connection:
            if self._events.repeated(Kind.CORRECT, slide, key):
                return
            record, identity = self._reader.slide(slide), self._reader.identity(slide)
            changes = facts.changes(record, identity)
            if not changes:
                raise StepError(message("all-so-already", slide=slide))
            body = {
                "changes": [asdict(c) for c in changes],
                "facts": facts_object(facts.facts(record)),
                "scale": facts.scale(record),
                "sealed": "",
                **self._why(slide, why),
            }
            if any(c.what in SEALED for c in changes):
                new = facts.identity(identity)
                body["sealed"] = self._identities.change(connection, slide, new)
            self._events.append(Kind.CORRECT, slide, body, by, key)

    def set_consent(self, slide: str, by: str, *, consents: bool) -> None:
        """Keep whether the cells may train a model."""
        self._events.do(Kind.CONSENT, slide, {"consents": consents}, by)

    def drop_pictures(self, slide: str, by: str) -> None:
        """Take the pictures of a signed slide away."""
        self._events.do(Kind.DROP_PICTURES, slide, {}, by)
        self._pictures.drop(slide)

    def _why(self, slide: str, why: str) -> dict[str, Any]:
        sealed = self._identities.seal_text(slide, why)
        return {"sealed_why": sealed, "names_nobody": True}


def _next_missed(events: Sequence[Event]) -> int:
    """Return a number that no missed cell had, one taken back included."""
    return 1 + sum(e.kind == Kind.MISSED for e in events)


def _ends_a_dispute(record: SlideRecord, step: ReviewStep) -> bool:
    """Say whether a reader's word is on a cell that both read, one as a blast."""
    words = words_on(record.cells, step.cell)
    is_read_twice = len(words) > 1 and not step.settles
    return is_read_twice and Reading.BLAST in words.values()
