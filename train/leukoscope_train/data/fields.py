"""Cells of whole fields, found and cut by the device's own segmentation."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from tqdm import tqdm

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision import CropSpec, cut_crop, segment
from leukoscope_train.data.cells import (
    BLAST,
    NORMAL,
    CellFile,
    CropSet,
    crop_set,
    read_image,
    refuse_empty,
)

NEAR_UM = 6.0
"""A marked blast lies within a white cell's radius of the nucleus's centre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCell:
    """One white blood cell of a field.

    Attributes:
        pixels: Its crop, (side, side, 3) uint8 RGB.
        area_um2: Of its mask.
        centre_px: (x, y) of its nucleus in the field.
        scale_um_per_px: Of the field.
    """

    pixels: U8
    area_um2: float
    centre_px: tuple[float, float]
    scale_um_per_px: float


def crops_of_fields(
    files: Iterable[CellFile],
    spec: CropSpec,
    *,
    scale_um_per_px: float | None = None,
    size_px: tuple[int, int] | None = None,
    only_central: bool = False,
) -> tuple[CropSet, list[str]]:
    """Cut the white blood cells of every image; each takes its image's label.

    Args:
        files: Images of whole fields or of one cell with its surroundings.
        spec: Size, scale and colour of the crops.
        scale_um_per_px: Of the images, as they are once stretched, where known; else
            the device estimates it.
        size_px: (width, height) that each is stretched to first; None: as it is.
        only_central: Keep the cell nearest to the middle and none else.

    Returns:
        The crops, named `image#number`, and a line for every image without a cell.

    Raises:
        DataError: Not one cell was found.
    """
    kept: list[tuple[CellFile, U8, float]] = []
    left_out = []
    for file in tqdm(list(files), desc="fields", disable=None):
        pixels = read_image(file.path)
        if pixels is None:
            left_out.append(f"{file.path}: unreadable")
            continue
        if size_px is not None:
            pixels = np.asarray(cv2.resize(pixels, size_px), np.uint8)
        cells = crops_of_field(pixels, spec, scale_um_per_px, only_central=only_central)
        if not cells:
            left_out.append(f"{file.path}: no cell found")
        for number, cell in enumerate(cells):
            path = file.path.with_name(f"{file.path.name}#{number}")
            label = label_of(file, cell)
            own = replace(file, path=path, label=label)
            kept.append((own, cell.pixels, cell.area_um2))
    refuse_empty(kept, left_out)
    return crop_set(kept), left_out


def label_of(file: CellFile, cell: FieldCell) -> int:
    """Return the image's label, or that of the cell where the blasts are marked."""
    if file.blasts_px is None:
        return file.label
    near_px = NEAR_UM / cell.scale_um_per_px
    away_px = [math.dist(cell.centre_px, point) for point in file.blasts_px]
    return BLAST if min(away_px, default=math.inf) <= near_px else NORMAL


def crops_of_field(
    pixels: U8,
    spec: CropSpec,
    scale_um_per_px: float | None = None,
    *,
    only_central: bool = False,
) -> list[FieldCell]:
    """Return every white blood cell of a field."""
    found = segment(pixels, scale_um_per_px)
    chosen = found.indices(CellKind.WBC)
    if only_central and chosen:
        chosen = [_most_central(found, chosen)]
    scale = found.scale_um_per_px
    cells = []
    for index in chosen:
        mask = found.cell_labels == index + 1
        x, y = (float(v) for v in found.centres_px[index])
        cell = FieldCell(
            pixels=cut_crop(pixels, mask, (x, y), scale, spec),
            area_um2=float(mask.sum()) * scale**2,
            centre_px=(x, y),
            scale_um_per_px=scale,
        )
        cells.append(cell)
    return cells


def _most_central(found: Segmentation, chosen: list[int]) -> int:
    height, width = found.cell_labels.shape
    away = np.hypot(*(found.centres_px[chosen] - [width / 2, height / 2]).T)
    return chosen[int(np.argmin(away))]
