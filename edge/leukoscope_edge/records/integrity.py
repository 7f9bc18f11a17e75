"""Whether the database was looked through since the first who has it open opened it.

SQLite reads a whole file to check it: a second a gigabyte in the kernel's memory, a
quarter of a minute from a card. So it is done once for all who have the records open,
and nobody writes before it is done. What was found is one byte in a file; the kernel's
locks say who is there, and let go of whoever dies.

    DIR/.records-open     held by all who have the records open; the byte is in it
    DIR/.records-check    held by who looks the database through
"""

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Callable
from enum import Enum
from pathlib import Path

OPEN_FILE, CHECK_FILE = ".records-open", ".records-check"
LOCK_FILES = (OPEN_FILE, CHECK_FILE)
POLL_S = 0.02
LEAVE_WITHIN_S = 20.0
"""A page or a count that was told to leave a damaged database has gone by then."""


class Integrity(bytes, Enum):
    """What is known of the database."""

    NOTHING = b"?"
    SOUND = b"+"
    DAMAGED = b"-"


def take_lock(handle: int) -> bool:
    """Take a file's lock if nobody else has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class IntegrityCheck:
    """One opening's part in it."""

    def __init__(
        self,
        folder: Path,
        *,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        take: Callable[[int], bool] = take_lock,
    ) -> None:
        """Take no part yet.

        Args:
            folder: Of the database; it is there.
            now_s: The clock, monotonic.
            sleep: Waits so many seconds.
            take: Takes the lock of an open file; False where another has it.

        Raises:
            OSError: The files cannot be made.
        """
        self._now_s, self._sleep, self._take = now_s, sleep, take
        self._open = _opened(folder / OPEN_FILE)
        self._check_path = folder / CHECK_FILE
        self._close = weakref.finalize(self, os.close, self._open)
        self._lock = threading.Lock()  # a number that was let go of is soon another's

    def enter(self) -> bool:
        """Be one of those who have the records open; say whether nobody else has.

        To be called by one at a time. Where the database is known to be damaged the
        others are on their way out, and are waited for.
        """
        until_s = self._now_s() + LEAVE_WITHIN_S
        is_alone = self._take(self._open)
        while not is_alone and self.found is Integrity.DAMAGED:
            if self._now_s() > until_s:
                break
            self._sleep(POLL_S)
            is_alone = self._take(self._open)
        if is_alone:
            self.say(Integrity.NOTHING)
        fcntl.flock(self._open, fcntl.LOCK_SH)
        return is_alone

    def leave(self) -> None:
        """Be none of them any more."""
        with self._lock:
            self._close()

    @property
    def found(self) -> Integrity:
        """What is known now; nothing once we left."""
        with self._lock:
            byte = os.pread(self._open, 1, 0) if self._close.alive else b""
        return Integrity(byte) if byte in tuple(Integrity) else Integrity.NOTHING

    def say(self, found: Integrity) -> None:
        """Let everybody know what was found, unless we left."""
        with self._lock:
            if self._close.alive:
                os.pwrite(self._open, found, 0)

    def look(self, is_sound: Callable[[], bool], stops: threading.Event) -> Integrity:
        """Look the database through, or wait for who is at it.

        Args:
            is_sound: Looks; True where all is as it should be.
            stops: Gives up where it is set; it is looked through another time.

        Returns:
            What is known then.
        """
        turn = _opened(self._check_path)
        try:
            while self.found is Integrity.NOTHING and not stops.is_set():
                if not self._take(turn):
                    stops.wait(POLL_S)
                elif self.found is Integrity.NOTHING:  # and not just found by another
                    self._look_alone(is_sound)
        finally:
            os.close(turn)
        return self.found

    def _look_alone(self, is_sound: Callable[[], bool]) -> None:
        if not is_sound():
            self.say(Integrity.DAMAGED)
        elif self.found is Integrity.NOTHING:  # and no reader met damage meanwhile
            self.say(Integrity.SOUND)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
