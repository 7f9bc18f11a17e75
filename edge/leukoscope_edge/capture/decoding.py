"""Decode images and videos in a process that may be killed, and not take all memory.

A stored file comes from outside. `leukoscope_edge.capture.decode` refuses what it can
recognise; this is for what it cannot: a decoder that loops, crashes or swells takes its
own process along and nothing else. One process serves all images of a run.

Questions: `{"image": PATH}`, `{"video": PATH}` to open one, `{}` for its next frame.
"""

import os
import resource
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.capture.child import Answer, Answers, Child
from leukoscope_edge.capture.decode import MAX_PIXELS, decode_image
from leukoscope_edge.errors import SourceError
from leukoscope_edge.isolated import command_of
from leukoscope_edge.types import U8

MAX_MEMORY_BYTES = 2 << 30
"""Twice what the largest image that is let through needs (measured: 64 megapixels of
PNG with transparency are decoded in 1 GiB of address space, libraries included)."""
DECODE_S = 20.0
"""A 64 megapixel PNG takes 2 s on a workstation; a Raspberry Pi is a few times slower,
and starting the process is in it too."""
Outcome = tuple[dict[str, Any], bytes | memoryview]
"""A header and, where there is a picture, its pixels."""
COMMAND = command_of("leukoscope_edge.capture.decoding")


class Decoder:
    """The parent's end: paths in, pixels out."""

    def __init__(self) -> None:
        """The process starts with the first question."""
        self._child: Child | None = None

    def image(self, path: Path) -> U8:
        """Return (H, W, 3) uint8 RGB of an image file.

        Raises:
            SourceError: It cannot be read, or `decode_image` refuses it, or decoding
                it took too much memory or time.
        """
        return _pixels(self._ask({"image": str(path.absolute())}))

    def open_video(self, path: Path) -> tuple[float, int]:
        """Open a video; return its frames a second and their number, 0 if not known.

        Raises:
            SourceError: It is no video, or opening it took too much memory or time.
        """
        header = self._ask({"video": str(path.absolute())}).header
        return header["frames_per_s"], header["n_frames"]

    def next_frame(self) -> U8 | None:
        """Return (H, W, 3) uint8 RGB of the opened video's next frame, None at its end.

        Raises:
            SourceError: Decoding it took too much memory or time.
        """
        answer = self._ask({})
        return None if answer.header.get("is_end") else _pixels(answer)

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def _ask(self, question: dict[str, Any]) -> Answer:
        child = self._child or self._start()
        try:
            answer = child.ask(question, timeout_s=DECODE_S)
        except SourceError as err:
            self._child = None
            raise SourceError(f"cannot be decoded ({err}): remove it") from err
        if (refusal := answer.header.get("refusal")) is not None:
            raise SourceError(refusal)
        return answer

    def _start(self) -> Child:
        self._child = Child(COMMAND)
        return self._child


def _pixels(answer: Answer) -> U8:
    shape = answer.header["shape"]
    return np.frombuffer(answer.payload, np.uint8).reshape(shape)


def serve() -> None:
    """Decode what the parent names until it hangs up."""
    answers = Answers()
    limit_process()
    video = cv2.VideoCapture()
    for question in answers.questions():
        answers.send(*_outcome(question, video))


def limit_process() -> None:
    """Bound this process: so much memory, no file written, no core dumped."""
    limits = {
        resource.RLIMIT_AS: MAX_MEMORY_BYTES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


def _outcome(question: dict[str, str], video: cv2.VideoCapture) -> Outcome:
    try:
        match question:
            case {"image": path}:
                return _shown(decode_image(Path(path).read_bytes()))
            case {"video": path}:
                return _opened(video, path), b""
            case _:
                found, bgr = video.read()
                return _shown(_rgb(bgr)) if found else ({"is_end": True}, b"")
    except OSError as err:
        return {"refusal": f"cannot be read: {err.strerror}"}, b""
    except SourceError as err:
        return {"refusal": str(err)}, b""
    except (MemoryError, cv2.error):
        megapixels = MAX_PIXELS >> 20
        refusal = f"needs more memory than {megapixels} megapixels may: remove it"
        return {"refusal": refusal}, b""


def _shown(pixels: U8) -> Outcome:
    return {"shape": pixels.shape}, np.ascontiguousarray(pixels).data.cast("B")


def _opened(video: cv2.VideoCapture, path: str) -> dict[str, Any]:
    if not video.open(path):
        raise SourceError(
            "is not a video that can be read here: save it as MP4 (H.264) or as a "
            "folder of images"
        )
    return {
        "frames_per_s": video.get(cv2.CAP_PROP_FPS),
        "n_frames": int(video.get(cv2.CAP_PROP_FRAME_COUNT)),
    }


def _rgb(bgr: npt.NDArray[Any]) -> U8:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


if __name__ == "__main__":
    serve()
    os._exit(0)
