"""Stored cells for a bundle's self-test: drawn by code, so that no image travels.

A model of the simulated slide knows that slide's cells, so its own are half blasts and
half normal ones from there, and the page's "most alike" shows both. For real blood no
image may travel; there they are ellipses of many sizes and textures.
"""

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import Domain
from leukoscope_edge.vision import Colour, CropSpec, finish_crop
from leukoscope_train.data import BLAST, NORMAL, crops_of_slides

N_GOLDEN = 16


def golden_cells(domain: Domain, spec: CropSpec) -> U8:
    """Return (16, side, side, 3) uint8 cells for a bundle.

    Args:
        domain: What the model was made for.
        spec: How it wants its crops.
    """
    match domain:
        case "simulated":
            return simulated_crops(spec)
        case "real":
            return golden_crops(spec.side_px, spec.colour)


def simulated_crops(spec: CropSpec) -> U8:
    """Return (16, side, side, 3) uint8 cells of a simulated slide, blasts first."""
    found = crops_of_slides(1, spec)
    cells = [found.pixels[found.labels == label] for label in (BLAST, NORMAL)]
    n_each = N_GOLDEN // len(cells)
    apart = [c[np.linspace(0, len(c) - 1, n_each).astype(int)] for c in cells]
    return np.concatenate(apart)


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
    return finish_crop(level, inside, colour)
