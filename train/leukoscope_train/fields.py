"""Cells of whole fields, found and cut by the device's own segmentation."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from leukoscope_edge.types import U8, CellKind, Segmentation
from leukoscope_edge.vision.crop import CropSpec, cut
from leukoscope_edge.vision.segmentation import segment
from leukoscope_train.cells import (
    CellFile,
    CropSet,
    crop_set,
    read_image,
    refuse_empty,
)


def crops_of_fields(
    files: Iterable[CellFile],
    spec: CropSpec,
    *,
    scale_um_per_px: float | None = None,
    only_central: bool = False,
) -> tuple[CropSet, list[str]]:
    """Cut the white blood cells of every image; each takes its image's label.

    Args:
        files: Images of whole fields or of one cell with its surroundings.
        spec: Size, scale and colour of the crops.
        scale_um_per_px: Of the images, where known; else the device estimates it.
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
        cells = crops_of_field(pixels, spec, scale_um_per_px, only_central=only_central)
        if not cells:
            left_out.append(f"{file.path}: no cell found")
        for number, (crop, area_um2) in enumerate(cells):
            path = file.path.with_name(f"{file.path.name}#{number}")
            kept.append((replace(file, path=path), crop, area_um2))
    refuse_empty(kept, left_out)
    return crop_set(kept), left_out


def crops_of_field(
    pixels: U8,
    spec: CropSpec,
    scale_um_per_px: float | None = None,
    *,
    only_central: bool = False,
) -> list[tuple[U8, float]]:
    """Return the crop and the area in um2 of every white blood cell of a field."""
    found = segment(pixels, scale_um_per_px)
    chosen = found.indices(CellKind.WBC)
    if only_central and chosen:
        chosen = [_most_central(found, chosen)]
    cells = []
    for index in chosen:
        mask = found.cell_labels == index + 1
        x, y = (float(v) for v in found.centres_px[index])
        crop = cut(pixels, mask, (x, y), found.scale_um_per_px, spec)
        cells.append((crop, float(mask.sum()) * found.scale_um_per_px**2))
    return cells


def _most_central(found: Segmentation, chosen: list[int]) -> int:
    height, width = found.cell_labels.shape
    away = np.hypot(*(found.centres_px[chosen] - [width / 2, height / 2]).T)
    return chosen[int(np.argmin(away))]
