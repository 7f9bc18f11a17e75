"""Standard output and error, either of which may be closed, full, or gone at any time.

What a command did is safe before it is printed. Where printing fails, the command ends
with one line on the other and exit status 1; a message that nobody can read is dropped.
"""

import contextlib
import io
import os
import sys
from typing import TextIO

from leukoscope_edge.names import on_terminal, shown

DESCRIPTORS = (0, 1, 2)
NO_THREAD = "can't start new thread"
"""Python's words for pthread_create's EAGAIN."""


def open_closed() -> None:
    """Give each standard stream that the caller closed a descriptor that fails.

    Else the next file that is opened gets its number, and messages would go into it.
    What a stream cannot encode is written out, so that no name ends a command.
    """
    for number in DESCRIPTORS:
        with contextlib.suppress(OSError):
            os.fstat(number)
            continue
        null = os.open(os.devnull, os.O_RDONLY)  # writing to it is an error, as it was
        if null != number:
            os.dup2(null, number)
            os.close(null)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(sentence: str) -> None:
    """Tell the user something on standard error, in one line."""
    text = on_terminal(shown(sentence))
    try:
        print(f"leukoscope: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _drop(sys.stderr)


def what_is_exhausted(err: BaseException) -> str:
    """Return what the machine has no more of, "" where the error is another."""
    if isinstance(err, MemoryError):
        return "memory"
    return "threads (ulimit -u)" if str(err) == NO_THREAD else ""


def finish_output(status: int) -> int:
    """Write out what is left of standard output; return the command's exit status."""
    try:
        sys.stdout.flush()
        return status
    except (OSError, ValueError) as err:
        return give_up_output(err)


def give_up_output(err: BaseException) -> int:
    """End a command whose standard output does not work; return its exit status.

    Whoever closed a pipe has enough, as `head` does, and is told nothing.
    """
    if not isinstance(err, BrokenPipeError):
        why = getattr(err, "strerror", None) or err
        say(f"standard output cannot be written to ({why}); what was done is kept")
    _drop(sys.stdout)
    return 1


def _drop(stream: TextIO) -> None:
    """Let what still waits in a stream go nowhere, so that leaving is no failure."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
