"""How well a method of segmentation did on an image of known truth, and its picture."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.messages import Message
from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision import assess
from leukoscope_train.evaluation.segmentation_sets import Box, ImageTruth

RIMS_PX = (-2, -1, 0, 1, 2, 3)
Method = Callable[[U8, float | None], Segmentation]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageScore:
    """How well a method did on one image; Dice is None without a white cell.

    `rim_dice`: of the nuclei made wider by so many pixels all round.
    """

    truth: ImageTruth | None
    nucleus_dice: float | None
    rim_dice: dict[int, float]
    area_ratio: float
    cell_dice: float | None
    reason: Message | None
    n_true: int
    n_right: int
    n_whole: int
    n_wrong: int
    n_apart: int
    time_s: float


def score_image(run: Method, truth: ImageTruth, *, in_marrow: bool) -> ImageScore:
    """Run a method on one image, timed by the processor's own clock."""
    start = time.process_time()
    found = run(truth.pixels, truth.scale_um_per_px)
    time_s = time.process_time() - start
    right, whole, wrong, apart = match(found, _white(found), truth)
    nucleus, cell = _masks(found)
    has_cell = bool(truth.cell.any())
    return ImageScore(
        truth=truth,
        nucleus_dice=dice(nucleus, truth.nucleus) if has_cell else None,
        rim_dice=_rim_dice(nucleus, truth.nucleus) if has_cell else {},
        area_ratio=int(nucleus.sum()) / max(int(truth.nucleus.sum()), 1),
        cell_dice=dice(cell, truth.cell) if has_cell else None,
        reason=assess(truth.pixels, in_marrow=in_marrow).instruction,
        n_true=len(truth.boxes),
        n_right=right,
        n_whole=whole,
        n_wrong=wrong,
        n_apart=apart,
        time_s=time_s,
    )


def _rim_dice(nucleus: BoolArray, truth: BoolArray) -> dict[int, float]:
    found = {}
    for wider_px in RIMS_PX:
        kernel = cv2.getStructuringElement(
            cv2.MORPH_ELLIPSE, (2 * abs(wider_px) + 1,) * 2
        )
        way = cv2.dilate if wider_px > 0 else cv2.erode
        mask = np.asarray(way(nucleus.view(np.uint8), kernel), np.uint8)
        found[wider_px] = dice(mask.view(np.bool_), truth)
    return found


def _white(found: Segmentation) -> list[int]:
    return found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)


def _masks(found: Segmentation) -> tuple[BoolArray, BoolArray]:
    """Return the nuclei and the whole cells of all white cells together."""
    is_white = np.zeros(len(found) + 1, np.bool_)
    is_white[[i + 1 for i in _white(found)]] = True
    return is_white[found.nucleus_labels], is_white[found.cell_labels]


def write_overlays(worst: list[ImageScore], run: Method, folder: Path) -> None:
    """Draw the worst images: truth green and yellow, found blue and red."""
    folder.mkdir(parents=True, exist_ok=True)
    for rank, score in enumerate(worst):
        if score.truth is None:
            continue
        truth, picture = score.truth, score.truth.pixels.copy()
        nucleus, cell = _masks(run(truth.pixels, truth.scale_um_per_px))
        for mask, colour in (
            (truth.cell, (230, 200, 0)),
            (cell, (220, 0, 0)),
            (truth.nucleus, (0, 160, 0)),
            (nucleus, (0, 0, 255)),
        ):
            outlines, _ = cv2.findContours(
                mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
            )
            cv2.drawContours(picture, outlines, -1, colour, 1)
        where = folder / f"{rank}-{score.nucleus_dice:.2f}-{truth.name}.png"
        cv2.imwrite(str(where), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def match(
    found: Segmentation, chosen: list[int], truth: ImageTruth
) -> tuple[int, int, int, int]:
    """Return how many detections are right, right and whole, wrong, and cut off."""
    free = list(truth.boxes)
    right = whole = wrong = apart = 0
    for index in chosen:
        is_cut_off = found.kinds[index] is CellKind.BORDER
        hit = next((b for b in free if _holds(b, found, index)), None)
        if hit is not None:
            free.remove(hit)
            right += 1
            whole += not is_cut_off
        elif any(_holds(b, found, index) for b in truth.boxes):
            wrong += 1
        elif is_cut_off:
            apart += 1
        elif not any(_holds(b, found, index) for b in truth.ignored):
            wrong += 1
    return right, whole, wrong, apart


def dice(a: BoolArray, b: BoolArray) -> float:
    """Return the overlap of two masks, 0..1; 1 where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def _holds(box: Box, found: Segmentation, index: int) -> bool:
    """Say whether a detection lies in a box, or its own box holds the point."""
    x, y = (float(v) for v in found.centres_px[index])
    if box[:2] == box[2:]:
        left, top, right, bottom = (float(v) for v in found.boxes_px[index])
        return left <= box[0] <= right and top <= box[1] <= bottom
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
