"""Decode images and videos in a process that may be killed, and not take all memory.

A stored file comes from outside. `leukoscope_edge.capture.stored.decode` refuses what
it can recognise; this is for what it cannot: a decoder that loops, crashes or swells
takes its own process along and nothing else. One process serves all images of a run.

Questions: `{"image": PATH, "page": N}`, `{"video": PATH}` to open one, `{}` for its
next frame.
"""

import dataclasses
import os
import re
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.child import Answer, Answers, Child
from leukoscope_edge.capture.stored.avi import MotionJpeg
from leukoscope_edge.capture.stored.damage import damage_of
from leukoscope_edge.capture.stored.decode import (
    GREY,
    MAX_PIXELS,
    Picture,
    is_grey,
    read_picture,
    regular,
)
from leukoscope_edge.capture.stored.drawn import drawn_on
from leukoscope_edge.capture.stored.library_output import caught_output
from leukoscope_edge.capture.stored.packets import (
    Packets,
    ends_early,
    has_no_index,
    is_hdr,
    is_hdr_packet,
    is_matroska,
    shown_s,
)
from leukoscope_edge.errors import SourceError, as_told
from leukoscope_edge.isolated import command_of, lower_limit
from leukoscope_edge.log import start_log
from leukoscope_edge.messages import Message, message, told_from, told_plain
from leukoscope_edge.types import PictureFacts

MAX_MEMORY_BYTES = 2 << 30
"""Twice what the largest image that is let through needs (measured: 64 megapixels of
PNG with transparency are decoded in 1 GiB of address space, libraries included)."""
DECODE_S = 20.0
"""A 64 megapixel PNG takes 2 s on a workstation; a Raspberry Pi is a few times slower,
and starting the process is in it too."""
OPENCV_VARIABLES = {
    # a playlist that is named like a video must not make FFmpeg call somebody
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": "protocol_whitelist;file",
    "OPENCV_FFMPEG_LOGLEVEL": "16",  # AV_LOG_ERROR; FFmpeg is silent by itself
}
INTERLACED = "interlaced to progressive"
ENDED_EARLY = "File ended prematurely", "partial file"
"""FFmpeg's words for a file that is shorter than it says."""
FFMPEG_PLACE = re.compile(r"^\[[^]]*\] ")
"""Which part of FFmpeg says something, and where in memory that is."""
Outcome = tuple[dict[str, Any], bytes | memoryview]
"""A header and, where there is a picture, its pixels."""
MAX_OBLONG = 0.02
"""Relative: how far a pixel may be from a square. Analogue cameras' are 16:15."""
COMMAND = command_of("leukoscope_edge.capture.stored.decoder_process")


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """What a video says of itself.

    Attributes:
        frames_per_s: 0 where it does not say.
        n_frames: 0 where it does not say.
        codec: Four letters.
        is_timed: It says its length, and `n_frames` is what would fill it.
    """

    frames_per_s: float
    n_frames: int
    codec: str
    is_timed: bool = False


class Decoder:
    """The parent's end: paths in, pixels out.

    Attributes:
        is_video_cut: Whether a video that came to its end ended elsewhere than it says.
        last_s: When a video's last frame is shown, once it came to its end.
    """

    def __init__(self) -> None:
        """The process starts with the first question."""
        self._child: Child | None = None
        self.is_video_cut = False
        self.last_s = 0.0

    def image(self, path: Path, page: int = 0) -> Picture:
        """Return one field of an image file.

        Args:
            path: The file.
            page: Which of its fields, from 0.

        Raises:
            SourceError: It cannot be read, or `read_picture` refuses it, or decoding
                it took too much memory or time.
        """
        return _told(self._ask({"image": str(path.absolute()), "page": page}))

    def open_video(self, path: Path) -> Video:
        """Open a video.

        Raises:
            SourceError: It is no video, or opening it took too much memory or time.
        """
        return Video(**self._ask({"video": str(path.absolute())}).header)

    def next_frame(self) -> Picture | None:
        """Return the opened video's next frame, None at its end.

        Raises:
            SourceError: Decoding it took too much memory or time.
        """
        answer = self._ask({})
        if not answer.header.get("is_end"):
            return _told(answer)
        self.is_video_cut = answer.header["is_cut"]
        self.last_s = answer.header["last_s"]
        return None

    @property
    def is_running(self) -> bool:
        """Whether the process lives; one that was killed gives no answer."""
        return self._child is not None

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
            raise SourceError(message("file-stopped", why=as_told(err))) from err
        if (refusal := answer.header.get("refusal")) is not None:
            raise SourceError(told_from(refusal))
        return answer

    def _start(self) -> Child:
        self._child = Child(COMMAND)
        return self._child


def _told(answer: Answer) -> Picture:
    header = answer.header
    return Picture(
        pixels=np.frombuffer(answer.payload, np.uint8).reshape(header["shape"]),
        n_pages=header["n_pages"],
        facts=PictureFacts(**header["facts"]),
    )


def serve() -> None:
    """Decode what the parent names until it hangs up."""
    answers = Answers()
    limit_process()
    os.environ |= OPENCV_VARIABLES
    video = _Video()
    for question in answers.questions():
        answers.send(*_outcome(question, video))


def limit_process() -> None:
    """Bound this process: so much memory, no file written, no core dumped.

    Where who started it allows less (`ulimit -v`), that holds.
    """
    limits = {
        resource.RLIMIT_AS: MAX_MEMORY_BYTES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        lower_limit(kind, limit)


def _outcome(question: dict[str, Any], video: "_Video") -> Outcome:
    try:
        match question:
            case {"image": path, "page": page}:
                picture = read_picture(regular(Path(path)).read_bytes(), page)
                if why := drawn_on(picture.pixels):
                    raise SourceError(why)
                return _picture(picture)
            case {"video": path}:
                return dataclasses.asdict(video.open(regular(Path(path)))), b""
            case _:
                frame = video.read()
                if frame is not None:
                    return _picture(frame)
                end = {"is_end": True, "is_cut": video.is_cut, "last_s": video.last_s}
                return end, b""
    except OSError as err:
        return _refused(message("file-says", why=str(err.strerror)))
    except SourceError as err:
        return _refused(as_told(err))
    except (MemoryError, cv2.error):
        return _refused(message("file-memory", m=MAX_PIXELS >> 20))


def _refused(why: str | Message) -> Outcome:
    return {"refusal": told_plain(why)}, b""


def _picture(picture: Picture) -> Outcome:
    header = {
        "shape": picture.pixels.shape,
        "n_pages": picture.n_pages,
        "facts": dataclasses.asdict(picture.facts),
    }
    return header, np.ascontiguousarray(picture.pixels).data.cast("B")


class _Video:
    """The opened video: Motion JPEG by our own reader, all else by FFmpeg."""

    def __init__(self) -> None:
        self._capture = cv2.VideoCapture()
        self._jpegs: MotionJpeg | None = None
        self._packets: Packets | None = None
        self._ends_early = False
        self.last_s = 0.0

    def open(self, path: Path) -> Video:
        if path.stat().st_size == 0:
            raise SourceError(message("file-empty"))
        jpegs = MotionJpeg(path)
        if jpegs.is_ours and jpegs.head is not None:
            self._jpegs = jpegs
            return Video(
                frames_per_s=jpegs.head.frames_per_s,
                n_frames=jpegs.head.n_frames,
                codec="MJPG",
            )
        jpegs.close()
        return self._open_any(path)

    @property
    def is_cut(self) -> bool:
        return self._ends_early or (self._jpegs is not None and self._jpegs.is_cut)

    def _open_any(self, path: Path) -> Video:
        with caught_output() as said:
            is_open = self._capture.open(str(path), cv2.CAP_FFMPEG)
        if not is_open:
            is_cut = has_no_index(path)
            raise SourceError(message("file-truncated" if is_cut else "video-unread"))
        self._ends_early = is_short(said.text) or ends_early(path)
        codec = _four_letters(int(self._capture.get(cv2.CAP_PROP_FOURCC)))
        with caught_output():
            self._packets = Packets(path, codec)
        if is_hdr(path) or is_hdr_packet(self._packets.ahead, codec):
            raise SourceError(message("video-hdr"))
        self._require_square()
        per_s = self._capture.get(cv2.CAP_PROP_FPS)
        n_stored = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        shown = shown_s(path)
        return Video(
            frames_per_s=per_s,
            n_frames=n_stored if shown is None else min(n_stored, round(shown * per_s)),
            codec=codec,
            is_timed=is_matroska(path),
        )

    def _require_square(self) -> None:
        wide, high = (
            self._capture.get(n) for n in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN)
        )
        if wide > 0 and high > 0 and abs(wide / high - 1) > MAX_OBLONG:
            shape = f"{wide:.0f}:{high:.0f}"
            raise SourceError(message("video-oblong", shape=shape))

    def read(self) -> Picture | None:
        if self._jpegs is not None:
            data = self._jpegs.next_frame()
            return None if data is None else read_picture(data)
        with caught_output() as said:
            found, bgr = self._capture.read()
            is_changed = self._packets is not None and self._packets.is_changed()
        self._ends_early |= is_short(said.text)
        if not found:
            return None
        self.last_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if is_changed:
            raise SourceError(message("video-resized"))
        if why := complaint_of(said.text):
            raise SourceError(why)
        rgb = _rgb(bgr)
        if is_grey(rgb):
            raise SourceError(GREY)
        if why := damage_of(rgb):
            raise SourceError(message("frame-damaged", why=why))
        n_px = rgb.shape[0] * rgb.shape[1]
        facts = self._packets.facts(n_px) if self._packets else PictureFacts()
        return Picture(pixels=rgb, n_pages=1, facts=facts)


def is_short(said: str) -> bool:
    """Say whether FFmpeg printed that a file is shorter than it says."""
    return any(words in said for words in ENDED_EARLY)


def complaint_of(said: str) -> Message | None:
    """Return what is wrong with a frame by what FFmpeg printed, None where nothing.

    FFmpeg conceals damage and says so; a frame of two half pictures OpenCV does not
    convert, and gives what lay in its memory.
    """
    if not said:
        return None
    if INTERLACED in said:
        return message("video-interlaced")
    return message("frame-damaged", why=FFMPEG_PLACE.sub("", said.splitlines()[0]))


def _four_letters(code: int) -> str:
    letters = (code & 0xFFFFFFFF).to_bytes(4, "little").decode("ascii", "replace")
    return letters if letters.isprintable() else "unknown"


def _rgb(bgr: npt.NDArray[Any]) -> U8:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


if __name__ == "__main__":
    start_log()
    serve()
    os._exit(0)
