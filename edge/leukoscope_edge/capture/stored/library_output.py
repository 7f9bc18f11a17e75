"""What a library written in C prints while it works: libjpeg's warnings above all.

libjpeg goes on where data are damaged, fills the rest with grey, and prints one line;
nothing else tells. The whole process's standard output and error are caught meanwhile,
so that this is for a process that does nothing besides.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MAX_BYTES = 1 << 16
MORE = "(and more)"
_C = ctypes.CDLL(None)


@dataclass(slots=True)
class LibraryOutput:
    """What was printed, once it is over."""

    text: str = ""


@contextmanager
def caught_output() -> Iterator[LibraryOutput]:
    """Catch what is printed on the way; of what does not fit a pipe, that there was."""
    said = LibraryOutput()
    _C.fflush(None)
    reads, writes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    kept = [os.dup(fd) for fd in (1, 2)]
    for fd in (1, 2):
        os.dup2(writes, fd)
    os.close(writes)
    try:
        yield said
    finally:
        _C.fflush(None)
        for fd, old in zip((1, 2), kept, strict=True):
            os.dup2(old, fd)
            os.close(old)
        with contextlib.suppress(BlockingIOError):
            heard = os.read(reads, MAX_BYTES)
            said.text = heard.decode("utf-8", "replace").strip()
            said.text += f"\n{MORE}" if len(heard) == MAX_BYTES else ""
        os.close(reads)
