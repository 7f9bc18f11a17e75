"""The view that segmentation works on: reduced, evened, white-balanced, smoothed.

A nucleus needs no pixel finer than WORK_UM_PER_PX: the model's crop has no finer one
either. Large frames are reduced to that once, and only outlines are drawn at the
frame's own size again.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.colour import PLASMA_LEVEL, white_balance
from leukoscope_edge.vision.flatfield import estimate_flat_field, even_out

WORK_UM_PER_PX = 0.16
"""Of the view, at least: the pixel of the stored crops; a platelet spans 12."""
WORK_SIDE_PX = 400
"""Of the longer side, about, where the scale is not known: a field of 50 to 100 µm."""
SMOOTH_SIGMA_PX = 1.0
"""Chromatin's texture and JPEG blocks drop out, the edge of a nucleus stays: best
Dice among 0.4 to 2.0 on hand-drawn nuclei."""
STAIN = np.array([[-0.25, -0.75, 0.5]], np.float32)
"""How nuclear a colour is: twice blue above green, plus the lack of red and of green,
over four. Of six such sums the one whose best threshold agrees best with hand-drawn
nuclei of three sets."""
STAIN_OF_BLACK = 127.5
STAIN_OF_PLASMA = STAIN_OF_BLACK + float(STAIN.sum()) * PLASMA_LEVEL


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A frame as segmentation sees it; h = H // factor, w = W // factor.

    Attributes:
        smooth: (h, w, 3) uint8 RGB, plasma at PLASMA_LEVEL.
        violet: (h, w) uint8, blue above green; of marrow half of that and half of what
            green lacks, for dark nuclei have no blue left.
        redness: (h, w) uint8, red above blue.
        dark: (h, w) uint8, what the darkest channel lacks of white.
        factor: Pixels of the frame along one pixel of the view.
        frame_shape: (H, W) of the frame.
        scale_um_per_px: Of the view's pixel; None where not known.
        in_marrow: The frame shows marrow, whose cells are crowded.
    """

    smooth: U8
    violet: U8
    redness: U8
    dark: U8
    factor: int
    frame_shape: tuple[int, int]
    scale_um_per_px: float | None
    in_marrow: bool = False


def view_of(
    pixels: npt.NDArray[np.generic],
    scale_um_per_px: float | None = None,
    *,
    in_marrow: bool = False,
) -> View:
    """Prepare a frame.

    Args:
        pixels: (H, W, 3) uint8 RGB; other numbers are taken as 0..255 and what is no
            number as black.
        scale_um_per_px: Micrometres per pixel of the frame; None: not known.
        in_marrow: The frame shows marrow: its pixel is the nearest whole multiple of
            the frame's to WORK_UM_PER_PX, and not the next smaller, so that chromatin
            and granules drop out.
    """
    frame = as_uint8(pixels)
    factor = _factor(frame.shape, scale_um_per_px, in_marrow=in_marrow)
    small = _reduce(frame, factor)
    even = even_out(small, estimate_flat_field(small))
    smooth = cv2.GaussianBlur(white_balance(even), (0, 0), SMOOTH_SIGMA_PX)
    red, green, blue = cv2.split(smooth)
    darkest = cv2.min(cv2.min(red, green), blue)
    return View(
        smooth=np.asarray(smooth, np.uint8),
        violet=_violet(smooth, in_marrow=in_marrow),
        redness=np.asarray(cv2.subtract(red, blue), np.uint8),
        dark=np.asarray(cv2.bitwise_not(darkest), np.uint8),
        factor=factor,
        frame_shape=(frame.shape[0], frame.shape[1]),
        scale_um_per_px=scale_um_per_px and scale_um_per_px * factor,
        in_marrow=in_marrow,
    )


def stain_of(colours: U8) -> U8:
    """Return how nuclear colours are, (h, w) uint8 from 0 over STAIN_OF_PLASMA up.

    Args:
        colours: (h, w, 3) uint8 RGB of a view.
    """
    matrix = np.append(STAIN, [[STAIN_OF_BLACK]], axis=1)
    return np.asarray(cv2.transform(colours, matrix), np.uint8)


def as_uint8(pixels: npt.NDArray[np.generic]) -> U8:
    """Return pixels as uint8: other numbers rounded and clipped, NaN as 0."""
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    levels = np.nan_to_num(pixels.astype(np.float32), nan=0.0)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _violet(smooth: "cv2.typing.MatLike", *, in_marrow: bool) -> U8:
    _, green, blue = cv2.split(smooth)
    violet = np.asarray(cv2.subtract(blue, green), np.uint8)
    if not in_marrow:
        return violet
    lack = cv2.subtract(np.full_like(green, PLASMA_LEVEL), green)
    return np.asarray(cv2.addWeighted(violet, 0.5, lack, 0.5, 0), np.uint8)


def _factor(
    shape: tuple[int, ...], scale_um_per_px: float | None, *, in_marrow: bool
) -> int:
    if scale_um_per_px:
        times = WORK_UM_PER_PX / scale_um_per_px
        factor = round(times) if in_marrow else int(times)
    else:
        factor = round(max(shape[:2]) / WORK_SIDE_PX)
    return max(1, min(factor, *shape[:2]))


def _reduce(frame: U8, factor: int) -> U8:
    """Average blocks of factor x factor pixels; an incomplete rim is left out."""
    h, w = frame.shape[0] // factor, frame.shape[1] // factor
    if factor == 1:
        return frame
    whole = frame[: h * factor, : w * factor]
    return np.asarray(cv2.resize(whole, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
