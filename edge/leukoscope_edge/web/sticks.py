"""Where sticks are: mounted removable disks, and the folders that a profile names."""

import os
from itertools import islice
from pathlib import Path

from leukoscope_edge.errors import OutputError
from leukoscope_edge.profile import Profile
from leukoscope_edge.records.backup import SUFFIX

MOUNTS = Path("/proc/self/mounts")
STICK_ROOTS = (Path("/media"), Path("/run/media"))
"""Where desktops mount removable disks."""
MAX_ENTRIES = 10_000
OWN_MOUNT = Path("/run/leukoscope-stick")
"""Where our own udev rule mounts a stick, read only."""

READ_ONLY = (
    "The stick can only be read: this device mounts sticks read only, so that nothing "
    "on one can harm it."
)


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
    own = [OWN_MOUNT] if os.path.ismount(OWN_MOUNT) else []
    named = [Path(p) for p in profile.sticks if Path(p).is_dir()]
    return [*own, *sticks(), *named]


def writable_sticks_of(profile: Profile) -> list[Path]:
    """Return the sticks that can be written: not our own mount, which is read only."""
    return [p for p in sticks_of(profile) if os.access(p, os.W_OK)]


def backups_on(stick: Path) -> list[str]:
    """Return the names of the backups on a stick, the newest last.

    A stick with very many files is not read to its end.
    """
    try:
        with os.scandir(stick) as entries:
            seen = islice(entries, MAX_ENTRIES)
            return sorted(e.name for e in seen if e.name.endswith(SUFFIX))
    except OSError:
        return []


def stick_named(profile: Profile, name: str) -> Path:
    """Return a plugged-in stick by what the page calls it.

    Raises:
        OutputError: There is none; a page cannot ask for any other folder.
    """
    found = [p for p in sticks_of(profile) if str(p) == name]
    if not found:
        raise OutputError(f"{name}: no such stick; plug it in again")
    return found[0]


def stick_to_write(profile: Profile, name: str) -> Path:
    """Return a plugged-in stick that can be written, by what the page calls it.

    Raises:
        OutputError: There is none, or it is mounted read only.
    """
    stick = stick_named(profile, name)
    if stick not in writable_sticks_of(profile):
        raise OutputError(f"{name}: {READ_ONLY}")
    return stick
