"""Room on the disk: warn, then take no new slide, and let the running one end.

A ballast file keeps some room back. When the disk is nearly full it is given up, so
that a slide under way can still be finished, signed and written down.
"""

import contextlib
import os
import shutil
from enum import Enum
from pathlib import Path

BALLAST = "ballast"
BALLAST_BYTES = 64 << 20
"""Six slides' worth: far more than the end of one."""
BYTES_PER_SLIDE = 11_000_000
"""Measured: the pictures of a 240-cell simulated slide take 6 to 8 MB, the fields kept
around its suspects some 2.4 MB."""
WARN_SLIDES, REFUSE_SLIDES = 100, 10
"""A week of a busy clinic; and more than any slide that is under way can need."""
LAST_BYTES = 16 << 20
"""Below this the ballast is given up; a disk has it back above twice the ballast."""


class Room(Enum):
    """How much is left."""

    GOOD = "good"
    WARN = "nearly full"
    FULL = "full"


def room_left(free_bytes: int) -> Room:
    """Judge free room, the ballast not counted."""
    n_slides = free_bytes // BYTES_PER_SLIDE
    if n_slides < REFUSE_SLIDES:
        return Room.FULL
    return Room.WARN if n_slides < WARN_SLIDES else Room.GOOD


def free_bytes(folder: Path) -> int:
    """Return the free room on a folder's disk."""
    return shutil.disk_usage(folder).free


def keep_ballast(folder: Path) -> bool:
    """Make the ballast where there is room, give it up where there is none.

    Args:
        folder: Of the records.

    Returns:
        Whether it is there.
    """
    ballast, free = folder / BALLAST, free_bytes(folder)
    is_there = ballast.exists()
    if is_there and free < LAST_BYTES:
        ballast.unlink()
        return False
    if not is_there and free > 2 * BALLAST_BYTES + REFUSE_SLIDES * BYTES_PER_SLIDE:
        return _make(ballast)
    return is_there


def _make(ballast: Path) -> bool:
    """Take the room for real: a file of holes would keep nothing back."""
    try:
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
    except OSError:
        with contextlib.suppress(OSError):
            ballast.unlink(missing_ok=True)
        return False
    return True
