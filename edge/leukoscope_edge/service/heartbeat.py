"""Heartbeats: each process says how much work it has done, and when it will be back.

A beat is a small JSON file in memory (`/dev/shm`), replaced whole. It is written by the
loop that does the work, never by a timer beside it, so that a loop that stands still is
seen. Times are of the monotonic clock, which all processes share: setting the clock
ends nobody.
"""

import contextlib
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leukoscope_edge.errors import ConfigError

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it is 0700 and checked
ALLOW_S = 12.0
"""A turn of a loop may take so long: a camera answers in 4.5 s or is killed, and a GPU
that hangs gives way to the CPU within 9."""
OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a process said last.

    Attributes:
        pid: Its number.
        n_done: Turns of its loop, or frames: work done.
        at_s: When, monotonic.
        due_s: When the next beat is due, monotonic.
        facts: Plain values for the health page; no patient is named in them.
    """

    pid: int
    n_done: int
    at_s: float
    due_s: float
    facts: dict[str, Any]


class Pulse:
    """A process's own end: say that a piece of work is done."""

    def __init__(self, folder: Path, name: str) -> None:
        """Begin; nothing is said yet.

        Args:
            folder: Of all beats.
            name: The process's.
        """
        self._path, self._n_done = folder / f"{name}.json", 0

    def beat(self, *, allow_s: float = ALLOW_S, **facts: Any) -> None:
        """Say that a turn is done and how long the next may take."""
        self._n_done += 1
        now_s = time.monotonic()
        text = {
            "pid": os.getpid(),
            "n_done": self._n_done,
            "at_s": now_s,
            "due_s": now_s + allow_s,
            "facts": facts,
        }
        write_json(self._path, text)


class NoPulse:
    """In the place of a pulse where nobody listens."""

    def beat(self, *, allow_s: float = ALLOW_S, **facts: Any) -> None:
        """Say nothing."""


def read_beat(folder: Path, name: str) -> Beat | None:
    """Return a process's last beat, None where there is none."""
    found = read_json(folder / f"{name}.json")
    return Beat(**found) if found else None


def run_folder(data_dir: Path) -> Path:
    """Return where the service of some records keeps its beats; makes nothing."""
    whole = os.fsencode(data_dir.resolve())
    mark = hashlib.sha256(whole).hexdigest()[:12]
    return MEMORY / f"leukoscope-{mark}" if MEMORY.is_dir() else data_dir / "run"


def make_run_folder(folder: Path) -> None:
    """Make the folder of the beats, for its owner alone.

    Raises:
        ConfigError: Somebody else made it first, or it cannot be made.
    """
    try:
        folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    except OSError as err:
        raise cannot_write(folder, err) from err
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ConfigError(f"{folder}: is not ours alone: remove it")


def cannot_write(folder: Path, err: OSError) -> ConfigError:
    """Return what to say where the folder of the beats cannot be written."""
    return ConfigError(
        f"{folder}: cannot be written ({err.strerror}): the service keeps what it is "
        f"doing there: make {folder.parent} writable"
    )


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a small file in memory at once; a folder that was lost is made anew."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(value)
    try:
        aside.write_text(text)
    except FileNotFoundError:
        make_run_folder(path.parent)
        aside.write_text(text)
    aside.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return what `write_json` wrote, None where there is nothing of the kind."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        return found if isinstance(found, dict) else None
    return None
