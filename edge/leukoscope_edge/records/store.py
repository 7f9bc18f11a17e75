"""The records of a device: one folder, one list of events, pictures beside it.

Everything that happens is an event (`records/events.py`); a slide is the fold of its
events (`records/slide.py`). What a method acknowledges by returning is on the disk.
A method that is called again with the same `key` does nothing twice.

    DIR/records.sqlite     the events, the signed head, the wrapped keys of the records
    DIR/records.head       that head once more, in case the database loses its end
    DIR/pictures/SLIDE/    pictures by content
    DIR/keys/              the device's two secrets
    DIR/reports/           the signed reports
    DIR/copy/              a recent copy of the database on the same disk
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

from leukoscope_edge.counting import Doubt
from leukoscope_edge.durable import (
    check_room,
    make_folder,
)
from leukoscope_edge.errors import RecordError, StepError
from leukoscope_edge.messages import Message, plain
from leukoscope_edge.records.backups.restore_step import end_last_step
from leukoscope_edge.records.cell_archive import archived, keep_cell, picture_problems
from leukoscope_edge.records.changes import Reason
from leukoscope_edge.records.database import IS_BOUND
from leukoscope_edge.records.digest import CHANGED, digest_of
from leukoscope_edge.records.events import Event, Head, Problem, canonical
from leukoscope_edge.records.head_file import HEAD_NAME, HeadFile
from leukoscope_edge.records.identities import Identities
from leukoscope_edge.records.integrity import Found
from leukoscope_edge.records.keys import fingerprint, open_keys
from leukoscope_edge.records.ledger import Ledger
from leukoscope_edge.records.maintenance import DAMAGED, LOOKING, Caretaker
from leukoscope_edge.records.pictures import Pictures
from leukoscope_edge.records.recovery import Recovery
from leukoscope_edge.records.slides.correction import Corrected
from leukoscope_edge.records.slides.slide import (
    ArchivedCell,
    CellRecord,
    FieldPicture,
    Identity,
    Kind,
    MissedCell,
    Signature,
    SlideRecord,
    SlideSetUp,
    cell_object,
    doubt_object,
    facts_object,
    outcome_object,
    outcome_of,
)
from leukoscope_edge.records.slides.slide_cache import Folded
from leukoscope_edge.records.slides.slide_fold import (
    JUST_CALLED,
    OWN_DISPUTE,
    action_of,
    apply,
    fold,
    why_not,
)
from leukoscope_edge.records.slides.slide_state import (
    Action,
    Live,
    is_allowed,
    state_of,
)
from leukoscope_edge.records.witnesses import COPY, KEYS, PICTURES, Witnesses
from leukoscope_edge.types import Cell, Refusal, Tally, Verdict, Word

DATABASE_NAME = "records.sqlite"
COPY_FOLDER = COPY
FOLDERS = (KEYS, PICTURES, "reports")
FILES = (DATABASE_NAME, HEAD_NAME)
ROOM_BYTES = 200 << 20
"""About ten slides of 200 cells: a slide that was started can also be finished."""
WRITE_BACK_S, ERASE_WITHIN_S = 0.25, 5.0
"""A signature waits so long for readers, an erasure longer than any of them reads."""
ERASING = (
    "An erased name's key still lies in the log of the records, as a program reads in "
    "it. It is tried again."
)
MAX_SEQ = 2**63 - 1
"""SQLite's largest integer: no event has this number."""
DEVICE = "device"
"""Who acts where no person does."""


def utc_now() -> datetime:
    """Return the device's clock."""
    return datetime.now(timezone.utc)


class Store:
    """The records in one folder; a context manager, safe to share between threads.

    Attributes:
        folder: Where they lie.
        pictures: The pictures of cells.
        device: Id of this device: the fingerprint of its public key.
        recovery: What became of a database that was damaged at opening, else None.
        damaged: Slides that a list left out as they cannot be trusted, each with why.
    """

    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        waits: bool = True,
        on_long_work: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the records, made where there are none.

        Args:
            folder: Where they lie.
            now: The clock.
            waits: Until the database was looked through; else that is done beside, and
                nothing can be written until then.
            on_long_work: Told before a damaged database is recovered, or an old one
                brought up to date; where it raises neither is done.

        Raises:
            RecordError: They cannot be read or were made by a newer program.
        """
        self.folder = folder
        self.pictures = Pictures(folder / PICTURES)
        self.damaged: dict[str, str] = {}
        self._head_trouble = ""
        self._has_erased = False
        self._folded = Folded()
        self._caretaker, self._connection, self.recovery = _opened(
            folder, now, waits, on_long_work
        )
        try:
            is_new = self._connection.execute("SELECT 1 FROM event").fetchone() is None
            keys = open_keys(folder / KEYS, may_make=is_new)
        except BaseException:
            self._caretaker.leave(self._connection)
            raise
        self.device = fingerprint(keys.device.public_key())
        self._head_file = HeadFile(folder / HEAD_NAME, keys.device.public_key())
        self._ledger = Ledger(
            self._connection,
            keys.device,
            now,
            on_damage=self._caretaker.give_up,
            on_end=self._keep_end,
        )
        self._identities = Identities(self._ledger, keys.identity)
        if self.recovery is not None:
            with self._ledger.writing() as connection:
                self._identities.find_anew(connection)
            self._ledger.sign_recovered()
            self.note("recovered", {"what": self.recovery.sentence}, DEVICE)
            self._head_file.replace(*self._ledger.signed_head())
        self._write_back()
        self._caretaker.look_after()

    def _write_back(self, within_s: float = WRITE_BACK_S) -> None:
        """Empty SQLite's log, unless somebody reads in it: the next time then.

        A log that is damaged takes everything in it along, and one that is not emptied
        still holds the key of whoever was erased.
        """
        with contextlib.suppress(RecordError):  # another writes, or the disk is full
            if self._ledger.write_back(within_s):
                self._has_erased = False

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database, once a copy that is being made is whole.

        Its log is written back by the last one who closes it.
        """
        self._write_back()
        self._caretaker.leave(self._connection)

    def _keep_end(self, end: Head, signature: bytes) -> None:
        """Keep a new end of the chain beside the database, which holds it already."""
        try:
            self._head_file.raise_to(end, signature)
            self._head_trouble = ""
        except OSError as err:
            self._head_trouble = f"The end of the records cannot be kept twice: {err}"

    @property
    def is_damaged(self) -> bool:
        """Whether the database was found damaged: close it, and open it again."""
        return self._caretaker.found is Found.DAMAGED

    @property
    def is_sound(self) -> bool:
        """Whether the database was looked through and is sound."""
        return self._caretaker.found is Found.SOUND

    @property
    def is_erasing(self) -> bool:
        """Whether the key of somebody who was erased still lies in SQLite's log.

        To ask is to try once more to empty it.
        """
        if self._has_erased:
            self._write_back(0.0)
        return self._has_erased

    @property
    def troubles(self) -> list[str]:
        """What is not as it should be with the database and its copy."""
        care, found = self._caretaker, self._caretaker.found
        known = [DAMAGED] if found is Found.DAMAGED else []
        known += [LOOKING] if found is Found.NOTHING else []
        erasing = ERASING if self.is_erasing else ""
        troubles = care.check_trouble, care.copy_trouble, self._head_trouble, erasing
        return [*filter(None, (*known, *troubles))]

    def require_sound(self) -> None:
        """Wait a little for the check of the database.

        Raises:
            RecordError: It is not done yet, or found damage.
        """
        self._caretaker.require_sound()

    def start_slide(self, set_up: SlideSetUp, by: str, *, key: str = "") -> str:
        """Start a slide and return its number, such as `0412`.

        Raises:
            OutputError: The disk is nearly full.
        """
        check_room(self.folder, ROOM_BYTES)
        with self._writing() as connection:
            if known := self._repeated(Kind.START, None, key):
                return known.slide
            slide = self._next_slide()
            body = {
                "sealed": self._identities.add(connection, slide, set_up.identity),
                "mode": set_up.mode,
                "domain": set_up.domain,
                "origin": asdict(set_up.origin),
                "details": set_up.details,
                "consents_to_training": set_up.consents_to_training,
                "n_readers": set_up.n_readers,
                "facts": facts_object(set_up.facts),
                "site": asdict(set_up.site) if set_up.site else None,
            }
            self._append(Kind.START, slide, body, by, key)
        self._caretaker.look_after()
        return slide

    def resume(self, slide: str, by: str, *, more: bool = False) -> None:
        """Go on counting after a stop; new cells get ids of a new run.

        Args:
            slide: The slide.
            by: Who goes on.
            more: Somebody asked for more cells of a count that is over.

        Raises:
            StepError: The count is over and nobody asked, or the result is signed.
        """
        with self._writing():
            self.require(slide, Action.COUNT_MORE if more else Action.RESUME)
            self._append(Kind.RESUME, slide, {}, by, "")

    def change_engine(self, slide: str, engine: str, why: str) -> None:
        """Record that cells are judged by another engine than so far.

        Args:
            slide: The slide.
            engine: The runtime and its version.
            why: It serves in the place of a faster one; "" where it does not.
        """
        self._do(Kind.ENGINE, slide, {"engine": engine, "why": why}, DEVICE)

    def change_segmenter(self, slide: str, segmenter: str, why: str) -> None:
        """Record that cells are found in another way than so far."""
        self._do(Kind.SEGMENTER, slide, {"segmenter": segmenter, "why": why}, DEVICE)

    def add_cells(
        self,
        slide: str,
        cells: Sequence[Cell],
        *,
        frames: Mapping[str, str],
        gone: Sequence[str] = (),
        fields: Mapping[int, FieldPicture] | None = None,
        is_counted: bool = True,
    ) -> None:
        """Keep cells with their calls, or what is newly known of them.

        Args:
            slide: The slide.
            cells: Each with its call. One whose id is known replaces what is known.
            frames: sha256 of each frame's pixels, by the frame's name.
            gone: Record ids of cells that turned out to be others seen twice.
            fields: Frames that were kept of cells, by the cell's number.
            is_counted: False for cells cut off by the edge of a separate field.
        """
        record = self.slide(slide)
        shown = fields or {}
        kept = [
            keep_cell(
                self.pictures, record, c, frames.get(c.best.frame, ""), shown.get(c.id)
            )
            for c in cells
        ]
        found = [cell_object(replace(c, is_counted=is_counted)) for c in kept]
        body = {"cells": found, "gone": list(gone)}
        self._do(Kind.CELLS, slide, body, DEVICE)

    def finish_count(
        self,
        slide: str,
        verdict: Verdict | Refusal,
        by: str,
        *,
        tally: Tally,
        quality: Sequence[Message] = (),
        doubts: Sequence[Doubt] = (),
        key: str = "",
    ) -> None:
        """End the count with the machine's verdict; the review follows.

        Args:
            slide: The slide.
            verdict: What the machine says, or why it says nothing.
            by: Who ended it.
            tally: What else was counted.
            quality: What of the device's quality is out of control.
            doubts: What is wrong with the pictures.
            key: Idempotency key.
        """
        body = {
            "outcome": outcome_object(outcome_of(verdict)),
            **asdict(tally),
            "quality": [plain(m) for m in quality],
            "doubts": [doubt_object(d) for d in doubts],
        }
        self._do(Kind.FINISH, slide, body, by, key)
        self._write_back()

    def judge_cell(
        self,
        slide: str,
        cell: str,
        word: Word,
        by: str,
        *,
        key: str,
        seen: int | None = None,
    ) -> None:
        """Keep a person's word on a cell.

        Args:
            slide: The slide.
            cell: The cell's id.
            word: What it is.
            by: Who says so.
            key: Idempotency key.
            seen: The version of the cell that was seen (`SlideRecord.seen_by`), None
                for a program that shows nobody anything.

        Raises:
            StepError: Somebody has called the cell since it was seen.
        """

        def refuses(record: SlideRecord) -> str:
            now = record.seen_by(by).get(cell, 0)
            return "" if seen in (None, now) else JUST_CALLED

        body = {"cell": cell, "word": word.value}
        self._do(Kind.JUDGE, slide, body, by, key, refuses)

    def settle_cell(
        self, slide: str, cell: str, word: Word, by: str, *, key: str
    ) -> None:
        """Keep a supervisor's word on a cell that two people have read.

        Raises:
            StepError: Two people have not read it, or this supervisor is one of them.
        """
        body = {"cell": cell, "word": word.value, "settles": True}

        def refuses(record: SlideRecord) -> str:
            words = [c.words for c in record.cells if c.id == cell]
            return OWN_DISPUTE if any(by in dict(w) for w in words) else ""

        self._do(Kind.JUDGE, slide, body, by, key, refuses)

    def add_missed(
        self, slide: str, missed: MissedCell, word: Word, by: str, *, key: str
    ) -> str:
        """Keep a cell that the machine missed and return its id."""
        view = self.pictures.keep(slide, missed.view)
        with self._writing():
            if known := self._repeated(Kind.MISSED, slide, key):
                return str(known.body["cell"]["id"])
            cell = CellRecord(
                id=f"m{self._next_missed(slide)}",
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
            body = {"cell": cell_object(cell), "word": word.value}
            self._append(Kind.MISSED, slide, body, by, key)
        return cell.id

    def undo(self, slide: str, by: str, *, key: str) -> None:
        """Take the last step of the review back; with two readers, one's own."""
        with self._writing():
            if self._repeated(Kind.UNDO, slide, key):
                return
            last = self.slide(slide).last_step(by)
            body = {"undoes": last.seq if last else 0}
            self._append(Kind.UNDO, slide, body, by, key)

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
            shown: Digest of what the signer saw (`records/digest.py`), None for a
                program that signs what it makes itself.
            comment: Kept encrypted, as it may name somebody.
            key: Idempotency key.

        Raises:
            StepError: Cells are still to be judged, the slide is not in review, or
                the signer saw another result.
        """
        with self._writing():
            if self._repeated(Kind.SIGN, slide, key) is None:
                record = self.require(slide, Action.SIGN)
                outcome = outcome_of(conclude(record))
                if shown not in (None, digest_of(record, outcome)):
                    raise StepError(CHANGED)
                body = {
                    "outcome": outcome_object(outcome),
                    "sealed_comment": self._identities.seal_text(slide, comment),
                }
                self._append(Kind.SIGN, slide, body, by, key)
        self._write_back()
        return self.slide(slide).signatures[-1]

    def amend(self, slide: str, why: str, by: str, *, key: str = "") -> None:
        """Open a signed slide for another version; the signed one stays.

        Args:
            slide: The slide.
            why: Stands on every copy of the new version. No names.
            by: Who opens it.
            key: Idempotency key.
        """
        with self._writing():
            if self._repeated(Kind.AMEND, slide, key) is None:
                self._append(Kind.AMEND, slide, self._why(slide, why), by, key)

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
        with self._writing():
            if self._repeated(Kind.VOID, slide, key) is None:
                self._append(Kind.VOID, slide, self._why(slide, why), by, key)

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
        with self._writing() as connection:
            if self._repeated(Kind.CORRECT, slide, key):
                return
            record, identity = self.slide(slide), self.identity(slide)
            changes = facts.changes(record, identity)
            if not changes:
                raise StepError(f"slide {slide}: all of this is so already")
            body = {
                "changes": [asdict(c) for c in changes],
                "facts": facts_object(facts.facts(record)),
                "scale": facts.scale(record),
                "sealed": "",
                **self._why(slide, why),
            }
            if any(c.what == "sample" for c in changes):
                new = Identity(
                    sample=facts.sample or "", name=identity.name if identity else ""
                )
                body["sealed"] = self._identities.change(connection, slide, new)
            self._append(Kind.CORRECT, slide, body, by, key)

    def _why(self, slide: str, why: str) -> dict[str, Any]:
        sealed = self._identities.seal_text(slide, why)
        return {"sealed_why": sealed, "names_nobody": True}

    def reason(self, slide: str, reason: Reason) -> str | None:
        """Return why something was done with a slide, None after erasure."""
        return self._identities.open_text(slide, reason.sealed)

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

    def set_consent(self, slide: str, by: str, *, consents: bool) -> None:
        """Keep whether the cells may train a model."""
        self._do(Kind.CONSENT, slide, {"consents": consents}, by)

    def erase(self, slide: str, why: str, by: str) -> None:
        """Destroy the key of whose blood it was; the medical facts stay.

        Args:
            slide: The slide.
            why: The ground, such as `request` or `retention`. No names.
            by: Who erases.
        """
        self.require_sound()
        for report in self.reports(slide):  # first: a name must not outlive its key
            report.unlink(missing_ok=True)
        with self._writing() as connection:
            self._identities.destroy(connection, slide)
            self._append(Kind.ERASE, slide, {"why": why}, by, "")
        self._has_erased = True
        self.keep_copy()
        self._write_back(ERASE_WITHIN_S)

    def drop_pictures(self, slide: str, by: str) -> None:
        """Take the pictures of a signed slide away."""
        self._do(Kind.DROP_PICTURES, slide, {}, by)
        self.pictures.drop(slide)

    def note_export(self, slide: str, what: str, sha256: str, by: str) -> None:
        """Keep that something left the device."""
        self._do(Kind.EXPORT, slide, {"what": what, "sha256": sha256}, by)

    def note(self, what: str, facts: Mapping[str, Any], by: str) -> None:
        """Keep something that happened to the device: a log-in, a quality slide."""
        self._do(Kind.NOTE, "", {"what": what, "facts": dict(facts)}, by)

    def slide(self, slide: str) -> SlideRecord:
        """Return a slide as it stands.

        Raises:
            StepError: There is no such slide.
        """
        record = self._fold_on(slide)
        if record is None:
            raise StepError(f"there is no slide {slide}")
        return record

    def slide_at(self, slide: str, seq: int) -> SlideRecord:
        """Return a slide as it stood after an event, such as an older signature."""
        return fold(e for e in self._ledger.events(slide) if e.seq <= seq)

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
                self.damaged[slide] = str(err)
            else:
                yield record

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

    def slides_of(self, sample: str) -> list[str]:
        """Return the numbers of the slides of a sample, the oldest first."""
        return self._identities.slides_of(sample)

    def pseudonym(self, slide: str) -> str:
        """Return what stands for a slide's sample on a copy that names nobody."""
        return self._identities.pseudonym(slide)

    def identity(self, slide: str) -> Identity | None:
        """Return whose blood a slide shows, None after erasure."""
        return self.identity_of(self.slide(slide))

    def identity_of(self, record: SlideRecord) -> Identity | None:
        """Return whose blood it is by a record, such as an older version's."""
        return self._identities.open_identity(record.id, record.sealed)

    def comment(self, slide: str, signature: Signature) -> str | None:
        """Return the comment of a signature, None after erasure."""
        return self._identities.open_text(slide, signature.sealed_comment)

    def archived_cells(self) -> Iterator[ArchivedCell]:
        """Yield every cell that a model judged and whose crops are still here."""
        for record in self.every_slide(oldest_first=True):
            yield from archived(self.pictures, record)

    def report_path(self, slide: str, version: int) -> Path:
        """Return where a version's report lies, its folder made."""
        folder = self.folder / "reports"
        make_folder(folder)
        return folder / f"{slide}-v{version}.pdf"

    def reports(self, slide: str) -> list[Path]:
        """Return the reports of a slide, the oldest version first."""
        return sorted((self.folder / "reports").glob(f"{slide}-v*.pdf"))

    def events(self, slide: str) -> list[Event]:
        """Return the events of a slide; an empty name gives the device's own."""
        return self._ledger.events(slide)

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

    def keep_copy(self) -> None:
        """Put a copy of the database beside it, for the day it is damaged.

        Raises:
            OSError: It cannot be written.
            RecordError: The database cannot be read, or is damaged.
        """
        self._caretaker.keep_copy()

    def end_copy(self) -> None:
        """Wait until what is done beside all other work is done."""
        self._caretaker.wait()

    def head(self) -> Head:
        """Return the end of the event chain."""
        return self._ledger.head()

    def event_of_code(self, code: str) -> int | None:
        """Return the number of the event that a report's audit code names."""
        return self._ledger.event_of_code(code)

    def verify_audit(self) -> list[Problem]:
        """Look for events, pictures and identities that are not what they were."""
        known = self._head_file.newest()
        problems = self._ledger.problems()
        if known is not None and not self._ledger.holds(known):
            problems.append(Problem(known.seq, "was written, and is not here"))
        if problems:
            return problems  # what cannot be trusted is not folded
        return [
            problem
            for record in self.every_slide()
            for problem in (
                *picture_problems(self.pictures, record),
                *self._identities.problems(record),
            )
        ]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self.require_sound()
        try:
            with self._ledger.writing() as connection:
                yield connection
        except BaseException:
            self._folded.forget()  # what was not written must not be remembered
            raise

    def _do(
        self,
        kind: Kind,
        slide: str,
        body: dict[str, Any],
        by: str,
        key: str = "",
        refuses: Callable[[SlideRecord], str] = lambda _: "",
    ) -> None:
        with self._writing():
            known = self._repeated(kind, slide, key)
            if known is None:
                if why := refuses(self.slide(slide)) if slide else "":
                    raise StepError(why)
                self._append(kind, slide, body, by, key)
            elif canonical(known.body) != canonical(body):
                raise StepError(f"the key {key} was used for other words")

    def _repeated(self, kind: Kind, slide: str | None, key: str) -> Event | None:
        """Return the event that a key made before, None where it is new.

        Raises:
            StepError: It made another step, or one of another slide.
        """
        known = self._ledger.known(key)
        if known is None:
            return None
        if known.kind != kind.value or slide not in (None, known.slide):
            raise StepError(f"the key {key} was used for another step")
        return known

    def _append(
        self, kind: Kind, slide: str, body: dict[str, Any], by: str, key: str
    ) -> None:
        """Write one event at the end of the chain, if the slide allows it."""
        event = self._ledger.next(kind.value, slide, body, by, key)
        if slide:
            try:
                record = self._fold_on(slide)
                if record is not None:
                    self.require(slide, action_of(kind, record.state))
                apply(record, event)
            except ValueError as err:
                raise StepError(str(err)) from err
        self._ledger.append(event)

    def _fold_on(self, slide: str) -> SlideRecord | None:
        """Fold what is new of a slide onto what was folded before."""
        record = self._folded.find(slide)
        new = self._ledger.events(slide, after=record.seq if record else 0)
        if not slide or (record is None and not new):
            return None
        record = fold(new, record)
        self._folded.keep(record)
        return record

    def _readable(self, rows: list[tuple[str]]) -> list[SlideRecord]:
        """Return the slides of a list: one that is damaged must not hide the others."""
        found = []
        for (slide,) in rows:
            try:
                found.append(self.slide(slide))
            except RecordError as err:
                self.damaged[slide] = str(err)
        return found

    def _next_slide(self) -> str:
        """Return a number that no slide had, one lost with a database included."""
        ((last,),) = self._ledger.rows(
            "SELECT coalesce(max(CAST(slide AS INTEGER)), 0) FROM event"
        )
        return f"{max(last, self.pictures.last_slide()) + 1:04d}"

    def _next_missed(self, slide: str) -> int:
        """Return a number that no missed cell had, one taken back included."""
        return 1 + sum(e.kind == Kind.MISSED for e in self._ledger.events(slide))


def open_store(
    folder: Path,
    *,
    waits: bool = True,
    on_long_work: Callable[[], None] = lambda: None,
) -> Store:
    """Open the records in a folder, made where there are none; see `Store`."""
    return Store(folder, waits=waits, on_long_work=on_long_work)


def _opened(
    folder: Path,
    now: Callable[[], datetime],
    waits: bool,
    on_long_work: Callable[[], None],
) -> tuple[Caretaker, sqlite3.Connection, Recovery | None]:
    path, copy = folder / DATABASE_NAME, folder / COPY_FOLDER / DATABASE_NAME

    def prepare() -> None:
        end_last_step(folder, FILES, (COPY_FOLDER, *FOLDERS))

    try:
        caretaker = Caretaker(path, copy, now, Witnesses(folder))
        try:
            opened = caretaker.open(prepare, waits=waits, on_long_work=on_long_work)
        except BaseException:
            caretaker.leave()
            raise
    except (sqlite3.Error, OSError) as err:
        raise RecordError(f"{path}: cannot be opened: {err}") from err
    return caretaker, *opened
