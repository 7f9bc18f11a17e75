"""Motion JPEG in an AVI file, frame by frame, as files of their own.

FFmpeg conceals damage in such a video: it decodes on and says nothing. Each frame is a
whole JPEG file, so it is read here as one, by the decoder that notices.

Source: Microsoft, "AVI RIFF File Reference"; OpenDML AVI 1.02 for further RIFF chunks.
"""

import struct
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from leukoscope_edge.capture.stored.containers import MAX_FILE_BYTES

MOTION_JPEG = frozenset({b"MJPG", b"mjpg"})
FRAME_KINDS = (b"dc", b"db")
RIFF = b"RIFF"
INSIDE = frozenset({RIFF, b"LIST"})
"""Chunks that hold chunks; their own four letters come first."""
MAIN_HEADER, STREAM_HEADER = b"avih", b"strh"
US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AviHead:
    """What stands at the beginning.

    Attributes:
        codec: Four letters of the first video stream.
        n_frames: As many are announced.
        frames_per_s: As announced, 0 where it is not.
    """

    codec: bytes
    n_frames: int
    frames_per_s: float


class MotionJpeg:
    """An opened file; a context that is closed by `close`."""

    def __init__(self, path: Path) -> None:
        """Open the file and read its head.

        Raises:
            OSError: It cannot be read.
        """
        self._file: BinaryIO = path.open("rb")
        self.head = read_head(self._file)
        self._n_bytes = self._file.seek(0, SEEK_END)
        self._end = 0
        self._file.seek(0)

    @property
    def is_ours(self) -> bool:
        """Whether it is an AVI file of Motion JPEG."""
        return self.head is not None and self.head.codec in MOTION_JPEG

    def next_frame(self) -> bytes | None:
        """Return the next frame's file, None at the end, or where noise begins."""
        while (found := _next_chunk(self._file)) is not None:
            kind, n_bytes = found
            at = self._file.tell()
            if kind == RIFF:
                self._end = at - 4 + n_bytes
            if kind in INSIDE:
                continue
            is_frame = kind[2:] in FRAME_KINDS and n_bytes > 0
            data = self._file.read(min(n_bytes, MAX_FILE_BYTES)) if is_frame else b""
            self._file.seek(at + n_bytes + (n_bytes & 1))
            if is_frame:
                return data
        return None

    @property
    def is_cut(self) -> bool:
        """Whether reading came to noise before the end, or beyond it.

        Asked when no frame is left: some may be missing.
        """
        at, last = self._file.tell(), self._n_bytes + 1  # an odd length is rounded up
        return self._end > 0 and not self._end <= at <= last

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_head(file: BinaryIO) -> AviHead | None:
    """Return what an AVI file says of itself, None where it is none."""
    if file.read(12)[8:] != b"AVI ":
        return None
    n_frames, us_per_frame, codec = 0, 0, b""
    while not codec and (found := _next_chunk(file)) is not None:
        kind, n_bytes = found
        if kind in INSIDE:
            continue
        body = file.read(min(n_bytes + (n_bytes & 1), 1 << 16))
        if kind == MAIN_HEADER and len(body) >= 20:
            us_per_frame, n_frames = struct.unpack_from("<I12xI", body)
        if kind == STREAM_HEADER and body[:4] == b"vids":
            codec = body[4:8]
    rate = US_PER_S / us_per_frame if us_per_frame else 0.0
    return AviHead(codec=codec, n_frames=n_frames, frames_per_s=rate)


def _next_chunk(file: BinaryIO) -> tuple[bytes, int] | None:
    """Return the next chunk's name and length; the file stands at its content."""
    head = file.read(8)
    if len(head) < 8:
        return None
    kind, n_bytes = struct.unpack("<4sI", head)
    if kind in INSIDE:
        file.read(4)
    return (kind, n_bytes) if kind.isascii() and kind.strip(b"\0") else None
