"""An update as one file: the same folder in a stored (uncompressed) zip.

Nothing is unpacked. Files are read by the names that signed metadata asks for, as from
a folder, so that a path that leads outside, a bomb or a name that stands there twice
means nothing: what is read is held against its signed hash like any other byte.
"""

import contextlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from leukoscope_edge.durable import open_plain
from leukoscope_edge.messages import message
from leukoscope_edge.updates.codes import Code, refused
from leukoscope_edge.updates.stick import (
    CHUNK_BYTES,
    METADATA,
    TARGETS,
    UPDATE_FOLDER,
    FolderStick,
    Stick,
)

SUFFIX = ".allbundle"
ZIP_NAME = f"leukoscope{SUFFIX}"
"""Its name on a stick; a stick is never listed."""
MAX_ENTRIES = 2_000
"""Far more than there will be roots; a directory of a million is not even read."""
MAX_DIRECTORY_BYTES = 1 << 20
END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
END_MARK, LARGE_MARK = b"PK\x05\x06", b"PK\x06\x07"
LARGE_BYTES = 20
"""A zip64 file has this long a mark before its end; its numbers may be of any size."""
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class ZipStick:
    """An opened `.allbundle`; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open the file and read its directory.

        Args:
            path: The `.allbundle`.

        Raises:
            UpdateError: U01, U03; there is none, or it cannot be read.
        """
        self.path = path
        try:
            self._file = open_plain(path, follows_links=False)
        except (OSError, ValueError) as err:
            raise refused(Code.NO_UPDATE, str(path)) from err
        try:
            _require_small_directory(self._file)
            self._zip = zipfile.ZipFile(self._file)
        except (OSError, *UNREADABLE) as err:
            self._file.close()
            raise refused(Code.DAMAGED, f"{path.name}: {err}") from err

    def __enter__(self) -> "ZipStick":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def holds(self, part: str, name: str) -> bool:
        """Return whether a file of that name is in the zip's directory."""
        return f"{UPDATE_FOLDER}/{part}/{name}" in self._zip.NameToInfo

    def read(self, part: str, name: str) -> Iterator[bytes]:
        """Yield the bytes of a stored file, a chunk at a time."""
        where = f"{part}/{name}"
        info = self._zip.NameToInfo.get(f"{UPDATE_FOLDER}/{where}")
        if info is None:
            raise refused(Code.INCOMPLETE, message("file-missing", file=where))
        if info.compress_type != zipfile.ZIP_STORED:
            raise refused(Code.DAMAGED, message("file-compressed", file=where))
        try:
            with self._zip.open(info) as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except (OSError, *UNREADABLE) as err:
            code = Code.DAMAGED if self.path.exists() else Code.PULLED
            found = message("file-unreadable-why", file=where, why=str(err))
            raise refused(code, found) from err


@contextmanager
def open_stick(path: Path) -> Iterator[Stick]:
    """Open a stick, its update folder, or an `.allbundle` on it or by itself.

    Raises:
        UpdateError: U01 or U03; there is no update.
    """
    single = path if path.suffix == SUFFIX else path / ZIP_NAME
    is_folder = (path / UPDATE_FOLDER).is_dir()
    with contextlib.ExitStack() as stack:
        if single.is_file() and not is_folder:
            yield stack.enter_context(ZipStick(single))
        else:
            yield stack.enter_context(FolderStick(path))


def holds_update(stick: Path) -> bool:
    """Say whether a stick seems to hold an update, as a folder or as one file."""
    with contextlib.suppress(OSError, ValueError):
        folder = stick / UPDATE_FOLDER
        return all((folder / p).is_dir() for p in (METADATA, TARGETS)) or (
            (stick / ZIP_NAME).is_file()
        )
    return False


def _require_small_directory(file: BinaryIO) -> None:
    """Refuse a zip whose directory alone would fill the memory.

    A comment after the directory is not allowed: we write none.

    Raises:
        BadZipFile: It is too large, or this is no zip of ours.
    """
    size = file.seek(0, 2)
    if size < LARGE_BYTES + END_OF_DIRECTORY.size:
        raise zipfile.BadZipFile("it is cut short")
    file.seek(size - END_OF_DIRECTORY.size - LARGE_BYTES)
    before = file.read(LARGE_BYTES)
    mark, *_, n_entries, n_bytes, _start, _comment = END_OF_DIRECTORY.unpack(
        file.read(END_OF_DIRECTORY.size)
    )
    if mark != END_MARK or before.startswith(LARGE_MARK):
        raise zipfile.BadZipFile("its end is not that of a plain zip")
    if n_entries > MAX_ENTRIES or n_bytes > MAX_DIRECTORY_BYTES:
        raise zipfile.BadZipFile(f"it lists {n_entries} files")
