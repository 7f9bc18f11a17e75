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
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leukoscope_edge.durable import whole_file
from leukoscope_edge.errors import ConfigError

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it is 0700 and checked
ALLOW_S = 12.0
"""A turn of a loop may take so long: a camera answers in 4.5 s or is killed, and a GPU
that hangs gives way to the CPU within 9."""
OWNER_ONLY = 0o700
SPARE = "run"
"""In the folder of the records, where memory has no room."""
ROOM_BYTES = 16384
"""Of each file: figures of the health with thirty processes take a third of it."""
N_LOOKS = 3


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


def run_folder(data_dir: Path, memory: Path = MEMORY) -> Path:
    """Return where the service of some records keeps its beats; makes nothing.

    Args:
        data_dir: Of the records.
        memory: A folder in memory.
    """
    spare = data_dir / SPARE
    if os.path.isdir(spare) or not memory.is_dir():  # noqa: PTH112 - others ask too
        return spare
    whole = os.fsencode(data_dir.resolve())
    mark = hashlib.sha256(whole).hexdigest()[:12]
    return memory / f"leukoscope-{mark}"


def choose_run_folder(
    data_dir: Path, names: Iterable[str], memory: Path = MEMORY
) -> Path:
    """Make the folder of the beats and keep room in it: in memory, else on the disk.

    Whoever fills the memory's files (any program may) must not end the service, now or
    later.

    Args:
        data_dir: Of the records.
        names: Of the files that will be written.
        memory: A folder in memory.

    Raises:
        ConfigError: Neither can be made.
    """
    shutil.rmtree(data_dir / SPARE, ignore_errors=True)  # of a service that was killed
    folder = run_folder(data_dir, memory)
    try:
        make_run_folder(folder)
        _reserve(folder, names)
    except (OSError, ConfigError):
        if folder == data_dir / SPARE or _is_anothers(folder):
            raise
        folder = data_dir / SPARE
        make_run_folder(folder)
        _reserve(folder, names)
    return folder


def _is_anothers(folder: Path) -> bool:
    """Say whether somebody else took the folder's name: that is no lack of room."""
    return folder.is_symlink() or (folder.exists() and not _is_ours_alone(folder))


def _reserve(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        write_json(folder / name, {})


def make_run_folder(folder: Path) -> None:
    """Make the folder of the beats, for its owner alone.

    Raises:
        ConfigError: Somebody else made it first, or it cannot be made.
    """
    try:
        folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    except OSError as err:
        raise cannot_write(folder, err) from err
    if not _is_ours_alone(folder):
        raise ConfigError(f"{folder}: is not ours alone: remove it")


def cannot_write(folder: Path, err: OSError) -> ConfigError:
    """Return what to say where the folder of the beats cannot be written."""
    return ConfigError(
        f"{folder}: cannot be written ({err.strerror}): the service keeps what it is "
        f"doing there: make {folder.parent} writable"
    )


def _is_ours_alone(folder: Path) -> bool:
    found = folder.lstat()
    is_private = found.st_uid == os.getuid() and not found.st_mode & 0o077
    return is_private and not folder.is_symlink()


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a small file in memory at once; a folder that was lost is made anew.

    Each file is as long as any of them gets, so that one can be written over in its
    place where there is no room for another.

    Raises:
        OSError: It cannot be written, and there was none.
    """
    data = json.dumps(value).encode().ljust(ROOM_BYTES)
    try:
        _replace(path, data)
    except FileNotFoundError:
        make_run_folder(path.parent)
        _replace(path, data)
    except OSError:
        with path.open("rb+") as file:
            file.write(data)


def _replace(path: Path, data: bytes) -> None:
    with whole_file(path, is_synced=False) as file:
        file.write(data)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return what `write_json` wrote, None where there is nothing of the kind."""
    for _ in range(N_LOOKS):  # one that is written over in its place may be half
        with contextlib.suppress(OSError, ValueError, RecursionError):
            found = json.loads(path.read_bytes())
            return found if isinstance(found, dict) else None
    return None
