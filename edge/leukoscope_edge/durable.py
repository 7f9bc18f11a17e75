"""Files that are whole or absent, never half."""

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from leukoscope_edge.errors import OutputError
from leukoscope_edge.messages import message

PIECE_BYTES = 1 << 20
"""A year's database is 1.3 GB; a small board has that much memory for everything."""
NO_HOME = Path("/nonexistent")
"""Of a user without one, as Debian names it."""


class Reads(Protocol):
    """What gives bytes, none at its end."""

    def read(self, n: int, /) -> bytes:
        """Return the next bytes, at most so many."""


def prepare_folder(folder: Path, names: tuple[str, ...]) -> None:
    """Make a folder ready for results and take older results of ours away.

    A stale result beside a failed run could be read as the new one.

    Args:
        folder: Made where it is missing.
        names: The files that are going to be written.

    Raises:
        OutputError: It cannot be made or written to.
    """
    probe = folder / ".leukoscope-probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as err:
        raise OutputError(
            f"{folder}: cannot be written to ({err.strerror}): "
            "name another folder with --out"
        ) from err


def open_plain(path: Path, *, follows_links: bool = True) -> BinaryIO:
    """Open a plain file to read; never wait on a pipe.

    Args:
        path: The file.
        follows_links: False where somebody else may have laid a symbolic link.

    Raises:
        OSError: It is missing, unreadable, or something else than a plain file.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(path, flags if follows_links else flags | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return os.fdopen(handle, "rb")


def read_plain(path: Path, n_bytes: int = -1, *, follows_links: bool = True) -> bytes:
    """Return a plain file's bytes, or so many of them; see `open_plain`."""
    with open_plain(path, follows_links=follows_links) as file:
        return file.read(n_bytes)


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256, 64 lower-case hex digits; the file is read at once.

    Raises:
        OSError: It cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_room(folder: Path, needed_bytes: int) -> None:
    """Make sure that there is room for what is about to begin.

    Raises:
        OutputError: There is not.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        n, m = free_bytes >> 20, needed_bytes >> 20
        raise OutputError(message("no-room", path=str(folder), n=n, m=m))


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one thread of one process at a time do something in a folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder of results: two runs at once would mix what they write.

    Raises:
        OutputError: Another run holds it.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as err:
                raise OutputError(
                    f"{folder}: another run is writing its results there: name "
                    "another folder with --out"
                ) from err
        yield
    finally:
        os.close(handle)


def make_folder(folder: Path, *, mode: int = 0o700) -> None:
    """Make a folder and those above it, to survive a power cut.

    Args:
        folder: Where it goes.
        mode: Who may look into it; the owner alone where nothing is said.

    Raises:
        OSError: It cannot be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent, mode=mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file aside, sync it, rename it into place and sync its folder.

    Args:
        path: Where it goes.
        data: The whole of it.
        mode: Who may read it, from the first byte on.

    Raises:
        OutputError: It cannot be written; nothing is left at `path` then.
    """
    write_stream(path, io.BytesIO(data), mode=mode)


def write_stream(path: Path, source: Reads, *, mode: int = 0o644) -> None:
    """Do as `write_whole` with what a stream gives, and hold little of it in memory.

    Args:
        path: Where it goes.
        source: Read to its end.
        mode: Who may read it, from the first byte on.

    Raises:
        OutputError: It cannot be written; nothing is left at `path` then.
    """
    try:
        with whole_file(path, mode=mode) as file:
            while piece := source.read(PIECE_BYTES):
                file.write(piece)
    except OSError as err:
        why = str(err.strerror)
        raise OutputError(message("path-unwritable", path=str(path), why=why)) from err


@contextmanager
def whole_file(
    path: Path, *, mode: int = 0o644, is_synced: bool = True
) -> Iterator[BinaryIO]:
    """Open a file that takes its name only when it is whole and on the disk.

    Written aside, synced, renamed into place, its folder synced: after a power cut
    there is the old file or the new one. Where anything raises, the old one stays. Two
    who write the same file write one after the other.

    Args:
        path: Where it goes.
        mode: Who may read it, from the first byte on.
        is_synced: False for what lives in memory: whole, and gone after a power cut.

    Raises:
        OSError: It cannot be written.
    """
    aside = path.with_name(f".{path.name}.part")
    with os.fdopen(_open_alone(aside, mode), "w+b") as file:
        try:
            yield file
            file.flush()
            if is_synced:
                sync_file(file)
            aside.replace(path)  # before the next one may write into it
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
    if is_synced:
        sync_folder(path.parent)


def _open_alone(path: Path, mode: int) -> int:
    """Open a file to be written anew, once whoever writes it has done.

    Two that wrote it at once would rename it while the other's half was in it.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, mode)
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_named(path, handle):
                os.ftruncate(handle, 0)
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the other one has given it its name


def _is_named(path: Path, handle: int) -> bool:
    """Say whether an open file still has this name."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def sync(descriptor: int) -> None:
    """Wait until the disk holds what was written to an open file or folder."""
    os.fsync(descriptor)


def sync_file(file: BinaryIO) -> None:
    """Make what was written to an open file survive a power cut."""
    file.flush()
    sync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    _sync_path(folder, os.O_RDONLY | os.O_DIRECTORY)


def sync_tree(folder: Path) -> None:
    """Make every file and name below a folder survive a power cut.

    Others' libraries sync nothing: python-tuf left its files empty after a cut.
    """
    for inside, _, names in os.walk(folder, topdown=False):
        for name in names:
            if not Path(inside, name).is_symlink():
                _sync_path(Path(inside, name), os.O_RDONLY)
        sync_folder(Path(inside))


def _sync_path(path: Path, flags: int) -> None:
    handle = os.open(path, flags | os.O_CLOEXEC)
    try:
        sync(handle)
    finally:
        os.close(handle)


def move_folder(source: Path, target: Path) -> None:
    """Move a finished folder to its place, synced, over anything older of that name."""
    sync_tree(source)
    remove(target)
    source.rename(target)
    sync_folder(target.parent)


def remove(path: Path) -> None:
    """Take a file or a folder away, whatever it is; none is fine too."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def home() -> Path:
    """Return this user's home; for one without, as in a container, `NO_HOME`.

    There reading finds nothing, and writing says which folder it could not make.
    """
    try:
        return Path.home()
    except RuntimeError:
        return NO_HOME
