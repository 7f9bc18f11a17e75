"""Why the model said so: where in the crop its word comes from.

The shipped networks are int8 files without inner outputs, so no class activation can
be read from them. An occlusion map asks the same question from outside and of any
model: each part of the cell is covered in turn, and the map shows how much the margin
for blast falls when it is.
"""

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference.classifier import answers_to
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.inference.views import as_it_lies

N_STEPS = 9
"""Covered places along a side: with a third of the side covered, each pixel is covered
nine times, and a cell takes 81 runs of a network of a few milliseconds."""
COVERED = 1 / 3
"""Part of the side that is covered at once; a nucleus's lobe, about."""
SMOOTHED = 1 / 20
"""Sigma over the side: takes the steps of the covered windows out of the picture."""
WARM, COLD = (255.0, 110.0, 0.0), (0.0, 110.0, 255.0)
"""RGB; orange and blue are told apart by all common kinds of colour vision."""
MOST_COVER = 0.7


def occlusion_map(engine: Engine, crop: U8) -> F32:
    """Return how much each place of a crop speaks for blast.

    Of the crop as it lies, also where the call is a mean over turned views: four times
    as many runs would keep a reader waiting.

    Args:
        engine: The model.
        crop: (side, side, 3) uint8 RGB; 0 outside the cell.

    Returns:
        (side, side) float32, in logits: how far the margin of blast over normal falls
        where the place is covered. Positive speaks for blast, negative for normal, 0
        outside the cell.

    Source: Zeiler and Fergus 2014, section 4.2.
    """
    side = crop.shape[0]
    cell = crop.max(axis=2) > 0
    if not cell.any():
        return np.zeros((side, side), np.float32)
    cover = np.rint(crop[cell].mean(axis=0)).astype(np.uint8)
    windows = _windows(side)
    engine = as_it_lies(engine)
    covered = np.stack([_covered(crop, cell, w, cover) for w in windows])
    margins = _margins(engine, np.concatenate([crop[None], covered]))
    total = np.zeros((side, side), np.float32)
    n_covered = np.zeros((side, side), np.float32)
    for window, margin in zip(windows, margins[1:], strict=True):
        total[window] += margins[0] - margin
        n_covered[window] += 1
    mean: F32 = np.where(cell, total / np.maximum(n_covered, 1), 0)
    return mean.astype(np.float32)


def heat_picture(view: U8, occlusion: F32) -> U8:
    """Return a picture with a map over it: warm for blast, cold for normal.

    Args:
        view: (S, S, 3) uint8 RGB, showing the same place as the crop, at any size.
        occlusion: (side, side) float32, of `occlusion_map`.

    Returns:
        (S, S, 3) uint8 RGB; the stronger a place speaks, the less of it shows through.
    """
    size = (view.shape[1], view.shape[0])
    smooth = cv2.GaussianBlur(occlusion, (0, 0), occlusion.shape[0] * SMOOTHED)
    level = cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR)
    strength = np.abs(level) / max(float(np.abs(level).max()), 1e-6)
    colour = np.where(level[..., None] > 0, WARM, COLD)
    grey = cv2.cvtColor(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    weight = MOST_COVER * strength[..., None]
    return np.rint(grey * (1 - weight) + colour * weight).astype(np.uint8)


def _windows(side: int) -> list[tuple[slice, slice]]:
    width = max(1, round(side * COVERED))
    starts = np.linspace(0, side - width, N_STEPS).round().astype(int)
    return [
        (slice(int(y), int(y) + width), slice(int(x), int(x) + width))
        for y in starts
        for x in starts
    ]


def _covered(crop: U8, cell: np.ndarray, window: tuple[slice, slice], cover: U8) -> U8:
    """Return the crop with one window of the cell in the cell's own mean colour."""
    covered = crop.copy()
    part = covered[window]
    part[cell[window]] = cover
    return covered


def _margins(engine: Engine, crops: U8) -> F32:
    logits = answers_to(engine, crops)
    margins: F32 = (logits[:, 1] - logits[:, 0]).astype(np.float32)
    return margins
