"""The records of a device: one folder, one list of events, pictures beside it.

Everything that happens is an event (`events.py`); a slide is the fold of its
events (`slides/slide.py`). What a method acknowledges by returning is on the disk.
A method that is called again with the same `key` does nothing twice.

    DIR/records.sqlite     the events, the signed head, the wrapped keys of the records
    DIR/records.head       that head once more, in case the database loses its end
    DIR/pictures/SLIDE/    pictures by content
    DIR/keys/              the device's two secrets
    DIR/reports/           the signed reports
    DIR/copy/              a recent copy of the database on the same disk
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from leukoscope_edge.durable import (
    check_room,
    make_folder,
)
from leukoscope_edge.errors import RecordError, as_told
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import Message, message, plain
from leukoscope_edge.records.backups.restore_step import end_last_step
from leukoscope_edge.records.device_log import DEVICE, DeviceLog
from leukoscope_edge.records.event_writer import EventWriter
from leukoscope_edge.records.events import Problem
from leukoscope_edge.records.head_file import HEAD_NAME, HeadFile
from leukoscope_edge.records.identities import Identities
from leukoscope_edge.records.integrity import Integrity
from leukoscope_edge.records.keys import Keys, fingerprint, open_keys
from leukoscope_edge.records.ledger import Ledger
from leukoscope_edge.records.maintenance import Maintenance
from leukoscope_edge.records.pictures import Pictures
from leukoscope_edge.records.recovery import Recovery
from leukoscope_edge.records.slides.cell_archive import picture_problems
from leukoscope_edge.records.slides.count_writer import CountWriter
from leukoscope_edge.records.slides.review_writer import ReviewWriter
from leukoscope_edge.records.slides.slide import (
    Kind,
    SlideRecord,
    SlideSetUp,
)
from leukoscope_edge.records.slides.slide_reader import SlideReader
from leukoscope_edge.records.slides.worklist import Worklist
from leukoscope_edge.records.witnesses import COPY, KEYS, PICTURES, Witnesses

DATABASE_NAME = "records.sqlite"
COPY_FOLDER = COPY
FOLDERS = (KEYS, PICTURES, "reports")
FILES = (DATABASE_NAME, HEAD_NAME)
WRITE_BACK_S, ERASE_WITHIN_S = 0.25, 5.0
"""A signature waits so long for readers, an erasure longer than any of them reads."""
ROOM_BYTES = 200 << 20
"""About ten slides of 200 cells: a slide that was started can also be finished."""
ERASING = message("erasing")


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
        reader: How each slide stands.
        worklist: Finds slides.
        count: What the counting process writes.
        review: What people write.
        log: What the device writes of itself.
        ledger: The chain of events that all of them write to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        waits: bool = True,
        may_recover: bool = True,
        on_long_work: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the records, made where there are none.

        Args:
            folder: Where they lie.
            now: The clock.
            waits: Until the database was looked through; else that is done beside, and
                nothing can be written until then.
            may_recover: Else a damaged database is refused, and stays as it is.
            on_long_work: Told before a damaged database is recovered, or an old one
                brought up to date; where it raises neither is done.

        Raises:
            RecordError: They cannot be read, were made by a newer program, or are
                damaged and may not be recovered.
        """
        self.folder = folder
        self.pictures = Pictures(folder / PICTURES)
        self._has_erased = False
        self._maintenance, self._connection, self.recovery, keys = _opened(
            folder, now, waits, may_recover, on_long_work
        )
        self.device = fingerprint(keys.device.public_key())
        self._head_file = HeadFile(folder / HEAD_NAME, keys.device.public_key())
        self.ledger = Ledger(
            self._connection,
            keys.device,
            now,
            on_damage=self._maintenance.give_up,
            on_end=self._head_file.keep,
        )
        self._identities = Identities(self.ledger, keys.identity)
        self._assemble()
        if self.recovery is not None:
            self._tell_recovered(self.recovery)
        self._write_back()
        self._maintenance.look_after()

    def _tell_recovered(self, recovery: Recovery) -> None:
        with self.ledger.writing() as connection:
            self._identities.find_anew(connection)
        self.ledger.sign_recovered()
        said = {"what": recovery.sentence, "messages": [*map(plain, recovery.messages)]}
        self.log.note("recovered", said, DEVICE)
        self._head_file.replace(*self.ledger.signed_head())

    def _assemble(self) -> None:
        """Put reader, writers and log together."""
        ledger, identities, pictures = self.ledger, self._identities, self.pictures
        self.reader = SlideReader(ledger, identities, pictures)
        self.worklist = Worklist(ledger, identities, self.reader.readable)
        self._events = EventWriter(
            ledger, self.reader, self.worklist, self.require_sound
        )
        parts = self._events, self.reader, identities, pictures
        self.count = CountWriter(*parts, write_back=self._write_back)
        self.review = ReviewWriter(*parts, write_back=self._write_back)
        self.log = DeviceLog(self._events, ledger)

    def fill_worklist(self) -> None:
        """List what the worklist lacks, beside all other work."""
        self.worklist.fill(lambda: self.is_sound)

    def _write_back(self, within_s: float = WRITE_BACK_S) -> None:
        """Empty SQLite's log, unless somebody reads in it: the next time then.

        A log that is damaged takes everything in it along, and one that is not emptied
        still holds the key of whoever was erased.
        """
        with passing_over(
            RecordError, doing="emptying the log of the database"
        ):  # another writes, or the disk is full
            if self.ledger.write_back(within_s):
                self._has_erased = False

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database, once a copy that is being made is whole."""
        self.worklist.stop()
        self._write_back()
        self._maintenance.leave(self._connection)

    @property
    def is_damaged(self) -> bool:
        """Whether the database was found damaged: close it, and open it again."""
        return self._maintenance.found is Integrity.DAMAGED

    @property
    def is_sound(self) -> bool:
        """Whether the database was looked through and is sound."""
        return self._maintenance.found is Integrity.SOUND

    @property
    def is_erasing(self) -> bool:
        """Whether an erased key still lies in SQLite's log; to ask is to try again."""
        if self._has_erased:
            self._write_back(0.0)
        return self._has_erased

    @property
    def troubles(self) -> list[str | Message]:
        """What is not as it should be with the database and its copy."""
        more = self._head_file.trouble, ERASING if self.is_erasing else None
        return [*self._maintenance.troubles, *filter(None, more)]

    def start_slide(self, set_up: SlideSetUp, by: str, *, key: str = "") -> str:
        """Start a slide and return its number, such as `0412`.

        Raises:
            OutputError: The disk is nearly full.
        """
        check_room(self.folder, ROOM_BYTES)
        slide = self.count.start_slide(set_up, by, key=key)
        self._maintenance.look_after()
        return slide

    def require_sound(self) -> None:
        """Wait a little for the check of the database.

        Raises:
            RecordError: It is not done yet, or found damage.
        """
        self._maintenance.require_sound()

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
        with self._events.writing() as connection:
            self._identities.destroy(connection, slide)
            self._events.append(Kind.ERASE, slide, {"why": why}, by, "")
        self._has_erased = True
        self.keep_copy()
        self._write_back(ERASE_WITHIN_S)

    def report_path(self, slide: str, version: int) -> Path:
        """Return where a version's report lies, its folder made."""
        folder = self.folder / "reports"
        make_folder(folder)
        return folder / f"{slide}-v{version}.pdf"

    def reports(self, slide: str) -> list[Path]:
        """Return the reports of a slide, the oldest version first."""
        return sorted((self.folder / "reports").glob(f"{slide}-v*.pdf"))

    def keep_copy(self) -> None:
        """Put a copy of the database beside it, for the day it is damaged.

        Raises:
            OSError: It cannot be written.
            RecordError: The database cannot be read, or is damaged.
        """
        self._maintenance.keep_copy()

    def end_copy(self) -> None:
        """Wait until what is done beside all other work is done."""
        self._maintenance.wait()

    def verify_audit(self) -> list[Problem]:
        """Look for events, pictures and identities that are not what they were."""
        known = self._head_file.newest()
        problems = self.ledger.problems()
        if known is not None and not self.ledger.holds(known):
            problems.append(Problem(known.seq, "was written, and is not here"))
        # what cannot be trusted is not folded
        return problems or [
            p for r in self.reader.every_slide() for p in self._of_slide(r)
        ]

    def _of_slide(self, record: SlideRecord) -> Iterator[Problem]:
        yield from picture_problems(self.pictures, record)
        of_identity = list(self._identities.problems(record))
        yield from of_identity or self.worklist.problems(record)


def open_store(
    folder: Path,
    *,
    waits: bool = True,
    may_recover: bool = True,
    on_long_work: Callable[[], None] = lambda: None,
) -> Store:
    """Open the records in a folder, made where there are none; see `Store`."""
    return Store(
        folder, waits=waits, may_recover=may_recover, on_long_work=on_long_work
    )


def _keys_of(folder: Path, connection: sqlite3.Connection) -> Keys:
    """Open the device's keys, made only where nothing was ever written."""
    is_new = connection.execute("SELECT 1 FROM event").fetchone() is None
    return open_keys(folder / KEYS, may_make=is_new)


def _opened(
    folder: Path,
    now: Callable[[], datetime],
    waits: bool,
    may_recover: bool,
    on_long_work: Callable[[], None],
) -> tuple[Maintenance, sqlite3.Connection, Recovery | None, Keys]:
    path, copy = folder / DATABASE_NAME, folder / COPY_FOLDER / DATABASE_NAME

    def prepare() -> None:
        end_last_step(folder, FILES, (COPY_FOLDER, *FOLDERS))

    try:
        maintenance = Maintenance(path, copy, now, Witnesses(folder))
        try:
            connection, recovery = maintenance.open(
                prepare,
                waits=waits,
                may_recover=may_recover,
                on_long_work=on_long_work,
            )
        except BaseException:
            maintenance.leave()
            raise
    except (sqlite3.Error, OSError) as err:
        raise RecordError(_why_closed(path, err)) from err
    try:
        keys = _keys_of(folder, connection)
    except BaseException:
        maintenance.leave(connection)
        raise
    return maintenance, connection, recovery, keys


def _why_closed(path: Path, error: Exception) -> Message:
    """Return why the records cannot be opened; SQLite itself does not say."""
    try:
        if not isinstance(error, OSError):
            os.close(os.open(path, os.O_RDWR))
    except OSError as err:
        error = err
    why = as_told(error)
    if isinstance(error, OSError) and error.filename:
        return message("not-opened", why=why)
    return message("path-not-opened", path=str(path), why=why)
