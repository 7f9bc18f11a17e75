"""Reading a stick that may be damaged, hostile, or gone the next moment.

Nothing here lists a folder: files are opened by the names that signed metadata asks
for, below two folders that were opened once, so a million strange files cost nothing
and no name leads outside. Only plain files are read; links, pipes and devices are not
followed. Every byte is read once, into the device, and verified there: a stick that
changes between check and use changes nothing.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from leukoscope_edge.messages import message
from leukoscope_edge.updates.codes import Code, refused

UPDATE_FOLDER = "LEUKOSCOPE-UPDATE"
METADATA, TARGETS = "metadata", "targets"
CHUNK_BYTES = 1 << 20
OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Stick(Protocol):
    """Where an update comes from."""

    def holds(self, part: str, name: str) -> bool:
        """Return whether a file of that name seems to be there."""
        ...

    def read(self, part: str, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file in METADATA or TARGETS.

        Raises:
            UpdateError: U02, U03 or U14; it is missing, unreadable, or the stick left.
        """
        ...


class FolderStick:
    """A mounted stick, or a folder that holds what a stick would; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open the update's folders.

        Args:
            path: The LEUKOSCOPE-UPDATE folder, or the folder that it lies in.

        Raises:
            UpdateError: U01; there is no update.
        """
        inside = path / UPDATE_FOLDER
        self.folder = inside if inside.is_dir() else path
        self._folders: dict[str, int] = {}
        try:
            for part in (METADATA, TARGETS):
                self._folders[part] = os.open(self.folder / part, OPEN_FOLDER)
        except (OSError, ValueError) as err:
            self.close()
            raise refused(Code.NO_UPDATE, str(path)) from err

    def __enter__(self) -> "FolderStick":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the stick, so that it can be taken out."""
        while self._folders:
            os.close(self._folders.popitem()[1])

    def holds(self, part: str, name: str) -> bool:
        """Return whether a file of that name seems to be there."""
        with contextlib.suppress(OSError, ValueError):
            os.stat(name, dir_fd=self._folders[part], follow_symlinks=False)
            return True
        return False

    def read(self, part: str, name: str) -> Iterator[bytes]:
        """Yield the bytes of a plain file, a chunk at a time."""
        if "/" in name or name in ("", ".", ".."):
            raise refused(Code.FOREIGN, message("file-asked-for", file=repr(name)))
        try:
            descriptor = os.open(name, OPEN_FILE, dir_fd=self._folders[part])
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    found = message("file-not-plain", file=f"{part}/{name}")
                    raise refused(Code.DAMAGED, found)
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except (OSError, ValueError) as err:
            raise self._failure(err, f"{part}/{name}") from err

    def _failure(self, err: OSError | ValueError, where: str) -> Exception:
        if not self._is_there():
            return refused(Code.PULLED, where)
        if isinstance(err, FileNotFoundError):
            return refused(Code.INCOMPLETE, message("file-missing", file=where))
        reason = err.strerror if isinstance(err, OSError) else str(err)
        found = message("file-unreadable-why", file=where, why=str(reason))
        return refused(Code.DAMAGED, found)

    def _is_there(self) -> bool:
        with contextlib.suppress(OSError):
            return stat.S_ISDIR((self.folder / METADATA).stat().st_mode)
        return False
