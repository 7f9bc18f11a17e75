"""Replay of stored images and videos as if they came from a camera."""

import re
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from leukoscope_edge.capture.decoding import Decoder
from leukoscope_edge.errors import SourceError
from leukoscope_edge.types import Domain, Fault, Frame

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"})
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov", ".webm", ".mjpeg"})
FRAME_INTERVAL_S = 0.1
"""Nominal time between the images of a folder: ten frames a second."""


class ImageReplay:
    """A list of image files, one frame each, in the order given."""

    domain: Domain = "real"

    def __init__(self, paths: list[Path], scale_um_per_px: float | None) -> None:
        """Remember what to read; files are opened one by one in `read`."""
        self._paths = paths
        self._decoder = Decoder()
        self._next = 0
        self.scale_um_per_px = scale_um_per_px
        self.n_frames: int | None = len(paths)

    def read(self) -> Frame | Fault | None:
        """Return the next image, a fault that says why not, or None at the end."""
        if self._next == len(self._paths):
            return None
        path, time_s = self._paths[self._next], self._next * FRAME_INTERVAL_S
        self._next += 1
        try:
            pixels = self._decoder.decode(path)
        except SourceError as err:
            return Fault(name=path.name, reason=str(err))
        return Frame(name=path.name, pixels=pixels, time_s=time_s)

    def __enter__(self) -> "ImageReplay":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._decoder.__exit__(kind, error, trace)


class VideoReplay:
    """A video file, frame by frame."""

    domain: Domain = "real"

    def __init__(self, path: Path, scale_um_per_px: float | None) -> None:
        """Open the file.

        Raises:
            SourceError: OpenCV finds no video in it.
        """
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise SourceError(
                f"{path}: is not a video that can be read here: save it as MP4 "
                "(H.264) or as a folder of images"
            )
        self._interval_s = 1 / (self._capture.get(cv2.CAP_PROP_FPS) or 10.0)
        self._next = 0
        self.scale_um_per_px = scale_um_per_px
        n_frames = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.n_frames: int | None = n_frames if n_frames > 0 else None

    def read(self) -> Frame | Fault | None:
        """Return the next frame, or None at the end."""
        found, pixels = self._capture.read()
        if not found:
            return None
        number, self._next = self._next, self._next + 1
        rgb = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
        return Frame(
            name=f"frame {number:06d}", pixels=rgb, time_s=number * self._interval_s
        )

    def __enter__(self) -> "VideoReplay":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._capture.release()


def list_images(folder: Path) -> list[Path]:
    """Return a folder's image files, "2.png" before "10.png".

    Raises:
        SourceError: The folder cannot be read or holds no image file.
    """
    try:
        entries = list(folder.iterdir())
    except OSError as err:
        raise SourceError(f"{folder}: cannot be read: {err.strerror}") from err
    images = [
        p
        for p in entries
        if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")
    ]
    if not images:
        raise SourceError(
            f"{folder}: no image in this folder; expected files ending in "
            + ", ".join(sorted(IMAGE_SUFFIXES))
        )
    return sorted(images, key=_natural_key)


def _natural_key(path: Path) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]
