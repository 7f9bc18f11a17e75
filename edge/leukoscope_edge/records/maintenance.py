"""Looks after the database file, beside all other work: its check and its daily copy.

Whoever opens the records first has the database looked through; a device that serves
does not wait for it, everybody else does. Until it is done nothing is written. A
database that is found damaged in use is to be left by all; the first who is then alone
with it recovers it.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from leukoscope_edge.durable import make_folder, one_at_a_time, sync_folder
from leukoscope_edge.errors import RecordError, as_told
from leukoscope_edge.messages import Message, message
from leukoscope_edge.records.database import (
    BUSY_TIMEOUT_S,
    copy_database,
    is_sound,
    open_database,
)
from leukoscope_edge.records.integrity import POLL_S, Integrity, IntegrityCheck
from leukoscope_edge.records.recovery import Recovery, is_older, open_or_recover
from leukoscope_edge.records.witnesses import LAST_EVENT, Witnesses, read_only
from leukoscope_edge.service import yield_thread

COPY_EVERY_S = 24 * 3600.0
WAIT_S = 5.0
"""A step waits so long for the check: less than a page may stand still."""
LOOK_AGAIN_S = 5.0
NICENESS = 10
"""The check yields to whatever a person waits for."""
LOOKING = message("records-looking")
DAMAGED = message("records-damaged")


class Maintenance:
    """Looks after one database; safe to share between threads.

    Attributes:
        copy_trouble: Why the daily copy could not be made, None where it could.
        check_trouble: Why the database could not be looked through, likewise.
    """

    def __init__(
        self,
        path: Path,
        copy: Path,
        now: Callable[[], datetime],
        witnesses: Witnesses,
    ) -> None:
        """Take part, and open nothing yet.

        Args:
            path: The database; its folder is made where it is missing.
            copy: Where its copy lies.
            now: The clock.
            witnesses: What tells whether it is the database that was here.

        Raises:
            OSError: The folder cannot be written to.
        """
        self.copy_trouble: Message | None = None
        self.check_trouble: Message | None = None
        self._path, self._copy, self._now = path, copy, now
        self._witnesses = witnesses
        make_folder(path.parent)
        self._integrity = IntegrityCheck(path.parent)
        self._stops = threading.Event()
        self._thread: threading.Thread | None = None
        self._checking: sqlite3.Connection | None = None

    def open(
        self,
        prepare: Callable[[], object],
        *,
        waits: bool,
        may_recover: bool = True,
        on_long_work: Callable[[], None],
    ) -> tuple[sqlite3.Connection, Recovery | None]:
        """Open the database, recovered where it is damaged.

        Args:
            prepare: Done before all else by who is alone with the records.
            waits: Until it was looked through; else `look_after` does that.
            may_recover: Else a damaged one is refused, and stays as it is.
            on_long_work: Told before others are waited for, a recovery begins, or an
                old database is brought up to date.

        Raises:
            RecordError: It is damaged, and others have it open or it may not be
                recovered.
            sqlite3.Error: It cannot be opened.
            OSError: Likewise.
        """
        with one_at_a_time(self._path.parent):
            before = self._integrity.found
            if before is Integrity.DAMAGED:
                on_long_work()
            if self._integrity.enter():
                prepare()
                in_full = waits or before is Integrity.DAMAGED
                return self._open_alone(in_full, may_recover, on_long_work)
            connection = self._open_beside_others()
        if waits and self._look() is not Integrity.SOUND:
            connection.close()
            raise RecordError(DAMAGED)
        return connection, None

    def _open_alone(
        self, in_full: bool, may_recover: bool, on_long_work: Callable[[], None]
    ) -> tuple[sqlite3.Connection, Recovery | None]:
        told: list[bool] = []

        def is_long() -> None:
            on_long_work()
            told.append(True)  # what is brought up to date is looked through first

        connection, recovery = open_or_recover(
            self._path,
            self._copy,
            self._witnesses,
            in_full=in_full,
            may_recover=may_recover,
            on_long_work=is_long,
        )
        if in_full or told:
            self._integrity.say(Integrity.SOUND)
        return connection, recovery

    def _open_beside_others(self) -> sqlite3.Connection:
        try:
            if self._integrity.found is Integrity.DAMAGED:
                raise sqlite3.DatabaseError
            if not self._path.exists():  # connecting would make it anew
                raise sqlite3.DatabaseError
            known = self._witnesses.newest()
            connection = open_database(self._path, in_full=False)
            try:
                self._witnesses.check_end(connection, known)
            except BaseException:
                connection.close()
                raise
            return connection
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as err:
            self._integrity.say(Integrity.DAMAGED)
            raise RecordError(DAMAGED) from err

    @property
    def found(self) -> Integrity:
        """What is known of the database now."""
        return self._integrity.found

    @property
    def troubles(self) -> list[str | Message]:
        """What is not as it should be with the database and its copy."""
        known = {Integrity.DAMAGED: DAMAGED, Integrity.NOTHING: LOOKING}
        found = known.get(self.found)
        said = (found, self.check_trouble, self.copy_trouble)
        return [one for one in said if one]

    def require_sound(self, within_s: float = WAIT_S) -> None:
        """Let nothing be done before the database is known to be sound.

        Raises:
            RecordError: It is still being looked through after so long, or damaged.
        """
        until_s = time.monotonic() + within_s
        while (found := self.found) is Integrity.NOTHING and time.monotonic() < until_s:
            time.sleep(POLL_S)
        if found is not Integrity.SOUND:
            raise RecordError(DAMAGED if found is Integrity.DAMAGED else LOOKING)

    def give_up(self) -> None:
        """Let everybody leave the database, as it gave what SQLite cannot have written.

        The first who is then alone with it looks it through, and recovers it.
        """
        self._integrity.say(Integrity.DAMAGED)

    def look_after(self) -> None:
        """Have done what is due, beside all other work: the check and the copy."""
        is_at_it = self._thread is not None and self._thread.is_alive()
        if not is_at_it and (self.found is Integrity.NOTHING or self._copy_is_due()):
            self._thread = threading.Thread(
                target=self._do_what_is_due, daemon=True, name="maintenance"
            )
            self._thread.start()

    def _do_what_is_due(self) -> None:
        yield_thread(NICENESS)
        if self._look() is Integrity.SOUND and self._copy_is_due():
            self._try_copy()

    def _copy_is_due(self) -> bool:
        return is_older(self._copy, COPY_EVERY_S, self._now())

    def _look(self) -> Integrity:
        """Look the database through, or wait for who does, however long it takes."""
        while not self._stops.is_set():
            try:
                found = self._integrity.look(self._is_sound, self._stops)
            except (sqlite3.OperationalError, OSError) as err:
                self.check_trouble = message("records-not-looked", why=str(err))
                self._stops.wait(LOOK_AGAIN_S)
            else:
                self.check_trouble = None
                return found
        return Integrity.NOTHING

    def _is_sound(self) -> bool:
        with contextlib.closing(
            sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        ) as self._checking:
            return is_sound(self._checking)

    def _try_copy(self) -> None:
        try:
            self.keep_copy()
            self.copy_trouble = None
        except (OSError, sqlite3.Error, RecordError) as err:
            self.copy_trouble = message("no-copy-made", why=as_told(err))

    def keep_copy(self) -> None:
        """Put a copy of the database beside it, for the day it is damaged.

        Through a connection of its own: nobody waits for it but who asked. A copy that
        is damaged takes no other's place, and the database is looked through again.

        Raises:
            OSError: It cannot be written.
            RecordError: The database cannot be read, or is damaged.
        """
        make_folder(self._copy.parent)
        aside = self._copy.with_name(f".{self._copy.name}.part")
        with one_at_a_time(self._copy.parent):
            aside.unlink(missing_ok=True)
            try:
                copy_database(self._path, aside)
            except sqlite3.OperationalError as err:
                raise RecordError(message("not-copied", why=str(err))) from err
            except sqlite3.DatabaseError as err:
                if not self._is_sound():  # else only what came out is damaged
                    self.give_up()
                raise RecordError(message("not-copied", why=str(err))) from err
            self._require_all_of_copy(aside)
            aside.replace(self._copy)
            sync_folder(self._copy.parent)

    def _require_all_of_copy(self, newer: Path) -> None:
        """Let no copy be replaced by one that lacks its last event.

        Raises:
            RecordError: That would be so.
        """
        with contextlib.suppress(sqlite3.Error):
            with contextlib.closing(read_only(self._copy)) as before:
                row = before.execute(LAST_EVENT).fetchone()
            with contextlib.closing(read_only(newer)) as now:
                query = "SELECT seq, hash FROM event WHERE seq = ? AND hash = ?"
                if row is not None and now.execute(query, row).fetchone() is None:
                    raise RecordError(message("copy-ahead", n=row[0]))

    def wait(self) -> None:
        """Wait until what was due is done."""
        if self._thread is not None:
            self._thread.join()

    def leave(self, connection: sqlite3.Connection | None = None) -> None:
        """Take no part any more: a copy is ended first, a check given up.

        Args:
            connection: Closed before we let go: closing writes the journal back.
        """
        self._stops.set()
        while self._thread is not None and self._thread.is_alive():
            if self._checking is not None:
                with contextlib.suppress(sqlite3.ProgrammingError):  # just closed
                    self._checking.interrupt()
            self._thread.join(POLL_S)
        if connection is not None:
            connection.close()
        self._integrity.leave()
