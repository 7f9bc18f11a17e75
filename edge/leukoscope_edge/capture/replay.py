"""Replay of stored images and videos as if they came from a camera."""

import re
from pathlib import Path
from types import TracebackType

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
            pixels = self._decoder.image(path)
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
        self._decoder.close()


class VideoReplay:
    """A video file, frame by frame."""

    domain: Domain = "real"

    def __init__(self, path: Path, scale_um_per_px: float | None) -> None:
        """Open the file.

        Raises:
            SourceError: OpenCV finds no video in it.
        """
        self._decoder: Decoder | None = Decoder()
        try:
            frames_per_s, n_frames = self._decoder.open_video(path)
        except SourceError as err:
            self._decoder.close()
            raise SourceError(f"{path}: {err}") from err
        self._interval_s = 1 / frames_per_s if frames_per_s > 0 else FRAME_INTERVAL_S
        self._next = 0
        self.scale_um_per_px = scale_um_per_px
        self.n_frames: int | None = n_frames if n_frames > 0 else None

    def read(self) -> Frame | Fault | None:
        """Return the next frame, a last fault where decoding fails, None at the end."""
        if self._decoder is None:
            return None
        number, self._next = self._next, self._next + 1
        name = f"frame {number:06d}"
        try:
            pixels = self._decoder.next_frame()
        except SourceError as err:
            self._decoder = None
            return Fault(name=name, reason=str(err))
        if pixels is None:
            return None
        return Frame(name=name, pixels=pixels, time_s=number * self._interval_s)

    def __enter__(self) -> "VideoReplay":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._decoder is not None:
            self._decoder.close()


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
