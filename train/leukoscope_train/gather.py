"""Lists the tiles of each laboratory and cuts their middle cell as the device would."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from leukoscope_edge.types import U8, CellKind
from leukoscope_edge.vision.crop import CropSpec, cut, cut_labelled
from leukoscope_edge.vision.segmentation import segment
from leukoscope_train.cells import (
    CNMC_UM_PER_PX,
    DataError,
    mask_of_cut_out,
    read_image,
)
from leukoscope_train.laboratories import (
    HELD_OUT,
    ZHENG_KINDS,
    LabCells,
    Tile,
    kind_named,
    rows_of,
)
from leukoscope_train.optics import degrade

MARROW_UM_PER_PX = 0.082
"""Red cells of the Munich tiles are 90 px wide; a red cell on a dried smear 7.4 um."""
PBC_UM_PER_PX = 0.28
"""Red cells of PBC's 128 px cells measure 26 px."""
FIELDS_UM_PER_PX = 0.070
"""The boxes of 3,500 whole red cells of `wbc-fields` have a median side of 104 px."""
ZHENG_UM_PER_PX = {"wbc-crops-120": 0.165, "wbc-crops-300": 0.078}
"""Neutrophils measure 76 and 160 px there; 12.5 um on a smear."""
OFF_MIDDLE_UM = 4.0
"""A tile's own cell lies no farther from its middle."""
PBC_PER_KIND = 1400
"""Of each kind, by chance but always the same; some kinds have fewer."""
PBC_KEPT_ASIDE = 200
"""Of each kind, split `held-out`."""
PERSON_CAP = 160
"""Cells of one C-NMC person that are cut: people differ more than their cells."""
CHUNK = 64

T = TypeVar("T")
Cut = tuple[U8, float] | str
"""A crop and the cell's area in um2, or why there is none."""


def marrow_tiles(folder: Path) -> list[Tile]:
    """List the marrow cells of the Munich laboratory."""
    return [
        Tile(
            path=folder / "images" / row["file"],
            kind=kind_named(row["kind"], row["file"]),
            laboratory="marrow",
            scale_um_per_px=MARROW_UM_PER_PX,
        )
        for row in rows_of(folder / "cells.csv", ("file", "kind"))
    ]


def cnmc_tiles(folder: Path) -> list[Tile]:
    """List C-NMC's cells, at most PERSON_CAP of each person."""
    rows = rows_of(folder / "cells.csv", ("file", "label", "subject_group", "split"))
    tiles = [
        Tile(
            path=folder / "images" / row["file"],
            kind=kind_named(row["label"], row["file"]),
            laboratory="cnmc",
            person=row["subject_group"].upper(),
            split=row["split"],
            on_black=True,
            scale_um_per_px=CNMC_UM_PER_PX,
        )
        for row in rows
    ]
    seen: Counter[str] = Counter()
    kept = []
    for tile in _shuffled(tiles):
        seen[tile.person] += 1
        if seen[tile.person] <= PERSON_CAP:
            kept.append(tile)
    return kept


def pbc_tiles(folder: Path) -> list[Tile]:
    """List PBC's normal cells of seven kinds; the first of each kind stay aside."""
    tiles = []
    for name in sorted(p.name for p in folder.iterdir() if p.is_dir()):
        if name == "platelet":
            continue
        paths = sorted((folder / name).glob("*.jpg"))
        chosen = _shuffled(paths)[:PBC_PER_KIND]
        tiles += [
            Tile(
                path=path,
                kind=kind_named(name, str(path)),
                laboratory="pbc",
                split=HELD_OUT if i < PBC_KEPT_ASIDE else "train",
                scale_um_per_px=PBC_UM_PER_PX,
            )
            for i, path in enumerate(chosen)
        ]
    return tiles


def zheng_tiles(folder: Path) -> list[Tile]:
    """List Zheng's single cells of five kinds."""
    table = folder / "class_labels.csv"
    rows = rows_of(table, ("image ID",))
    name = next(n for n in rows[0] if n != "image ID")
    return [
        Tile(
            path=next(
                iter(sorted((folder / "images").glob(f"{int(r['image ID']):03d}.*")))
            ),
            kind=ZHENG_KINDS[r[name]],
            laboratory=folder.name,
            scale_um_per_px=ZHENG_UM_PER_PX[folder.name],
        )
        for r in rows
        if r[name] in ZHENG_KINDS
    ]


READERS: dict[str, Callable[[Path], list[Tile]]] = {
    "marrow": marrow_tiles,
    "cnmc": cnmc_tiles,
    "pbc": pbc_tiles,
    "wbc-crops-120": zheng_tiles,
    "wbc-crops-300": zheng_tiles,
}
"""Laboratories by the name of their folder."""


def tiles_of(data: Path, laboratory: str) -> list[Tile]:
    """List a laboratory's tiles.

    Raises:
        DataError: Nobody knows the laboratory, or its folder is missing.
    """
    if laboratory not in READERS:
        raise DataError(f"{laboratory}: unknown; there are {', '.join(READERS)}")
    folder = data / laboratory
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    return READERS[laboratory](folder)


def gather(
    tiles: list[Tile], spec: CropSpec, *, degraded: bool, workers: int = 1
) -> tuple[LabCells, list[str]]:
    """Cut the middle cell of every tile.

    Args:
        tiles: The cells.
        spec: Size, scale, colour and light of the crops.
        degraded: See each tile through a calculated cheap microscope first.
        workers: Processes.

    Returns:
        The cells, and a line for every tile without one.

    Raises:
        DataError: Not one cell could be cut.
    """
    chunks = [tiles[i : i + CHUNK] for i in range(0, len(tiles), CHUNK)]
    work = partial(_cut_chunk, spec=spec, degraded=degraded)
    with ProcessPoolExecutor(workers) as pool:
        found = [cut for chunk in pool.map(work, chunks) for cut in chunk]
    kept = [(t, c) for t, c in zip(tiles, found, strict=True) if not isinstance(c, str)]
    left_out = [
        f"{t.path}: {c}"
        for t, c in zip(tiles, found, strict=True)
        if isinstance(c, str)
    ]
    if not kept:
        raise DataError(f"no cell could be cut; {len(left_out)} tiles were left out")
    return _cells(kept, degraded=degraded), left_out


def _cells(kept: list[tuple[Tile, tuple[U8, float]]], *, degraded: bool) -> LabCells:
    tiles = [tile for tile, _ in kept]
    return LabCells(
        pixels=np.stack([crop for _, (crop, _) in kept]),
        kinds=np.array([t.kind for t in tiles], np.str_),
        laboratories=np.array([t.laboratory for t in tiles], np.str_),
        people=np.array([t.person for t in tiles], np.str_),
        names=np.array([t.path.name for t in tiles], np.str_),
        splits=np.array([t.split for t in tiles], np.str_),
        areas_um2=np.array([area for _, (_, area) in kept], np.float64),
        is_degraded=np.full(len(tiles), degraded, np.bool_),
    )


def _cut_chunk(tiles: list[Tile], spec: CropSpec, *, degraded: bool) -> list[Cut]:
    cv2.setNumThreads(1)
    return [_cut_tile(tile, spec, degraded=degraded) for tile in tiles]


def _cut_tile(tile: Tile, spec: CropSpec, *, degraded: bool) -> Cut:
    pixels = read_image(tile.path)
    if pixels is None:
        return "unreadable"
    if tile.on_black:
        return _cut_out(pixels, tile.scale_um_per_px, spec)
    if degraded:
        seed = np.frombuffer(tile.path.name.encode(), np.uint8).tolist()
        pixels = degrade(pixels, tile.scale_um_per_px, np.random.default_rng(seed))
    return middle_cell(pixels, tile.scale_um_per_px, spec)


def _cut_out(pixels: U8, scale_um_per_px: float, spec: CropSpec) -> Cut:
    """Cut a cell that stands on black: it has no plasma, so its light stays."""
    mask = mask_of_cut_out(pixels)
    if not mask.any():
        return "no cell found"
    y, x = np.nonzero(mask)
    own = CropSpec(
        side_px=spec.side_px,
        scale_um_per_px=spec.scale_um_per_px,
        colour=spec.colour,
    )
    centre = (float(x.mean()), float(y.mean()))
    crop = cut(pixels, mask, centre, scale_um_per_px, own)
    return crop, float(mask.sum()) * scale_um_per_px**2


def middle_cell(pixels: U8, scale_um_per_px: float, spec: CropSpec) -> Cut:
    """Cut the cell in the middle of a tile by the device's segmentation."""
    found = segment(pixels, scale_um_per_px)
    chosen = found.indices(CellKind.WBC)
    height, width = found.cell_labels.shape
    away_um = [
        math.dist(found.centres_px[i].tolist(), (width / 2, height / 2))
        * found.scale_um_per_px
        for i in chosen
    ]
    if not away_um or min(away_um) > OFF_MIDDLE_UM:
        return "no whole white cell in the middle"
    index = chosen[int(np.argmin(away_um))]
    x, y = (float(v) for v in found.centres_px[index])
    crop = cut_labelled(
        pixels, found.cell_labels, index + 1, (x, y), found.scale_um_per_px, spec
    )
    area_px = int((found.cell_labels == index + 1).sum())
    return crop, area_px * found.scale_um_per_px**2


def _shuffled(items: list[T]) -> list[T]:
    """Return all in an order by chance, always the same."""
    order = np.random.default_rng(0).permutation(len(items))
    return [items[i] for i in order]


def summary(cells: LabCells, n_tiles: int) -> Iterator[str]:
    """Yield a line for each laboratory and kind."""
    pairs = Counter(zip(cells.laboratories.tolist(), cells.kinds.tolist(), strict=True))
    for (laboratory, kind), n in sorted(pairs.items()):
        yield f"{laboratory:<14}{kind:<22}{n:6}"
    yield f"{len(cells)} of {n_tiles} tiles gave a cell"
