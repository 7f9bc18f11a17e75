"""Writing that survives a power cut: nothing else in this room touches the disk.

A file is written aside, synced, renamed, and its folder is synced: after a cut there is
the old file or the new one, never half of one. python-tuf syncs nothing itself (a cut
left its files empty, measured), so `sync_tree` stands between it and every rename.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from leukoscope_edge.updates.codes import Code, refused

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def sync(descriptor: int) -> None:
    """Wait until the disk holds what was written to an open file or folder."""
    os.fsync(descriptor)


def sync_path(path: Path) -> None:
    """Wait until the disk holds a file's bytes, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until the disk holds every file and name below a folder."""
    for inside, _, names in os.walk(folder, topdown=False):
        for name in names:
            if not Path(inside, name).is_symlink():
                sync_path(Path(inside, name))
        sync_path(Path(inside))


def write(path: Path, data: bytes) -> None:
    """Replace a file's content at once and for good."""
    aside = path.with_name(f".{path.name}.part")
    try:
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            sync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    sync_path(path.parent)


def move_in(source: Path, target: Path) -> None:
    """Move a finished folder to its place, over anything older of that name."""
    sync_tree(source)
    remove(target)
    source.rename(target)
    sync_path(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder whose name survives a cut."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        sync_path(folder.parent)


def remove(path: Path) -> None:
    """Take a file or a folder away, whatever it is; none is fine too."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def own_disk() -> Iterator[None]:
    """Turn a failure of the device's own disk into U08 or U09.

    The stick's failures never come through here: its reader names them itself.
    """
    try:
        yield
    except OSError as err:
        where = f"{err.filename}: {err.strerror}" if err.filename else str(err.strerror)
        code = Code.NO_SPACE if err.errno in FULL else Code.DEVICE_DISK
        raise refused(code, where) from err
