"""A new file on a stick: written aside, synced, then given its name.

Everything lies in one folder of the stick, `leukoscope/`. Nothing that is there is ever
replaced: a file of the same name is given a number. No link on the stick is followed,
since the helper that uses this runs as root.
"""

import contextlib
import errno
import fcntl
import itertools
import os
from pathlib import Path, PurePath
from typing import Protocol

from leukoscope_edge.errors import OutputError
from leukoscope_edge.messages import message

FOLDER = "leukoscope"
PART_SUFFIX = ".part"
READ_ONLY_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW

TAKEN_OUT = message("stick-taken-out")
WORDS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), message("stick-full")),
    **dict.fromkeys((errno.EFBIG,), message("stick-file-large")),
    **dict.fromkeys(
        (errno.EROFS, errno.EACCES, errno.EPERM), message("stick-protected")
    ),
    **dict.fromkeys((errno.ENOTDIR, errno.ELOOP), message("stick-no-folder")),
    **dict.fromkeys(
        (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ESTALE), TAKEN_OUT
    ),
}
"""What is wrong with a stick, by the kernel's error."""


class StickFile(Protocol):
    """A file on its way to a stick; a context manager that leaves it whole or not."""

    def write(self, data: bytes) -> int:
        """Take more bytes.

        Raises:
            OutputError: The stick does not take them.
        """
        ...

    def keep(self) -> str:
        """Say that it is whole; return its place on the stick.

        Raises:
            OutputError: The stick does not take it.
        """
        ...

    def __enter__(self) -> "StickFile": ...

    def __exit__(self, *_: object) -> None: ...


def in_words(error: OSError) -> OutputError:
    """Return what is wrong with a stick, in one sentence."""
    other = message("stick-unwritable", why=str(error.strerror or error))
    return OutputError(WORDS.get(error.errno or 0, other))


class NewFile:
    """A `StickFile` on a stick that we may write to ourselves."""

    def __init__(self, stick: Path, name: str) -> None:
        """Open it aside; what a cut left of earlier ones goes.

        Args:
            stick: Where the stick is mounted, writable.
            name: Of the file, without a folder.

        Raises:
            OutputError: The stick does not take it.
        """
        if not name or name != PurePath(name).name or name.startswith("."):
            raise OutputError(f"{name!r} is no name for a file on a stick")
        self._name, self._part = name, f".{name}{PART_SUFFIX}"
        self._folder = self._file = -1
        try:
            self._folder = _open_folder(stick)
            fcntl.flock(self._folder, fcntl.LOCK_EX)  # one new file at a time
            _take_parts_away(self._folder)
            self._file = os.open(self._part, NEW_FILE, 0o644, dir_fd=self._folder)
        except OSError as err:
            self._leave()
            raise in_words(err) from err

    def __enter__(self) -> "NewFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def write(self, data: bytes) -> int:
        """Take more bytes; as `StickFile`."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as err:
            raise in_words(err) from err
        return len(data)

    def keep(self) -> str:
        """Give it its name, for good; as `StickFile`."""
        try:
            os.fsync(self._file)
            name = _unused(self._folder, self._name)
            os.rename(
                self._part, name, src_dir_fd=self._folder, dst_dir_fd=self._folder
            )
            os.fsync(self._folder)
        except OSError as err:
            raise in_words(err) from err
        return f"{FOLDER}/{name}"

    def _leave(self) -> None:
        """Close everything; without its name it is taken away."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)
        if self._folder >= 0:
            with contextlib.suppress(OSError):
                os.unlink(self._part, dir_fd=self._folder)
            os.close(self._folder)
        self._file = self._folder = -1


def _open_folder(stick: Path) -> int:
    root = os.open(stick, READ_ONLY_FOLDER)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(FOLDER, 0o755, dir_fd=root)
        return os.open(FOLDER, READ_ONLY_FOLDER, dir_fd=root)
    finally:
        os.close(root)


def _take_parts_away(folder: int) -> None:
    for name in os.listdir(folder):
        if name.startswith(".") and name.endswith(PART_SUFFIX):
            os.unlink(name, dir_fd=folder)


def _unused(folder: int, name: str) -> str:
    """Return a name that the folder does not have, with a number where it must be."""
    stem, dot, kind = name.partition(".")
    named = (f"{stem}-{n}{dot}{kind}" for n in itertools.count(2))
    own = itertools.chain([name], named)
    return next(one for one in own if not _is_there(folder, one))


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
