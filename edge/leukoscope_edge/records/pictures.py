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

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.files import sync_folder, write_whole
from leukoscope_edge.types import U8

NAME = re.compile(r"[0-9a-f]{64}\.png")
SLIDE = re.compile(r"[0-9]{4,12}")


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
            raise RecordError(f"{slide!r} is not the number of a slide")
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
        data = png_bytes(picture)
        name = f"{hashlib.sha256(data).hexdigest()}.png"
        folder = self.folder(slide)
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(self._root)
        if not (folder / name).exists():
            write_whole(folder / name, data, mode=0o600)
        return name

    def read(self, slide: str, name: str) -> bytes:
        """Return the PNG file of a picture, its content checked against its name.

        Raises:
            RecordError: It is missing or damaged.
        """
        if not NAME.fullmatch(name):
            raise RecordError(f"{name!r} is not the name of a picture")
        path = self.folder(slide) / name
        try:
            data = path.read_bytes()
        except OSError as err:
            raise RecordError(f"{path}: cannot be read ({err.strerror})") from err
        if hashlib.sha256(data).hexdigest() != path.stem:
            raise RecordError(f"{path}: damaged or replaced")
        return data

    def drop(self, slide: str) -> None:
        """Take all pictures of a slide away."""
        shutil.rmtree(self.folder(slide), ignore_errors=True)


def png_bytes(picture: U8) -> bytes:
    """Return (H, W, 3) uint8 RGB as a PNG file."""
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return data.tobytes()


def from_png(data: bytes) -> U8:
    """Return a PNG file that `png_bytes` made as (H, W, 3) uint8 RGB."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise RecordError("a stored picture is not a PNG file")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def side_by_side(crops: Iterable[U8]) -> U8:
    """Return N crops, each (side, side, 3), as one (side, N x side, 3) picture."""
    return np.concatenate(list(crops), axis=1)


def apart(strip: U8) -> U8:
    """Return the crops of `side_by_side` as (N, side, side, 3)."""
    side = strip.shape[0]
    crops = strip.reshape(side, -1, side, 3).swapaxes(0, 1)
    return np.ascontiguousarray(crops)
