"""Stored cells for a bundle's self-test: drawn by code, so that no image travels."""

import cv2
import numpy as np

from leukoscope_edge.types import U8
from leukoscope_edge.vision.crop import Colour, finish

N_GOLDEN = 16


def golden_crops(side_px: int, colour: Colour, *, seed: int = 16) -> U8:
    """Return (16, side, side, 3) uint8 synthetic cells of many sizes and textures."""
    random = np.random.default_rng(seed)
    return np.stack([_cell(side_px, colour, random) for _ in range(N_GOLDEN)])


def _cell(side_px: int, colour: Colour, random: np.random.Generator) -> U8:
    y, x = np.mgrid[:side_px, :side_px] - (side_px - 1) / 2
    long, short = side_px * random.uniform(0.16, 0.42) * random.uniform(0.8, 1, 2)
    inside = (x / long) ** 2 + (y / short) ** 2 <= 1
    off = random.uniform(-0.3, 0.3, 2) * short
    nucleus = np.hypot(x - off[0], y - off[1]) <= random.uniform(0.4, 1) * short
    noise = random.standard_normal((side_px, side_px, 3)).astype(np.float32)
    texture = 40 * cv2.GaussianBlur(noise, (0, 0), random.uniform(1, 4))
    ground = np.where(nucleus[..., None], (70, 30, 90), (150, 130, 190))
    level = (ground + texture + 4 * noise).astype(np.float32)
    return finish(level, inside, colour)
