"""Stored cells for a bundle's self-test: drawn by code, so that no image travels.

Half of them the network calls blast and half normal, so that one which has lost a class
is found out, and the page's "most alike" shows both. A model of the simulated slide
knows that slide's cells, so its own are from there. For real blood no image may travel;
there they are chosen from ellipses of many sizes, stains and textures.
"""

import io
from collections.abc import Callable

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.types import Domain
from leukoscope_edge.vision import Colour, CropSpec, finish_crop
from leukoscope_train.data import BLAST, NORMAL, crops_of_slides

N_GOLDEN = 16
N_DRAWN = 256
"""Of these the two ends are taken. Each shipped network calls a few blast."""


def golden_cells(domain: Domain, spec: CropSpec, p_blast_of: Callable[[U8], F64]) -> U8:
    """Return (16, side, side, 3) uint8 cells for a bundle, blasts first.

    Args:
        domain: What the model was made for.
        spec: How it wants its crops.
        p_blast_of: The network's word on crops, (N,).
    """
    match domain:
        case "simulated":
            return simulated_crops(spec)
        case "real":
            return at_both_ends(drawn_crops(spec.side_px, spec.colour), p_blast_of)


def golden_bytes(crops: U8, answers: dict[str, F32]) -> bytes:
    """Return the file of a bundle's stored cells.

    Args:
        crops: (N, side, side, 3) uint8 RGB.
        answers: (N, A) logits by their name in the file.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, crops=crops, **answers)
    return buffer.getvalue()


def simulated_crops(spec: CropSpec) -> U8:
    """Return (16, side, side, 3) uint8 cells of a simulated slide, blasts first."""
    found = crops_of_slides(1, spec)
    cells = [found.pixels[found.labels == label] for label in (BLAST, NORMAL)]
    n_each = N_GOLDEN // len(cells)
    apart = [c[np.linspace(0, len(c) - 1, n_each).astype(int)] for c in cells]
    return np.concatenate(apart)


def at_both_ends(crops: U8, p_blast_of: Callable[[U8], F64]) -> U8:
    """Return the eight crops that are the likeliest blasts, then the eight least."""
    order = np.argsort(-p_blast_of(crops), kind="stable")
    half = N_GOLDEN // 2
    ends = np.concatenate([order[:half], order[-half:]])
    return np.asarray(crops[ends], np.uint8)


def drawn_crops(side_px: int, colour: Colour, *, seed: int = 16) -> U8:
    """Return (256, side, side, 3) uint8 drawn cells of many sizes, stains, textures."""
    random = np.random.default_rng(seed)
    return np.stack([_cell(side_px, colour, random) for _ in range(N_DRAWN)])


def _cell(side_px: int, colour: Colour, random: np.random.Generator) -> U8:
    y, x = np.mgrid[:side_px, :side_px] - (side_px - 1) / 2
    long, short = side_px * random.uniform(0.16, 0.45) * random.uniform(0.8, 1, 2)
    inside = (x / long) ** 2 + (y / short) ** 2 <= 1
    dx, dy = random.uniform(-0.2, 0.2, 2) * short
    share = random.uniform(0.4, 1)
    nucleus = ((x - dx) / long) ** 2 + ((y - dy) / short) ** 2 <= share**2
    stain = np.array((110, 60, 140)) * random.uniform(0.5, 1.6)
    ground = np.where(nucleus[..., None], stain, (170, 155, 205))
    level = ground + random.uniform(2, 25) * _grain(side_px, random)
    return finish_crop(np.clip(level, 0, 255).astype(np.float32), inside, colour)


def _grain(side_px: int, random: np.random.Generator) -> F32:
    """Return (side, side, 1) noise of spread 1 and of some grain."""
    noise = random.standard_normal((side_px, side_px)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), random.uniform(0.6, 4))
    return np.asarray(smooth / smooth.std(), np.float32)[..., None]
