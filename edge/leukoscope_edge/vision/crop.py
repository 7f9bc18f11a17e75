"""The crop: one cell cut out on black at a fixed physical scale, colours made alike.

Training calls this same function, so the picture that the network learned is the
picture that the device shows it. It decides how a cell is cut, scaled and coloured;
it does not decide what a cell is (`segmentation`) nor how pixels become the
network's numbers (the card's mean and std, applied by the engine).

The light can be taken out first (`CropSpec.light`): the flat field where uneven, then
one factor a channel that moves the plasma to one white. Frames and tiles of a single
cell are treated alike, so that laboratories with other lamps and cameras look alike.

Two ways of colour:

* `masked`: the cell's own colours, everything else black.
* `masked-standardised`: inside the cell every channel is moved to the same mean and
  the same standard deviation. Stain strength, lamp colour and exposure then drop
  out, at the price of the cell's absolute darkness and hue.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import F32, I32, U8, BoolArray
from leukoscope_edge.vision.flatfield import MAX_GAIN, FlatField, estimate_flat_field

Dtype = TypeVar("Dtype", bound=np.generic)
Colour = Literal["masked", "masked-standardised"]
Light = Literal["as-lit", "white-balanced"]

TARGET_MEAN = 128.0
"""Grey level of every channel's mean inside a standardised cell: mid-scale."""
TARGET_STD = 36.0
"""Grey levels; 3.5 standard deviations fit on either side of the mean."""
MIN_STD = 4.0
"""Grey levels. A flatter channel is noise (8-bit and JPEG steps) and is not
stretched to full contrast."""
COVER = 0.5
"""A crop's pixel belongs to the cell where the mask covers at least half of it."""
RIM_UM = 0.3
"""Trimmed off the mask: the halo of plasma that blur and resampling leave."""
WHITE_PERCENTILE = 92.0
"""Of each channel over the frame: plasma, in fields and in tiles of a single cell."""
WHITE_LEVEL = 235.0
"""Grey level that the plasma is moved to: bright, with room before clipping."""
MAX_WHITE_GAIN = 4.0
"""A channel below a quarter of white is dead or the frame is black: left as it is."""
WHITE_SAMPLES = 160
"""Rows and columns that the percentile is taken from, about: 25,600 pixels."""
STRING_UM = 2.0
"""Parts of a mask narrower than this are no cell: red cells' rims, stain, tails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSpec:
    """How a crop is cut; the card's input entry says the same.

    Attributes:
        side_px: The crop is side x side pixels.
        scale_um_per_px: Physical size of a crop's pixel.
        colour: How colours are made alike; see the module.
        light: Whether the light of the whole frame is taken out before the cut.
    """

    side_px: int
    scale_um_per_px: float
    colour: Colour
    light: Light = "as-lit"


def cut_crop(
    pixels: U8,
    mask: BoolArray,
    centre_px: tuple[float, float],
    scale_um_per_px: float,
    spec: CropSpec,
) -> U8:
    """Cut one cell out of a frame.

    Args:
        pixels: (H, W, 3) uint8 RGB, the frame.
        mask: (H, W) bool, the whole cell (nucleus and cytoplasm).
        centre_px: (x, y) in the frame that becomes the middle of the crop.
        scale_um_per_px: Physical size of the frame's pixel.
        spec: The size, scale and colour of the crop.

    Returns:
        (side, side, 3) uint8 RGB; 0 outside the cell, at least 1 inside.

    Raises:
        ValueError: The shapes disagree, or a scale is not positive.
    """
    return cut_labelled(pixels, mask, True, centre_px, scale_um_per_px, spec)


def cut_labelled(
    pixels: U8,
    labels: BoolArray | I32,
    label: int,
    centre_px: tuple[float, float],
    scale_um_per_px: float,
    spec: CropSpec,
) -> U8:
    """Cut the cell of one label out of a frame; only its window is looked at.

    Args:
        pixels: (H, W, 3) uint8 RGB, the frame.
        labels: (H, W), the label of the cell that each pixel belongs to.
        label: The cell.
        centre_px: As for `cut`, and so the rest, what it returns and raises.
        scale_um_per_px: Physical size of the frame's pixel.
        spec: The size, scale and colour of the crop.
    """
    if pixels.shape != (*labels.shape, 3):
        raise ValueError(f"crop: pixels {pixels.shape}, but mask {labels.shape}")
    window = _window_at(centre_px, scale_um_per_px, spec)
    inside = np.asarray(window.of(labels) == label, np.bool_)
    own = window.of(pixels)
    if spec.light == "white-balanced":
        own = _balanced(own, window, light_of(pixels))
    colours, covered = _resample(own, inside, spec.side_px)
    return finish_crop(colours, _tidy(covered, spec.scale_um_per_px), spec.colour)


@dataclass(frozen=True, slots=True)
class FrameLight:
    """The light of a frame.

    Attributes:
        gains: (3,) float32, factors of R, G and B that make the plasma white.
        flat: How it varies over the frame; None where it is even.
        shape: (H, W) of the frame.
    """

    gains: F32
    flat: FlatField | None
    shape: tuple[int, int]


def light_of(pixels: U8) -> FrameLight:
    """Estimate the light of a frame from its plasma.

    Args:
        pixels: (H, W, 3) uint8 RGB, a whole frame or a tile around one cell.

    Source: after Tek et al., arXiv 1607.04032 (plasma as the white reference).
    """
    shape = (pixels.shape[0], pixels.shape[1])
    step = max(1, min(shape) // WHITE_SAMPLES)
    sample = np.ascontiguousarray(pixels[::step, ::step])
    flat = estimate_flat_field(pixels)
    if flat is not None:
        whole = _Window(0, 0, max(sample.shape[:2]))
        gain = _gain_in(whole, flat, (sample.shape[0], sample.shape[1]))
        level = sample * gain[: sample.shape[0], : sample.shape[1]]
        sample = np.clip(np.rint(level), 0, 255).astype(np.uint8)
    white = np.percentile(sample.reshape(-1, 3), WHITE_PERCENTILE, axis=0)
    gains = WHITE_LEVEL / np.maximum(white, 1.0)
    gains = np.where(gains <= MAX_WHITE_GAIN, gains, 1.0)
    return FrameLight(gains.astype(np.float32), flat, shape)


def finish_crop(colours: F32, inside: BoolArray, colour: Colour) -> U8:
    """Do the last step of a crop: make colours alike and blacken the surroundings.

    Public because training varies cells before this step, never after it.

    Args:
        colours: (H, W, 3) float32 RGB, 0..255.
        inside: (H, W) bool, the cell.
        colour: How colours are made alike.

    Returns:
        (H, W, 3) uint8 RGB; 0 outside the cell, at least 1 inside.
    """
    at = np.flatnonzero(inside)
    cell = colours.reshape(-1, 3).take(at, axis=0)
    if colour == "masked-standardised" and len(cell):
        cell = _standardise(cell)
    crop = np.zeros((inside.size, 3), np.uint8)
    # 0 means "not cell", so the darkest pixel of a cell stays at 1.
    crop[at] = np.clip(np.rint(cell), 1, 255).astype(np.uint8)
    return crop.reshape(colours.shape)


def cut_view(
    pixels: U8, centre_px: tuple[float, float], scale_um_per_px: float, spec: CropSpec
) -> U8:
    """Cut the same place with its surroundings and own colours, for people to see.

    Args:
        pixels: (H, W, 3) uint8 RGB, the frame.
        centre_px: (x, y) in the frame that becomes the middle of the view.
        scale_um_per_px: Physical size of the frame's pixel.
        spec: Size and scale of the view; its colour is not used.

    Returns:
        (side, side, 3) uint8 RGB; 0 beyond the frame.
    """
    window = _window_at(centre_px, scale_um_per_px, spec)
    inside = window.of(np.broadcast_to(np.True_, pixels.shape[:2]))
    if not inside.all():
        colours, covered = _resample(window.of(pixels), inside, spec.side_px)
        return finish_crop(colours, _tidy(covered, spec.scale_um_per_px), "masked")
    whole = _resized(window.of(pixels).astype(np.float32), spec.side_px)
    colours = whole / _thrice(_cover_of_all(window.side_px, spec.side_px))
    return np.asarray(np.clip(np.rint(colours), 1, 255), np.uint8)


@dataclass(frozen=True, slots=True)
class _Window:
    """A square of a frame, which may reach beyond it; what lies there is not cell."""

    x0: int
    y0: int
    side_px: int

    def of(self, image: npt.NDArray[Dtype]) -> npt.NDArray[Dtype]:
        """Return (side, side, ...) of an image, 0 beyond it."""
        height, width = image.shape[:2]
        top, bottom = (
            min(max(y, 0), height) for y in (self.y0, self.y0 + self.side_px)
        )
        left, right = (min(max(x, 0), width) for x in (self.x0, self.x0 + self.side_px))
        part = image[top:bottom, left:right]
        if part.shape[:2] == (self.side_px, self.side_px):
            return part
        found = np.zeros((self.side_px, self.side_px, *image.shape[2:]), image.dtype)
        found[top - self.y0 : bottom - self.y0, left - self.x0 : right - self.x0] = part
        return found


def _balanced(colours: U8, window: _Window, light: FrameLight) -> U8:
    """Return a window's colours (side, side, 3) with the light taken out."""
    level = colours * light.gains
    if light.flat is not None:
        level *= _gain_in(window, light.flat, light.shape)
    return np.asarray(np.clip(np.rint(level), 0, 255), np.uint8)


def _gain_in(window: _Window, flat: FlatField, shape: tuple[int, int]) -> F32:
    """Return (side, side, 3), what evens out the light at each pixel of a window."""
    height, width = flat.light.shape[:2]
    along = (width / shape[1], height / shape[0])
    at = np.arange(window.side_px, dtype=np.float32) + 0.5
    x, y = (
        (at + o) * a - 0.5 for o, a in zip((window.x0, window.y0), along, strict=True)
    )
    columns, rows = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    light = cv2.remap(
        flat.light,
        columns,
        rows,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(1 / np.maximum(light, 1 / MAX_GAIN), np.float32)


def _window_at(
    centre_px: tuple[float, float], scale_um_per_px: float, spec: CropSpec
) -> _Window:
    """Return the square around a centre that a crop shows."""
    if not (scale_um_per_px > 0 and spec.scale_um_per_px > 0):
        raise ValueError(
            f"crop: scales must be positive, got {scale_um_per_px} and "
            f"{spec.scale_um_per_px}"
        )
    side_px = max(1, round(spec.side_px * spec.scale_um_per_px / scale_um_per_px))
    x0, y0 = (round(c - side_px / 2) for c in centre_px)
    return _Window(x0, y0, side_px)


def _resample(colours: U8, inside: BoolArray, side_px: int) -> tuple[F32, BoolArray]:
    """Resample the cell's own colours; its surroundings never bleed into its rim."""
    cover = _resized(inside.astype(np.float32), side_px)
    cell = cv2.bitwise_and(colours, colours, mask=inside.view(np.uint8))
    mixed = _resized(np.asarray(cell, np.float32), side_px)
    return mixed / _thrice(np.maximum(cover, 1e-6)), cover >= COVER


@lru_cache(maxsize=4)
def _cover_of_all(window_px: int, side_px: int) -> F32:
    """Return the cover of a window that is cell all over: one, but for rounding."""
    return _resized(np.ones((window_px, window_px), np.float32), side_px)


def _thrice(plane: F32) -> F32:
    """Return (H, W, 3) of (H, W); numpy is slow at stretching the last axis."""
    return np.asarray(cv2.merge([plane] * 3), np.float32)


def _resized(image: F32, side_px: int) -> F32:
    way = cv2.INTER_AREA if side_px < len(image) else cv2.INTER_LINEAR
    size = (side_px, side_px)
    return np.asarray(cv2.resize(image, size, interpolation=way), np.float32)


def _tidy(inside: BoolArray, scale_um_per_px: float) -> BoolArray:
    """Trim the rim, cut off strings and touching neighbours' tips, fill holes.

    Segmenters draw ragged rims, each in its own way; after this a mask tells the
    network little of where it came from.
    """
    rim = _disc(RIM_UM / scale_um_per_px)
    trimmed = cv2.erode(inside.astype(np.uint8), rim)
    string = _disc(STRING_UM / 2 / scale_um_per_px)
    whole = cv2.morphologyEx(trimmed, cv2.MORPH_OPEN, string)
    contours, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return inside
    tidy = np.zeros(inside.shape, np.uint8)
    largest = max(contours, key=cv2.contourArea)
    cv2.drawContours(tidy, [largest], -1, 1, cv2.FILLED)
    return tidy.astype(np.bool_)


def _disc(radius_px: float) -> U8:
    side_px = 2 * max(1, round(radius_px)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px))
    return np.asarray(disc, np.uint8)


def _standardise(cell: F32) -> F32:
    """Move every channel's mean and standard deviation to the fixed values.

    Args:
        cell: (N, 3) float32 RGB, the pixels of the cell.
    """
    gain = TARGET_STD / np.maximum(cell.std(axis=0), MIN_STD)
    alike = (cell - cell.mean(axis=0)) * gain + TARGET_MEAN
    return np.asarray(alike, np.float32)
