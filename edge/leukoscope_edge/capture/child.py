"""A child process that answers questions, and is killed when it does not.

Camera drivers hang and image decoders crash or swell. Both therefore run in a process
of their own. The parent asks one question at a time and waits with a limit; the child
answers with a header and, where there is one, a picture. Nothing is ever unpickled.

One message, both ways: a big-endian length of the header (4 bytes) and of the payload
(8 bytes), the header as a JSON object, the payload as it is.
"""

import contextlib
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message

LENGTHS = struct.Struct(">IQ")
MAX_HEADER_BYTES = 1 << 16
MAX_PAYLOAD_BYTES = 1 << 28
"""256 MiB: 64 megapixels of RGB and room."""
GOODBYE_S = 2.0
"""A child asked to end may take so long to let go of its hardware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a child said.

    Attributes:
        header: A JSON object.
        payload: The bytes behind it, often a picture.
    """

    header: dict[str, Any]
    payload: bytearray


class Child:
    """The parent's end: starts a program and asks it."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start the program; it speaks on its standard input and output.

        Raises:
            SourceError: It cannot be started.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # so that its own children die with it
            )
        except OSError as err:
            what = message("child-not-started", program=command[0], why=str(err))
            raise SourceError(what) from err
        self._poll = selectors.DefaultSelector()
        self._poll.register(self._stdout, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(self, question: dict[str, Any], *, timeout_s: float) -> Answer:
        """Ask and wait for the answer.

        Raises:
            SourceError: No whole answer came in time; the child is dead then.
        """
        try:
            return self._ask(question, time.monotonic() + timeout_s)
        except (OSError, ValueError, RecursionError, struct.error) as err:
            self.kill()
            raise SourceError(message("child-silent", why=str(err))) from err

    def close(self) -> None:
        """Let the child end by itself, and kill it where it does not."""
        self._stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GOODBYE_S)
        self.kill()

    def hang_up(self) -> None:
        """End the child while another thread asks it, which is told that it ended.

        Its pipes stay open: whoever waits on one that is closed waits for ever.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End the child and whatever it started, at once, and let go of it."""
        self.hang_up()
        self._process.wait()
        self._poll.close()
        self._stdin.close()
        self._stdout.close()

    def _ask(self, question: dict[str, Any], deadline_s: float) -> Answer:
        self._stdin.write(_message(question, 0))
        header_bytes, payload_bytes = LENGTHS.unpack(
            self._read(LENGTHS.size, deadline_s)
        )
        if header_bytes > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
            raise ValueError(f"it announced {header_bytes} + {payload_bytes} bytes")
        header = json.loads(self._read(header_bytes, deadline_s))
        if not isinstance(header, dict):
            raise ValueError(f"it answered {type(header).__name__}, expected fields")
        payload = self._read(payload_bytes, deadline_s)
        return Answer(header=header, payload=payload)

    def _read(self, n_bytes: int, deadline_s: float) -> bytearray:
        data = bytearray(n_bytes)
        rest = memoryview(data)
        while rest:
            if not self._poll.select(max(0.0, deadline_s - time.monotonic())):
                raise TimeoutError("it took too long")
            n_read = os.readv(self._stdout.fileno(), [rest])
            if n_read == 0:
                raise ConnectionError("it ended")
            rest = rest[n_read:]
        return data

    @property
    def _stdin(self) -> BinaryIO:
        return _existing(self._process.stdin)

    @property
    def _stdout(self) -> BinaryIO:
        return _existing(self._process.stdout)


def _existing(pipe: Any) -> BinaryIO:
    if pipe is None:
        raise ValueError("the child has no pipe")
    return pipe  # type: ignore[no-any-return]


class Answers:
    """The child's end: reads questions, writes answers."""

    def __init__(self) -> None:
        """Take the standard output; what libraries print goes to stderr from now on."""
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def questions(self) -> Iterator[dict[str, Any]]:
        """Yield questions until the parent hangs up or dies."""
        while len(lengths := sys.stdin.buffer.read(LENGTHS.size)) == LENGTHS.size:
            header_bytes, _ = LENGTHS.unpack(lengths)
            yield json.loads(sys.stdin.buffer.read(header_bytes))

    def send(self, header: dict[str, Any], payload: memoryview | bytes = b"") -> None:
        """Answer the last question; where whoever asked is gone, end in silence."""
        view = memoryview(payload)
        try:
            self._out.write(_message(header, view.nbytes))
            self._out.write(view)
            self._out.flush()
        except BrokenPipeError:
            os._exit(0)


def _message(header: dict[str, Any], payload_bytes: int) -> bytes:
    text = json.dumps(header).encode()
    return LENGTHS.pack(len(text), payload_bytes) + text
