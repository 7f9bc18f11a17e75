"""The one program that writes to a device's sticks, as root; one file at a time.

systemd starts it for each connection to `leukoscope-to-stick.socket`, which only the
service may open. It has a mount namespace of its own: sticks are mounted read only,
and it makes its own view of one stick writable, for as long as one file takes. Nobody
else's view changes. It takes no path, only the name of a plugged-in stick and of a new
file.

    the service  {"stick": "sdb1", "name": "report.pdf"} and a line's end, then pieces,
                 each with its length before it (4 bytes, big end first); a length of 0
                 says that the file is whole
    the helper   {"kept": "leukoscope/report.pdf"} or {"trouble": MESSAGE}: its id and
                 params, or one sentence

Source: mount(2), systemd.socket(5).
"""

import contextlib
import ctypes
import fcntl
import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from leukoscope_edge.errors import OutputError, as_told
from leukoscope_edge.log import start_log
from leukoscope_edge.media.new_file import (
    READ_ONLY_FOLDER,
    TAKEN_OUT,
    NewFile,
    in_words,
)
from leukoscope_edge.messages import message, told_plain

STICKS = Path("/run/leukoscope-stick")
"""Where `leukoscope-stick@.service` mounts each stick."""
SOCKET = Path("/run/leukoscope-to-stick.socket")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
"""What every file system of a stick takes, and no path."""
STICK = re.compile(r"[a-z0-9]{1,32}")
MAX_HEAD_BYTES, MAX_PIECE_BYTES = 1024, 1 << 20
LENGTH_BYTES = 4
SILENT_S = 120.0
"""The service makes a file faster than that, also a sealed backup."""
MS_RDONLY, MS_REMOUNT = 1, 32
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
FOR_ALL = MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC


def main() -> int:
    """Serve the connection on stdin, as systemd passes it."""
    with socket.socket(fileno=os.dup(0)) as line:
        line.settimeout(SILENT_S)
        return serve(line, STICKS)


def serve(line: socket.socket, sticks: Path) -> int:
    """Take one file and put it on a stick.

    Args:
        line: To the service.
        sticks: Folder in which each stick is mounted.

    Returns:
        0 where the file is on the stick, else 1; the service was told why.
    """
    with line.makefile("rb") as stream:
        try:
            answer: dict[str, Any] = {"kept": _take(stream, sticks)}
        except OutputError as err:
            answer = {"trouble": told_plain(as_told(err))}
        except OSError as err:  # the stick or the service is gone
            answer = {"trouble": told_plain(as_told(in_words(err)))}
    print(f"leukoscope: {answer}", file=sys.stderr)  # noqa: T201 - the journal
    with contextlib.suppress(OSError):
        line.sendall(json.dumps(answer).encode() + b"\n")
    return int("trouble" in answer)


def _take(stream: BinaryIO, sticks: Path) -> str:
    stick, name = _head(stream.readline(MAX_HEAD_BYTES))
    mounted = sticks / stick
    if not os.path.ismount(mounted):
        raise OutputError(TAKEN_OUT)
    with _writable(mounted), NewFile(mounted, name) as file:
        for piece in _pieces(stream):
            file.write(piece)
        return file.keep()


def _head(line: bytes) -> tuple[str, str]:
    try:
        head = json.loads(line)
        stick, name = str(head["stick"]), str(head["name"])
    except (ValueError, TypeError, KeyError, RecursionError) as err:
        raise OutputError("this is no request for a stick") from err
    if not STICK.fullmatch(stick) or not NAME.fullmatch(name):
        raise OutputError("this is no name of a stick or of a file on one")
    return stick, name


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the file; one that stops before its end is none."""
    while True:
        length = int.from_bytes(_exactly(stream, LENGTH_BYTES), "big")
        if length == 0:
            return
        if length > MAX_PIECE_BYTES:
            raise OutputError("this is no piece of a file for a stick")
        yield _exactly(stream, length)


def _exactly(stream: BinaryIO, n_bytes: int) -> bytes:
    data = stream.read(n_bytes)
    if len(data) != n_bytes:
        raise OutputError(message("stick-cut-off"))
    return data


@contextmanager
def _writable(mounted: Path) -> Iterator[None]:
    """Have one stick writable, one of us at a time; read only again, and synced, then.

    Raises:
        OSError: It cannot be written, as where its switch forbids it.
    """
    folder = os.open(mounted, READ_ONLY_FOLDER)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        _remount(mounted, 0)
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):  # what failed first is what is said
                _remount(mounted, MS_RDONLY)
            raise
        _remount(mounted, MS_RDONLY)
    finally:
        os.close(folder)


def _remount(mounted: Path, flag: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(None, os.fsencode(mounted), None, FOR_ALL | flag, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    start_log()
    sys.exit(main())
