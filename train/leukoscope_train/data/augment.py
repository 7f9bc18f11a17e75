"""What may happen to a cell before the device sees it, done to its crop.

Crops come in with their own colours (`masked`) on a canvas with a margin and leave as
the network's input side. The order is the device's: first the cell is turned, scaled
and shifted, the mask is drawn a little wrong, optics and sensor do their part, and
colour is made alike last, as the device's `vision.crop.finish_crop` does.

A batch is varied at once, on the processor or the GPU that trains; only JPEG, which
GPUs here have not, is done cell by cell beforehand (`compress`).
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from torch.nn import functional

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision import (
    COVER,
    MIN_STD,
    TARGET_MEAN,
    TARGET_STD,
    Colour,
    finish_crop,
)

Contrast = Literal["none", "clahe"]
CLAHE_LIMIT = 2.0
CLAHE_TILES = (4, 4)
"""Contrast-limited adaptive histogram equalisation, as OpenCV's tutorial sets it, on
tiles of a quarter of the side: about a nucleus each.

Source: Zuiderveld 1994.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
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
    crops: torch.Tensor,
    side_px: int,
    colour: Colour,
    recipe: Variation,
    chance: torch.Generator,
    contrast: Contrast = "none",
) -> torch.Tensor:
    """Return varied crops, (N, side, side, 3) uint8 RGB, 0 outside the cell.

    Args:
        crops: (N, canvas, canvas, 3) uint8 RGB with their own colours, 0 outside.
        side_px: Side of the result, at the canvas's scale.
        colour: How colour is made alike at the end.
        recipe: How strongly cells are varied.
        chance: Where chance comes from, on the device of the crops.
        contrast: How local contrast is raised after that.
    """
    draw = _Chance(len(crops), chance)
    level, inside = _move(crops, side_px, recipe, draw)
    level, inside = _redraw_rim(level, inside, recipe.rim_px, draw)
    level = _tint(level, recipe, draw)
    level = _blur(level, draw.uniform(-recipe.blur_px / 3, recipe.blur_px))
    level += recipe.noise * draw.uniform(0, 1) * draw.normal(3, side_px, side_px)
    alike = finish_batch(level, inside, colour)
    if contrast == "none":
        return alike
    raised = [_raise_contrast(crop, contrast) for crop in alike.cpu().numpy()]
    return torch.from_numpy(np.stack(raised)).to(alike.device)


def keep(crop: U8, side_px: int, colour: Colour, contrast: Contrast = "none") -> U8:
    """Return the middle of an unvaried crop, (side, side, 3) uint8 RGB."""
    margin = (crop.shape[0] - side_px) // 2
    middle = crop[margin : margin + side_px, margin : margin + side_px]
    kept = finish_crop(middle.astype(np.float32), middle.max(axis=2) > 0, colour)
    return _raise_contrast(kept, contrast)


def compress(crop: U8, share: float, random: np.random.Generator) -> U8:
    """Return a crop as JPEG leaves it, or in all but a share of the cases itself."""
    if random.random() >= share:
        return crop
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(50, 95))]
    _, data = cv2.imencode(".jpg", crop, quality)
    squeezed = np.maximum(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), 1)
    inside = crop.max(axis=2, keepdims=True) > 0
    return np.where(inside, squeezed, 0).astype(np.uint8)


def finish_batch(
    level: torch.Tensor, inside: torch.Tensor, colour: Colour
) -> torch.Tensor:
    """Do for a batch what the device's `finish` does for a cell, within a grey level.

    Args:
        level: (N, 3, side, side) float32 RGB, 0..255.
        inside: (N, 1, side, side) float32, 1 in the cell and 0 outside.
        colour: How colours are made alike.

    Returns:
        (N, side, side, 3) uint8 RGB; 0 outside the cell, at least 1 inside.
    """
    if colour == "masked-standardised":
        n_px = inside.sum((2, 3), keepdim=True).clamp(min=1)
        mean = (level * inside).sum((2, 3), keepdim=True) / n_px
        spread = ((level - mean).square() * inside).sum((2, 3), keepdim=True) / n_px
        gain = TARGET_STD / spread.sqrt().clamp(min=MIN_STD)
        level = (level - mean) * gain + TARGET_MEAN
    grey = level.round().clamp(1, 255) * inside
    return grey.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _raise_contrast(crop: U8, contrast: Contrast) -> U8:
    """Equalise lightness tile by tile; the surroundings stay black."""
    if contrast == "none":
        return crop
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(CLAHE_LIMIT, CLAHE_TILES).apply(lab[..., 0])
    raised = np.maximum(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 1)
    inside = crop.max(axis=2, keepdims=True) > 0
    return np.where(inside, raised, 0).astype(np.uint8)


class _Chance:
    """Draws for each of N cells, in shapes that spread over its channels and pixels."""

    def __init__(self, n_cells: int, generator: torch.Generator) -> None:
        self.n_cells, self.generator = n_cells, generator

    def uniform(self, low: float, high: float, n_channels: int = 1) -> torch.Tensor:
        """Return (N, n_channels, 1, 1)."""
        size = (self.n_cells, n_channels, 1, 1)
        device = self.generator.device
        drawn = torch.rand(size, generator=self.generator, device=device)
        return low + (high - low) * drawn

    def normal(self, *size: int) -> torch.Tensor:
        """Return (N, *size) of standard deviation 1."""
        device = self.generator.device
        return torch.randn(
            (self.n_cells, *size), generator=self.generator, device=device
        )


def _move(
    crops: torch.Tensor, side_px: int, recipe: Variation, draw: _Chance
) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn freely, flip, scale and shift; a cell's colours never mix with black.

    Returns:
        (N, 3, side, side) colours and (N, 1, side, side) whether a pixel is cell.
    """
    zoom = draw.uniform(-recipe.scale, recipe.scale).exp()[:, 0, 0]
    angle = draw.uniform(-math.pi, math.pi)[:, 0, 0]
    flip = torch.where(draw.uniform(0, 1) < 0.5, -1.0, 1.0)[:, 0, 0]
    shift = draw.uniform(-recipe.shift, recipe.shift, 2)[:, :, 0, 0] * side_px
    # Where each pixel of the result comes from: its place, turned back.
    place = torch.arange(side_px, device=crops.device) - (side_px - 1) / 2
    y, x = torch.meshgrid(place, place, indexing="ij")
    x = x.flatten() - shift[:, :1]
    y = y.flatten() - shift[:, 1:]
    from_x = flip * (angle.cos() * x + angle.sin() * y) / zoom
    from_y = (angle.cos() * y - angle.sin() * x) / zoom
    half_px = (crops.shape[1] - 1) / 2
    grid = torch.stack([from_x, from_y], dim=2).view(-1, side_px, side_px, 2)
    colours = crops.permute(0, 3, 1, 2).float()
    inside = (colours.amax(1, keepdim=True) > 0).float()
    layers = torch.cat([colours, inside], dim=1)
    moved = functional.grid_sample(layers, grid / half_px, align_corners=True)
    cover = moved[:, 3:]
    return moved[:, :3] / cover.clamp(min=1e-3), (cover >= COVER).float()


def _redraw_rim(
    level: torch.Tensor, inside: torch.Tensor, rim_px: float, draw: _Chance
) -> tuple[torch.Tensor, torch.Tensor]:
    """Move the mask's rim in or out, unevenly, as a segmenter would.

    What comes in from outside is paler than the cell, by chance in each one.
    """
    rough = functional.interpolate(
        draw.normal(1, 8, 8), inside.shape[2:], mode="bicubic"
    )
    # Across a straight rim a mask blurred by s falls by 0.4 / s a pixel, so that a
    # change of 0.35 in the threshold moves the rim by about one s.
    threshold = 0.5 + draw.uniform(-0.35, 0.35) + 0.08 * rough
    drawn = _blur(inside, torch.full_like(threshold[:, :, :1, :1], rim_px))
    n_px = inside.sum((2, 3), keepdim=True).clamp(min=1)
    mean = (level * inside).sum((2, 3), keepdim=True) / n_px
    ground = (mean * draw.uniform(1, 2.5)).clamp(max=250)
    filled = torch.where(inside > 0, level, ground)
    return filled, (drawn > threshold.clamp(min=0.1)).float()


def _tint(level: torch.Tensor, recipe: Variation, draw: _Chance) -> torch.Tensor:
    """Change the tone curve and mix the channels, as stain and camera do."""
    gamma = draw.uniform(-recipe.gamma, recipe.gamma).exp()
    toned = (level.clamp(min=0) / 255) ** gamma
    mixer = torch.eye(3, device=level.device) + recipe.mix * draw.normal(3, 3)
    gain = draw.uniform(-recipe.gain, recipe.gain, 3).exp()
    return 255 * gain * (mixer @ toned.flatten(2)).view_as(level)


def _blur(level: torch.Tensor, sigma_px: torch.Tensor) -> torch.Tensor:
    """Blur each cell by its own Gaussian; none or less means hardly at all.

    A blur along a side is a product with a matrix of weights, whose rows sum to 1
    up to the rim.

    Args:
        level: (N, C, side, side).
        sigma_px: (N, 1, 1, 1).
    """
    place = torch.arange(level.shape[2], device=level.device)
    apart = (place[:, None] - place[None, :]).float()
    weights = (-0.5 * (apart / sigma_px.clamp(min=0.2)).square()).exp()
    weights = weights / weights.sum(3, keepdim=True)
    return weights @ level @ weights.mT
