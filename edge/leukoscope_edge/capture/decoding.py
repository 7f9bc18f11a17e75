"""Decode image files in a process that may be killed, and may not take all memory.

A stored image comes from outside. `leukoscope_edge.capture.decode` refuses what it can
recognise; this is for what it cannot: a decoder that loops, crashes or swells takes its
own process along and nothing else. One process serves all images of a run.
"""

import os
import resource
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from leukoscope_edge.capture.child import Answers, Child
from leukoscope_edge.capture.decode import MAX_PIXELS, decode_image
from leukoscope_edge.errors import SourceError
from leukoscope_edge.types import U8

MAX_MEMORY_BYTES = 2 << 30
"""Twice what the largest image that is let through needs (measured: 64 megapixels of
PNG with transparency are decoded in 1 GiB of address space, libraries included)."""
DECODE_S = 20.0
"""A 64 megapixel PNG takes 2 s on a workstation; a Raspberry Pi is a few times slower,
and starting the process is in it too."""
COMMAND = (sys.executable, "-m", "leukoscope_edge.capture.decoding")


class Decoder:
    """The parent's end: image paths in, pixels out."""

    def __init__(self) -> None:
        """The process starts with the first image."""
        self._child: Child | None = None

    def decode(self, path: Path) -> U8:
        """Return (H, W, 3) uint8 RGB of an image file.

        Raises:
            SourceError: It cannot be read, or `decode_image` refuses it, or decoding
                it took too much memory or time.
        """
        child = self._child or self._start()
        try:
            answer = child.ask({"path": str(path.absolute())}, timeout_s=DECODE_S)
        except SourceError as err:
            self._child = None
            raise SourceError(f"cannot be decoded ({err}): remove it") from err
        if (refusal := answer.header.get("refusal")) is not None:
            raise SourceError(refusal)
        shape = answer.header["shape"]
        return np.frombuffer(answer.payload, np.uint8).reshape(shape)

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def _start(self) -> Child:
        self._child = Child(COMMAND)
        return self._child


def serve() -> None:
    """Decode what the parent names until it hangs up."""
    answers = Answers()
    limit_process()
    for question in answers.questions():
        header, pixels = _outcome(Path(question["path"]))
        answers.send(header, pixels)


def limit_process() -> None:
    """Bound this process: so much memory, no file written, no core dumped."""
    limits = {
        resource.RLIMIT_AS: MAX_MEMORY_BYTES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


def _outcome(path: Path) -> tuple[dict[str, Any], bytes | memoryview]:
    try:
        pixels = decode_image(path.read_bytes())
    except OSError as err:
        return {"refusal": f"cannot be read: {err.strerror}"}, b""
    except SourceError as err:
        return {"refusal": str(err)}, b""
    except MemoryError:
        megapixels = MAX_PIXELS >> 20
        refusal = f"needs more memory than {megapixels} megapixels may: remove it"
        return {"refusal": refusal}, b""
    return {"shape": pixels.shape}, np.ascontiguousarray(pixels).data.cast("B")


if __name__ == "__main__":
    serve()
    os._exit(0)
