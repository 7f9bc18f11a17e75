"""The crop: one cell cut out on black at a fixed physical scale, colours made alike.

Training calls this same function, so the picture that the network learned is the
picture that the device shows it. It decides how a cell is cut, scaled and coloured;
it does not decide what a cell is (`segmentation`) nor how pixels become the
network's numbers (the card's mean and std, applied by the engine).

Two ways of colour:

* `masked`: the cell's own colours, everything else black.
* `masked-standardised`: inside the cell every channel is moved to the same mean and
  the same standard deviation. Stain strength, lamp colour and exposure then drop
  out, at the price of the cell's absolute darkness and hue.
"""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from leukoscope_edge.types import F32, U8, BoolArray

Colour = Literal["masked", "masked-standardised"]

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
STRING_UM = 2.0
"""Parts of a mask narrower than this are no cell: red cells' rims, stain, tails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSpec:
    """How a crop is cut; the card's input entry says the same.

    Attributes:
        side_px: The crop is side x side pixels.
        scale_um_per_px: Physical size of a crop's pixel.
        colour: How colours are made alike; see the module.
    """

    side_px: int
    scale_um_per_px: float
    colour: Colour


def cut(
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
    if pixels.shape != (*mask.shape, 3):
        raise ValueError(f"crop: pixels {pixels.shape}, but mask {mask.shape}")
    if not (scale_um_per_px > 0 and spec.scale_um_per_px > 0):
        raise ValueError(
            f"crop: scales must be positive, got {scale_um_per_px} and "
            f"{spec.scale_um_per_px}"
        )
    window_px = max(1, round(spec.side_px * spec.scale_um_per_px / scale_um_per_px))
    window = _window(pixels, mask, centre_px, window_px)
    colours, inside = _resample(*window, spec.side_px)
    return finish(colours, _tidy(inside, spec.scale_um_per_px), spec.colour)


def finish(colours: F32, inside: BoolArray, colour: Colour) -> U8:
    """Do the last step of a crop: make colours alike and blacken the surroundings.

    Public because training varies cells before this step, never after it.

    Args:
        colours: (H, W, 3) float32 RGB, 0..255.
        inside: (H, W) bool, the cell.
        colour: How colours are made alike.

    Returns:
        (H, W, 3) uint8 RGB; 0 outside the cell, at least 1 inside.
    """
    if colour == "masked-standardised":
        colours = _standardise(colours, inside)
    # 0 means "not cell", so the darkest pixel of a cell stays at 1.
    crop = np.where(inside[..., None], np.clip(np.rint(colours), 1, 255), 0)
    return crop.astype(np.uint8)


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
    return cut(
        pixels,
        np.ones(pixels.shape[:2], np.bool_),
        centre_px,
        scale_um_per_px,
        replace(spec, colour="masked"),
    )


def _window(
    pixels: U8, mask: BoolArray, centre_px: tuple[float, float], side_px: int
) -> tuple[U8, BoolArray]:
    """Cut a square around the centre; what lies beyond the frame is not cell."""
    x0, y0 = (round(c - side_px / 2) for c in centre_px)
    height, width = mask.shape
    top, bottom = np.clip([y0, y0 + side_px], 0, height)
    left, right = np.clip([x0, x0 + side_px], 0, width)
    colours = np.zeros((side_px, side_px, 3), np.uint8)
    inside = np.zeros((side_px, side_px), np.bool_)
    here = np.s_[top - y0 : bottom - y0, left - x0 : right - x0]
    colours[here] = pixels[top:bottom, left:right]
    inside[here] = mask[top:bottom, left:right]
    return colours, inside


def _resample(colours: U8, inside: BoolArray, side_px: int) -> tuple[F32, BoolArray]:
    """Resample the cell's own colours; its surroundings never bleed into its rim."""
    way = cv2.INTER_AREA if side_px < len(inside) else cv2.INTER_LINEAR
    size = (side_px, side_px)
    weight = inside.astype(np.float32)
    cover = cv2.resize(weight, size, interpolation=way)
    cell = colours.astype(np.float32) * weight[..., None]
    mixed = cv2.resize(cell, size, interpolation=way)
    own = mixed / np.maximum(cover, 1e-6)[..., None]
    return own.astype(np.float32), cover >= COVER


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


def _standardise(colours: F32, inside: BoolArray) -> F32:
    """Move every channel's mean and standard deviation to the fixed values."""
    cell = colours[inside]
    if len(cell) == 0:
        return colours
    gain = TARGET_STD / np.maximum(cell.std(axis=0), MIN_STD)
    alike = (colours - cell.mean(axis=0)) * gain + TARGET_MEAN
    return np.asarray(alike, np.float32)
