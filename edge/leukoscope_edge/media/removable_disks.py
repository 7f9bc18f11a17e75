"""Where sticks are: mounted removable disks, and the folders that a profile names.

What goes on a stick goes into its folder `leukoscope/`. A device's own rule mounts
sticks read only, and there a helper writes (`leukoscope_edge.media.root_helper`).
"""

import os
from itertools import islice
from pathlib import Path

from leukoscope_edge.errors import OutputError
from leukoscope_edge.media.helper_client import SentFile
from leukoscope_edge.media.new_file import FOLDER, NewFile, StickFile
from leukoscope_edge.media.root_helper import SOCKET, STICKS
from leukoscope_edge.messages import message
from leukoscope_edge.profile import Profile
from leukoscope_edge.records.backups import SUFFIX

MOUNTS = Path("/proc/self/mounts")
STICK_ROOTS = (Path("/media"), Path("/run/media"), STICKS)
"""Where desktops mount removable disks, and where our own udev rule does."""
MAX_ENTRIES = 10_000

READ_ONLY = message("stick-read-only")


def sticks(mounts: Path = MOUNTS) -> list[Path]:
    """Return the mounted removable disks.

    Args:
        mounts: The kernel's table; a space in it is written in octal.
    """
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    points = (Path(line.split()[1].replace("\\040", " ")) for line in lines)
    return sorted({p for p in points if any(r in p.parents for r in STICK_ROOTS)})


def sticks_of(profile: Profile) -> list[Path]:
    """Return the sticks that are plugged in, those that a profile names last."""
    named = [Path(p) for p in profile.sticks if Path(p).is_dir()]
    return [*sticks(), *named]


def writable_sticks_of(profile: Profile) -> list[Path]:
    """Return the sticks that can be written, by ourselves or by the helper."""
    return [p for p in sticks_of(profile) if _may_write(p)]


def _may_write(stick: Path) -> bool:
    return SOCKET.is_socket() if _is_own(stick) else os.access(stick, os.W_OK)


def _is_own(stick: Path) -> bool:
    return STICKS in stick.parents


def new_file_on(profile: Profile, name: str, file: str) -> StickFile:
    """Begin a new file on a stick.

    Args:
        profile: The device.
        name: What the page calls the stick.
        file: The new file's name.

    Raises:
        OutputError: There is no such stick, or it cannot be written.
    """
    stick = stick_to_write(profile, name)
    return SentFile(stick.name, file) if _is_own(stick) else NewFile(stick, file)


def backups_on(stick: Path) -> list[str]:
    """Return the places of the backups on a stick, the newest last.

    They lie in its own folder, or beside it where a person put them. A stick with very
    many files is not read to its end.
    """
    return _backups_in(stick, "") + _backups_in(stick / FOLDER, f"{FOLDER}/")


def _backups_in(folder: Path, before: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            seen = [e.name for e in islice(entries, MAX_ENTRIES)]
    except OSError:
        return []
    whole = (n for n in seen if n.endswith(SUFFIX) and not n.startswith("."))
    return sorted(f"{before}{n}" for n in whole)


def stick_named(profile: Profile, name: str) -> Path:
    """Return a plugged-in stick by what the page calls it.

    Raises:
        OutputError: There is none; a page cannot ask for any other folder.
    """
    found = [p for p in sticks_of(profile) if str(p) == name]
    if not found:
        raise OutputError(message("no-such-stick", path=name))
    return found[0]


def stick_to_write(profile: Profile, name: str) -> Path:
    """Return a plugged-in stick that can be written, by what the page calls it.

    Raises:
        OutputError: There is none, or it is mounted read only.
    """
    stick = stick_named(profile, name)
    if stick not in writable_sticks_of(profile):
        raise OutputError(READ_ONLY)
    return stick
