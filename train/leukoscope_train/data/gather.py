"""Lists the tiles of each laboratory and cuts their middle cell as the device would."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision import CropSpec, cut_labelled, segment
from leukoscope_edge.vision.scale import estimate_source_scale, measure_sizes
from leukoscope_train.children import spawned
from leukoscope_train.data.cells import (
    cut_out_crop,
    read_image,
    rows_of,
)
from leukoscope_train.data.laboratories import (
    HELD_OUT,
    MATURE_UNNAMED,
    ZHENG_KINDS,
    LabCells,
    Tile,
    kind_named,
)
from leukoscope_train.data.nucleus_windows import cut_window
from leukoscope_train.data.optics import degrade
from leukoscope_train.data.set_scales import SET_SCALES
from leukoscope_train.errors import DataError

CARD, SET, DEVICE = SCALES = ("card", "set", "device")
"""The scale of a laboratory at which its cells are cut: at which the shipped cards know
it, the likeliest, or what the device would say where nobody calibrated."""
N_MEASURED = 24
"""Images by which the device says it, as on a slide (`counting.gathered`)."""
TALEQANI_SIZE_PX = (299, 224)
OFF_MIDDLE_UM = 4.0
"""A tile's own cell lies no farther from its middle."""
PBC_PER_KIND = 1200
"""Of each kind, by chance but always the same; some kinds have fewer."""
PBC_KEPT_ASIDE = 200
"""Of each kind, split `held-out`."""
PERSON_CAP = 160
"""Cells of one C-NMC person that are cut: people differ more than their cells."""
CHUNK = 64

T = TypeVar("T")
Cut = tuple[U8, float]
"""A crop and the cell's area in um2."""


def marrow_tiles(folder: Path) -> list[Tile]:
    """List the marrow cells of the Munich laboratory."""
    return [
        Tile(
            path=folder / "images" / row["file"],
            kind=kind_named(row["kind"], row["file"]),
            laboratory="marrow",
            in_marrow=True,
            scale_um_per_px=SET_SCALES["marrow"].um_per_px,
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
            scale_um_per_px=SET_SCALES["cnmc"].um_per_px,
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
                scale_um_per_px=SET_SCALES["pbc"].um_per_px,
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
            scale_um_per_px=SET_SCALES[folder.name].um_per_px,
        )
        for r in rows
        if r[name] in ZHENG_KINDS
    ]


def field_tiles(folder: Path) -> list[Tile]:
    """List BCCD's fields of healthy blood; nobody named their cells' kinds."""
    return [
        Tile(
            path=path,
            kind=MATURE_UNNAMED,
            laboratory=folder.name,
            scale_um_per_px=SET_SCALES[folder.name].um_per_px,
            shows_field=True,
        )
        for path in sorted((folder / "images").glob("*.jpg"))
    ]


def taleqani_tiles(folder: Path) -> list[Tile]:
    """List the Taleqani fields, squashed to a square, to be stretched to 4:3 again.

    Truth is of the image: benign ones show hematogones.
    """
    kinds = {"Benign": "B-precursor", **dict.fromkeys(("Early", "Pre", "Pro"), "blast")}
    return [
        Tile(
            path=path,
            kind=kind,
            laboratory=folder.name,
            scale_um_per_px=SET_SCALES[folder.name].um_per_px,
            size_px=TALEQANI_SIZE_PX,
            shows_field=True,
        )
        for name, kind in kinds.items()
        for path in sorted((folder / name).glob("*.jpg"))
    ]


READERS: dict[str, Callable[[Path], list[Tile]]] = {
    "marrow": marrow_tiles,
    "cnmc": cnmc_tiles,
    "pbc": pbc_tiles,
    "wbc-crops-120": zheng_tiles,
    "wbc-crops-300": zheng_tiles,
    "wbc-fields": field_tiles,
    "taleqani": taleqani_tiles,
}
"""Laboratories by the name of their folder."""


def tiles_of(data: Path, laboratory: str, scale: str = CARD) -> list[Tile]:
    """List a laboratory's tiles.

    Args:
        data: The folder of all laboratories.
        laboratory: Its name.
        scale: One of SCALES.

    Raises:
        DataError: Nobody knows the laboratory, its folder is missing, or the device
            says no scale of it.
    """
    if laboratory not in READERS:
        raise DataError(f"{laboratory}: unknown; there are {', '.join(READERS)}")
    folder = data / laboratory
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    tiles = READERS[laboratory](folder)
    if scale == SET or not tiles:
        return tiles
    known = SET_SCALES[laboratory].card_um_per_px
    um_per_px = known if scale == CARD else scale_by_device(tiles)
    return [replace(tile, scale_um_per_px=um_per_px) for tile in tiles]


def scale_by_device(tiles: Sequence[Tile]) -> float:
    """Return micrometres per pixel as the device estimates them from a set's images.

    Raises:
        DataError: It says none, as of cells that were cut out on black.
    """
    at = np.linspace(0, len(tiles) - 1, min(N_MEASURED, len(tiles))).round()
    shown = [_pixels(tiles[int(i)]) for i in at]
    estimate = estimate_source_scale([measure_sizes(p) for p in shown if p is not None])
    if estimate.um_per_px is None or tiles[0].on_black:
        raise DataError(f"{tiles[0].laboratory}: the device says no scale of it")
    return estimate.um_per_px


def gather_cells(
    tiles: list[Tile],
    spec: CropSpec,
    *,
    degraded: bool,
    windows: bool = False,
    workers: int = 1,
) -> tuple[LabCells, list[str]]:
    """Cut the middle cell of every tile.

    Args:
        tiles: The cells.
        spec: Size, scale, colour and light of the crops.
        degraded: See each tile through a calculated cheap microscope first.
        windows: Cut what surrounds each nucleus instead of the cell.
        workers: Processes; with 1, this one alone.

    Returns:
        The cells, and a line for every tile without one.

    Raises:
        DataError: Not one cell could be cut.
    """
    chunks = [tiles[i : i + CHUNK] for i in range(0, len(tiles), CHUNK)]
    work = partial(_cut_chunk, spec=spec, degraded=degraded, windows=windows)
    if workers == 1:
        cut = list(map(work, chunks))
    else:
        with spawned(workers, partial(cv2.setNumThreads, 1)) as pool:
            cut = list(pool.map(work, chunks))
    found = [cuts for chunk in cut for cuts in chunk]
    kept, left_out = [], []
    for tile, cuts in zip(tiles, found, strict=True):
        if isinstance(cuts, str):
            left_out.append(f"{tile.path}: {cuts}")
        else:
            kept += [(tile, i, one) for i, one in enumerate(cuts)]
    if not kept:
        raise DataError(f"no cell could be cut; {len(left_out)} tiles were left out")
    return _cells(kept, degraded=degraded), left_out


def _cells(kept: list[tuple[Tile, int, Cut]], *, degraded: bool) -> LabCells:
    tiles = [tile for tile, _, _ in kept]
    names = [f"{t.path.name}#{i}" if t.shows_field else t.path.name for t, i, _ in kept]
    return LabCells(
        pixels=np.stack([crop for _, _, (crop, _) in kept]),
        kinds=np.array([t.kind for t in tiles], np.str_),
        laboratories=np.array([t.laboratory for t in tiles], np.str_),
        people=np.array([t.person for t in tiles], np.str_),
        names=np.array(names, np.str_),
        splits=np.array([t.split for t in tiles], np.str_),
        areas_um2=np.array([area for _, _, (_, area) in kept], np.float64),
        is_degraded=np.full(len(tiles), degraded, np.bool_),
    )


def _cut_chunk(
    tiles: list[Tile], spec: CropSpec, *, degraded: bool, windows: bool
) -> list[list[Cut] | str]:
    return [_cut_tile(t, spec, degraded=degraded, windows=windows) for t in tiles]


def _cut_tile(
    tile: Tile, spec: CropSpec, *, degraded: bool, windows: bool
) -> list[Cut] | str:
    """Return a tile's cells, or why there is none."""
    pixels = _pixels(tile)
    if pixels is None:
        return "unreadable"
    if tile.on_black:
        alone = cut_out_crop(pixels, spec, tile.scale_um_per_px)
        return [alone] if alone else "no cell found"
    if degraded:
        seed = np.frombuffer(tile.path.name.encode(), np.uint8).tolist()
        pixels = degrade(pixels, tile.scale_um_per_px, np.random.default_rng(seed))
    found = segment(pixels, tile.scale_um_per_px, in_marrow=tile.in_marrow)
    chosen = found.indices(CellKind.WBC)
    if not tile.shows_field:
        chosen = _in_the_middle(found, chosen)
    cut = [_cut(pixels, found, i, spec, windows=windows) for i in chosen]
    return cut or "no whole white cell"


def _pixels(tile: Tile) -> U8 | None:
    """Return a tile as it is once stretched, None where it cannot be read."""
    pixels = read_image(tile.path)
    if pixels is None or not tile.size_px:
        return pixels
    return np.asarray(cv2.resize(pixels, tile.size_px), np.uint8)


def as_taken(pixels: U8, laboratory: str) -> U8:
    """Return an image as its camera took it: Taleqani's are stretched to 4:3 again.

    Args:
        pixels: (H, W, 3) uint8 RGB, as published.
        laboratory: The name of its folder.
    """
    if laboratory != "taleqani":
        return pixels
    return np.asarray(cv2.resize(pixels, TALEQANI_SIZE_PX), np.uint8)


def _in_the_middle(found: Segmentation, chosen: list[int]) -> list[int]:
    """Return the white cell nearest to the middle, none where it is too far away."""
    height, width = found.cell_labels.shape
    most_px = OFF_MIDDLE_UM / found.scale_um_per_px
    away_px = {
        i: math.dist(found.centres_px[i].tolist(), (width / 2, height / 2))
        for i in chosen
    }
    nearest = sorted(
        (i for i in chosen if away_px[i] <= most_px), key=away_px.__getitem__
    )
    return nearest[:1]


def _cut(
    pixels: U8, found: Segmentation, index: int, spec: CropSpec, *, windows: bool
) -> Cut:
    x, y = (float(v) for v in found.centres_px[index])
    scale, labels = found.scale_um_per_px, found.cell_labels
    area_um2 = float((labels == index + 1).sum()) * scale**2
    if windows:
        return cut_window(pixels, (x, y), scale, spec), area_um2
    return cut_labelled(pixels, labels, index + 1, (x, y), scale, spec), area_um2


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
