"""Is a field one of those before, under another name, saved anew, turned or mirrored?

Two pictures are compared as thumbnails, and only where their mean colours are as near
as those of a copy must be, so that 20,000 fields take seconds.
"""

from array import array

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import Frame

THUMBNAIL_PX = (32, 24)
COPY_LEVELS = 1.5
"""Mean difference of two thumbnails: the same field saved anew differs by less than 1,
two fields of one smear by more than 6 (tests/edge/counting/test_copies.py)."""
ROUNDING_LEVELS = 0.25
"""What the mean of a picture's thumbnail may change by where it is turned."""


class Copies:
    """The fields so far, so that the same one counts once under two names."""

    def __init__(self) -> None:
        """Begin with none."""
        self._names: list[str] = []
        self._thumbnails: list[npt.NDArray[np.int16]] = []
        self._means = array("f")

    def of(self, frame: Frame) -> str:
        """Return the name of the earlier field that this one shows, "" where none.

        One that was turned by quarters or mirrored, as viewers save it, is the same.
        """
        views = _as_it_may_lie(frame.pixels)
        means = np.asarray(views[0].reshape(-1, 3).mean(axis=0), np.float32)
        earlier = np.array(self._means, np.float32).reshape(-1, 3)
        away = np.abs(earlier - means).mean(axis=1)  # no less than of the thumbnails
        for k in np.flatnonzero(away < COPY_LEVELS + ROUNDING_LEVELS):
            off = np.abs(views - self._thumbnails[k]).mean(axis=(1, 2, 3))
            if float(off.min()) < COPY_LEVELS:
                return self._names[k]
        self._names.append(frame.name)
        self._thumbnails.append(views[0])
        self._means.extend(means.tolist())
        return ""


def _as_it_may_lie(pixels: U8) -> npt.NDArray[np.int16]:
    """Return eight thumbnails of a picture: as it lies, turned and mirrored.

    Returns:
        (8, 24, 32, 3) int16, the first as it lies.
    """
    width, height = THUMBNAIL_PX
    lies = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    stands = cv2.resize(pixels, (height, width), interpolation=cv2.INTER_AREA)
    two = lies, np.rot90(stands)
    turned = [view for t in two for view in (t, t[::-1], t[:, ::-1], t[::-1, ::-1])]
    return np.asarray(np.stack(turned), np.int16)
