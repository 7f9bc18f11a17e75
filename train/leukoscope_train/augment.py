"""What may happen to a cell before the device sees it, done to its crop.

Crops come in with their own colours (`masked`) on a canvas with a margin and leave as
the network's input side. The order is the device's: first the cell is turned, scaled
and shifted, the mask is drawn a little wrong, optics and sensor do their part, and
colour is made alike last, by the device's own `leukoscope_edge.vision.crop.finish`.
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from leukoscope_edge.types import F32, U8
from leukoscope_edge.vision.crop import COVER, Colour, finish

Contrast = Literal["none", "clahe"]
CLAHE_LIMIT = 2.0
CLAHE_TILES = (4, 4)
"""Contrast-limited adaptive histogram equalisation, as OpenCV's tutorial sets it, on
tiles of a quarter of the side: about a nucleus each.

Source: Zuiderveld 1994.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How strongly cells are varied; every entry is a largest value.

    Attributes:
        scale: Of the size, as a fraction: covers an uncertain um per pixel.
        shift: Of the place, as a fraction of the side.
        rim_px: Of the mask's rim, in pixels inwards and outwards.
        blur_px: Standard deviation of the Gaussian blur.
        noise: Standard deviation of sensor noise, in grey levels.
        mix: Standard deviation of the off-diagonal terms by which the stain and the
            camera's filters mix the channels.
        gain: Of each channel's brightness, as the logarithm of a factor.
        gamma: Of the tone curve, as a fraction.
        jpeg: Share of cells that are compressed.
    """

    scale: float = 0.12
    shift: float = 0.08
    rim_px: float = 2.5
    blur_px: float = 1.6
    noise: float = 3.0
    mix: float = 0.08
    gain: float = 0.2
    gamma: float = 0.3
    jpeg: float = 0.15


def vary(
    crop: U8,
    side_px: int,
    colour: Colour,
    recipe: Recipe,
    random: np.random.Generator,
    contrast: Contrast = "none",
) -> U8:
    """Return one varied crop, (side, side, 3) uint8 RGB, 0 outside the cell.

    Args:
        crop: (canvas, canvas, 3) uint8 RGB with its own colours, 0 outside.
        side_px: Side of the result, at the canvas's scale.
        colour: How colour is made alike at the end.
        recipe: How strongly the cell is varied.
        random: Where chance comes from.
        contrast: How local contrast is raised after that.
    """
    crop = _compress(crop, recipe.jpeg, random)
    level, inside = _move(crop, side_px, recipe, random)
    level, inside = _redraw_rim(level, inside, recipe.rim_px, random)
    level = _tint(level, recipe, random)
    level = _blur(level, recipe.blur_px, random)
    strength = recipe.noise * random.random(dtype=np.float32)
    level += strength * random.standard_normal(level.shape, dtype=np.float32)
    return _raise_contrast(finish(level, inside >= COVER, colour), contrast)


def keep(crop: U8, side_px: int, colour: Colour, contrast: Contrast = "none") -> U8:
    """Return the middle of an unvaried crop, (side, side, 3) uint8 RGB."""
    margin = (crop.shape[0] - side_px) // 2
    middle = crop[margin : margin + side_px, margin : margin + side_px]
    kept = finish(middle.astype(np.float32), middle.max(axis=2) > 0, colour)
    return _raise_contrast(kept, contrast)


def _raise_contrast(crop: U8, contrast: Contrast) -> U8:
    """Equalise lightness tile by tile; the surroundings stay black."""
    if contrast == "none":
        return crop
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(CLAHE_LIMIT, CLAHE_TILES).apply(lab[..., 0])
    raised = np.maximum(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 1)
    inside = crop.max(axis=2, keepdims=True) > 0
    return np.where(inside, raised, 0).astype(np.uint8)


def _compress(crop: U8, share: float, random: np.random.Generator) -> U8:
    if random.random() >= share:
        return crop
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(50, 95))]
    _, data = cv2.imencode(".jpg", crop, quality)
    squeezed = np.maximum(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), 1)
    inside = crop.max(axis=2, keepdims=True) > 0
    return np.where(inside, squeezed, 0).astype(np.uint8)


def _either_way(random: np.random.Generator, largest: float) -> float:
    return float(random.uniform(-largest, largest))


def _move(
    crop: U8, side_px: int, recipe: Recipe, random: np.random.Generator
) -> tuple[F32, F32]:
    """Turn freely, flip, scale and shift; a cell's colours never mix with black."""
    zoom = math.exp(_either_way(random, recipe.scale))
    angle = _either_way(random, math.pi)
    turn = zoom * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    if random.random() < 0.5:
        turn[:, 0] *= -1
    shift = random.uniform(-recipe.shift, recipe.shift, 2) * side_px
    middle = (crop.shape[0] - 1) / 2
    place = (side_px - 1) / 2 + shift - turn @ [middle, middle]
    matrix = np.column_stack([turn, place])
    inside = (crop.max(axis=2, keepdims=True) > 0).astype(np.float32)
    layers = np.dstack([crop.astype(np.float32), inside])
    moved = cv2.warpAffine(layers, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR)
    cover = moved[..., 3]
    level = moved[..., :3] / np.maximum(cover, 1e-3)[..., None]
    return level.astype(np.float32), np.asarray(cover >= COVER, np.float32)


def _redraw_rim(
    level: F32, inside: F32, rim_px: float, random: np.random.Generator
) -> tuple[F32, F32]:
    """Move the mask's rim in or out, unevenly, as a segmenter would.

    What comes in from outside is paler than the cell, by chance in each one.
    """
    side_px = len(inside)
    coarse = random.standard_normal((8, 8), dtype=np.float32)
    rough = cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    # Across a straight rim a mask blurred by s falls by 0.4 / s a pixel, so that a
    # change of 0.35 in the threshold moves the rim by about one s.
    threshold = 0.5 + _either_way(random, 0.35) + 0.08 * rough
    drawn = cv2.GaussianBlur(inside, (0, 0), rim_px) > np.maximum(threshold, 0.1)
    n_px = max(1.0, float(inside.sum()))
    mean = (level * inside[..., None]).sum(axis=(0, 1)) / n_px
    ground = np.minimum(mean * random.uniform(1, 2.5), 250)
    filled = np.where(inside[..., None] > 0, level, ground)
    return filled.astype(np.float32), drawn.astype(np.float32)


def _tint(level: F32, recipe: Recipe, random: np.random.Generator) -> F32:
    """Change the tone curve and mix the channels, as stain and camera do."""
    gamma = math.exp(_either_way(random, recipe.gamma))
    toned = cv2.pow(np.maximum(level, 0) / np.float32(255), gamma)
    mixer = np.eye(3) + recipe.mix * random.standard_normal((3, 3))
    gain = 255 * np.exp(random.uniform(-recipe.gain, recipe.gain, 3))
    return np.asarray(cv2.transform(toned, mixer * gain[:, None]), np.float32)


def _blur(level: F32, largest_px: float, random: np.random.Generator) -> F32:
    """Blur three cells in four; surroundings bleed in, as they do in a real frame."""
    sigma_px = float(random.uniform(-largest_px / 3, largest_px))
    if sigma_px < 0.2:
        return level
    return np.asarray(cv2.GaussianBlur(level, (0, 0), sigma_px), np.float32)
