"""Pictures of cells as files named by their content, one folder a slide.

Written and synced before the event that names them is, so that no stored event ever
names a picture that is not there. A picture that no event names (the plug was pulled
between the two) is harmless.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.durable import make_folder, write_whole
from leukoscope_edge.errors import RecordError
from leukoscope_edge.messages import message

NAME = re.compile(r"[0-9a-f]{64}\.(png|jpg)")
SLIDE = re.compile(r"[0-9]{4,12}")


def pixels_sha256(pixels: U8) -> str:
    """Return what a frame is known by in the records: the hash of its pixels."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def jpeg_bytes(pixels: U8, quality: int) -> bytes:
    """Return a picture as a JPEG file.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        quality: 0..100.
    """
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


class Pictures:
    """The folder of all pictures."""

    def __init__(self, root: Path) -> None:
        """Name the folder; it is made with the first picture."""
        self._root = root

    def folder(self, slide: str) -> Path:
        """Return the folder of one slide's pictures.

        Raises:
            RecordError: The slide's number is none.
        """
        if not SLIDE.fullmatch(slide):
            raise RecordError(message("no-slide-number", found=repr(slide)))
        return self._root / slide

    def last_slide(self) -> int:
        """Return the highest number of a slide that ever had a picture here."""
        names = (p.name for p in self._root.glob("*"))
        return max((int(n) for n in names if SLIDE.fullmatch(n)), default=0)

    def keep(self, slide: str, picture: U8) -> str:
        """Store a picture, if it is not there, and return its file's name.

        Args:
            slide: The slide that it belongs to.
            picture: (H, W, 3) uint8 RGB.

        Raises:
            OutputError: It cannot be written.
        """
        name, _ = self._keep(slide, png_bytes(picture), "png")
        return name

    def keep_jpeg(self, slide: str, data: bytes) -> tuple[str, bool]:
        """Store a JPEG file; return its name, and whether it was not there before.

        Raises:
            OutputError: It cannot be written.
        """
        return self._keep(slide, data, "jpg")

    def n_jpeg_bytes(self, slide: str) -> int:
        """Return how much the JPEG files of a slide take."""
        return sum(p.stat().st_size for p in self.folder(slide).glob("*.jpg"))

    def n_bytes(self, slide: str, names: Iterable[str]) -> int:
        """Return how much some pictures of a slide take, unopened; a lost one nothing.

        Raises:
            RecordError: The slide's number is none.
        """
        paths = [self.folder(slide) / name for name in names]
        return sum(p.stat().st_size for p in paths if p.is_file())

    def _keep(self, slide: str, data: bytes, ending: str) -> tuple[str, bool]:
        name = f"{hashlib.sha256(data).hexdigest()}.{ending}"
        path = self.folder(slide) / name
        make_folder(path.parent)
        is_new = not path.exists()
        if is_new:
            write_whole(path, data, mode=0o600)
        return name, is_new

    def read(self, slide: str, name: str) -> bytes:
        """Return the file of a picture, its content checked against its name.

        Raises:
            RecordError: It is missing or damaged.
        """
        if not NAME.fullmatch(name):
            raise RecordError(message("no-picture-name", found=repr(name)))
        path = self.folder(slide) / name
        try:
            data = path.read_bytes()
        except OSError as err:
            where, why = str(path), str(err.strerror)
            raise RecordError(message("path-unreadable", path=where, why=why)) from err
        if hashlib.sha256(data).hexdigest() != path.stem:
            raise RecordError(message("picture-damaged", path=str(path)))
        return data

    def drop(self, slide: str) -> None:
        """Take all pictures of a slide away."""
        shutil.rmtree(self.folder(slide), ignore_errors=True)


def png_bytes(picture: U8) -> bytes:
    """Return (H, W, 3) uint8 RGB as a PNG file."""
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return data.tobytes()


def from_png(data: bytes) -> U8:
    """Return a kept PNG or JPEG file as (H, W, 3) uint8 RGB."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise RecordError(message("no-picture"))
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def side_by_side(crops: Iterable[U8]) -> U8:
    """Return N crops, each (side, side, 3), as one (side, N x side, 3) picture."""
    return np.concatenate(list(crops), axis=1)


def apart(strip: U8) -> U8:
    """Return the crops of `side_by_side` as (N, side, side, 3)."""
    side = strip.shape[0]
    crops = strip.reshape(side, -1, side, 3).swapaxes(0, 1)
    return np.ascontiguousarray(crops)
