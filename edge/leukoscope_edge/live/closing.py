"""Keeping the records closed while they are put back from a backup.

The page says so by a file beside the beats; the counting process, started anew
meanwhile, opens nothing until it is gone.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leukoscope_edge.errors import RecordError
from leukoscope_edge.log import passing_over
from leukoscope_edge.records import DATABASE_NAME, check_unused
from leukoscope_edge.service import run_folder

CLOSED = "records-closed"
LEAVE_WITHIN_S, POLL_S = 20.0, 0.1
"""A counting process that was told to leave has gone by then."""


def keep_closed(data_dir: Path) -> None:
    """Let nobody open the records from here on."""
    (run_folder(data_dir) / CLOSED).touch()


def is_closed(data_dir: Path) -> bool:
    """Say whether the records are to stay closed."""
    return (run_folder(data_dir) / CLOSED).exists()


@contextmanager
def closed(data_dir: Path) -> Iterator[None]:
    """Have the records to ourselves, once the others have let go of them."""
    keep_closed(data_dir)
    try:
        until_s = time.monotonic() + LEAVE_WITHIN_S
        while _is_used(data_dir / DATABASE_NAME) and time.monotonic() < until_s:
            time.sleep(POLL_S)
        yield
    finally:
        open_again(data_dir)


def open_again(data_dir: Path) -> None:
    """Take the mark away, also one that a stop left."""
    (run_folder(data_dir) / CLOSED).unlink(missing_ok=True)


def _is_used(database: Path) -> bool:
    with passing_over(RecordError, doing="looking whether the records are in use"):
        check_unused(database)
        return False
    return True
