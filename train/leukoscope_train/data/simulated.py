"""Cells of simulated slides, found and cut by the device's own code, with truth."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import SimulatedCamera, SlidePlan, WhiteCell
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import CropSpec, cut_crop, segment
from leukoscope_train.data.cells import BLAST, NORMAL, CellFile, CropSet, crop_set

FIRST_SEED = 1_000_000
"""Slides for training have seeds from here on, so that no demonstration shows one."""
EVERY = 10
"""Only every so-manieth frame: neighbours show the same cells."""


def crops_of_slides(n_slides: int, spec: CropSpec) -> CropSet:
    """Return the cells of simulated slides; each slide counts as one person.

    Args:
        n_slides: How many, half of the cells of each being blasts.
        spec: Size, scale and colour of the crops.
    """
    kept: list[tuple[CellFile, U8, float]] = []
    for number in tqdm(range(n_slides), desc="slides", disable=None):
        plan = SlidePlan(seed=FIRST_SEED + number, blasts=0.5, jerks=0)
        kept += _crops_of_slide(SimulatedCamera(plan), f"slide {plan.seed}", spec)
    return crop_set(kept)


def _crops_of_slide(
    camera: SimulatedCamera, name: str, spec: CropSpec
) -> list[tuple[CellFile, U8, float]]:
    kept = []
    for number in range(0, len(camera.places_px), EVERY):
        pixels, (nuclei, _) = camera.render(number), camera.labels(number)
        found = segment(pixels, camera.scale_um_per_px)
        for index in found.indices(CellKind.WBC):
            truth = _truth(nuclei[found.nucleus_labels == index + 1])
            if truth == 0:
                continue
            is_blast = camera.truth[truth - 1].kind is WhiteCell.BLAST
            file = CellFile(
                path=Path(f"{name} frame {number} cell {truth}"),
                label=BLAST if is_blast else NORMAL,
                person=name,
                split="train",
                source="simulated",
            )
            mask = found.cell_labels == index + 1
            x, y = (float(v) for v in found.centres_px[index])
            crop = cut_crop(pixels, mask, (x, y), found.scale_um_per_px, spec)
            kept.append((file, crop, float(mask.sum()) * found.scale_um_per_px**2))
    return kept


def _truth(labels: np.ndarray) -> int:
    """Return the true cell under most of a nucleus, 0 where there is none."""
    return int(np.bincount(labels).argmax())
