"""A smear drawn by code, of blood or marrow: what the simulated camera looks at.

Everything is drawn as optical density, so that what overlaps adds up as it does in
stained cells. Lengths are micrometres until a drawing meets the canvas. Deterministic
by its random generator. It decides what stands on the slide and what is true of it;
lamp, lens, sensor and stage belong to `simulated`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, F64, U8, BoolArray
from leukoscope_edge.capture.cell_drawing import (
    DENSITY_STEPS,
    MARROW_SHARES,
    NORMAL_SHARES,
    Drawing,
    WhiteCell,
    draw_debris,
    draw_platelet,
    draw_red_cell,
    draw_smudge,
    draw_white_cell,
    trimmed,
)

RED_CELL_RADIUS_UM = (3.4, 4.0)
CLOSEST_RED_CELLS = 0.72
"""In diameters: red cells overlap by a quarter at most."""
N_TRIES = 40
STRIP_PX = 64
"""Width of what is painted at once."""
PLASMA_BELOW = 12
"""Steps of green density; red cells have more."""
ON_RED_CELL = 0.15
"""Share of the platelets over red cells that stay."""


FAT_RADIUS_UM = (4.0, 10.0)
FAT_RIM = (14, 20, 10)
"""Steps of density around a drop of fat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What a smear is strewn with, and how densely.

    Attributes:
        shares: Of the white cells that are no blasts, by kind.
        cells_per_field: White cells in the area of a frame.
        rim_um: Of the canvas, where no cell has its middle and that does not count for
            `cells_per_field`: the rest must have room for all.
        touching: Share of the white cells that touch another.
        gap: Between the others, in radii, at least.
        red_cell_cover: Share of the slide under red cells.
        fat_per_mm2: Drops of fat, which leave empty glass.
    """

    shares: Mapping[WhiteCell, float]
    cells_per_field: float
    rim_um: float
    touching: float
    gap: float
    red_cell_cover: float
    fat_per_mm2: float


BLOOD = Film(
    shares=NORMAL_SHARES,
    cells_per_field=4.0,
    rim_um=0.0,
    touching=0.06,
    gap=0.2,
    red_cell_cover=0.42,
    fat_per_mm2=0.0,
)
"""The monolayer of a smear. A real one has one or two white cells a field; more keep a
run short."""
MARROW = Film(
    shares=MARROW_SHARES,
    cells_per_field=10.0,
    rim_um=11.0,
    touching=0.6,
    gap=0.03,
    red_cell_cover=0.1,
    fat_per_mm2=100.0,
)
"""The edge of a particle: most cells touch, few are red."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCell:
    """What is true of one white cell of the slide.

    Attributes:
        kind: What it is.
        centre_px: (x, y) on the canvas of the nucleus centroid.
        radius_px: Of a disc with the whole cell's area.
        corner_px: (x, y) on the canvas of its masks' top-left pixel.
        nucleus: (side, side) bool.
        cell: (side, side) bool.
    """

    kind: WhiteCell
    centre_px: tuple[float, float]
    radius_px: float
    corner_px: tuple[int, int]
    nucleus: BoolArray
    cell: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Smear:
    """A whole slide.

    Attributes:
        density: (H, W, 3) uint8, optical density times `DENSITY_STEPS`.
        cells: Every white cell; smudges, platelets and debris are none.
    """

    density: U8
    cells: tuple[TrueCell, ...]


def paint_smear(
    width_px: int,
    height_px: int,
    kinds: list[WhiteCell],
    scale_um_per_px: float,
    random: np.random.Generator,
    *,
    film: Film = BLOOD,
    margin_px: float = 0.0,
) -> Smear:
    """Paint a whole slide.

    Args:
        width_px: Of the canvas.
        height_px: Of the canvas.
        kinds: One for each white cell.
        scale_um_per_px: Of the canvas.
        random: Where chance comes from.
        film: How densely it is strewn.
        margin_px: White cells lie at least so far from the canvas's edges.

    Raises:
        ValueError: The white cells do not find room.
    """
    canvas = _plasma(width_px, height_px, random)
    masks, inks = [], []
    for kind in kinds:
        ink, nucleus, cell = _trimmed(draw_white_cell(kind, scale_um_per_px, random))
        inks.append(ink)
        masks.append((nucleus, cell))
    radii = np.array([_radius_px(cell) for _, cell in masks])
    fat = _add_fat(canvas, film, scale_um_per_px, random)
    places = _white_places(canvas.shape[:2], radii, margin_px, film, fat, random)
    n_smudges = round(len(kinds) / 15)
    smudges = _scatter(canvas.shape[:2], n_smudges, random)
    taken = np.vstack([places, smudges, fat[:, :2]])
    reach = np.hstack([radii, np.full(n_smudges, 6 / scale_um_per_px), fat[:, 2]])
    _add_red_cells(canvas, taken, reach, scale_um_per_px, film, random)
    area_um2 = width_px * height_px * scale_um_per_px**2
    for make, n in ((draw_platelet, area_um2 / 500), (draw_debris, area_um2 / 6000)):
        for place in _scatter(canvas.shape[:2], round(n), random):
            is_apart = _gap(place, places, radii) > 2 / scale_um_per_px
            is_on_plasma = canvas[int(place[1]), int(place[0]), 1] < PLASMA_BELOW
            if is_apart and (is_on_plasma or random.random() < ON_RED_CELL):
                _stamp(canvas, _steps(make(scale_um_per_px, random)), place)
    for place in smudges:
        _stamp(canvas, _steps(draw_smudge(scale_um_per_px, random)), place)
    cells = []
    for kind, own, ink, place in zip(kinds, masks, inks, places, strict=True):
        corner = _stamp(canvas, ink, place)
        cells.append(_true_cell(kind, *own, corner))
    return Smear(density=np.asarray(canvas, np.uint8), cells=tuple(cells))


def _plasma(width: int, height: int, random: np.random.Generator) -> U8:
    """An almost empty ground, faintly mottled.

    Stretched to its width first and then, in strips, to its height, as cv2.resize
    does with a whole picture, which would need three times the memory of the canvas.
    """
    coarse = random.standard_normal((height // 64 + 2, width // 64 + 2))
    way = cv2.INTER_CUBIC
    wide = cv2.resize(coarse, (width, len(coarse)), interpolation=way)
    canvas = np.empty((height, width, 3), np.uint8)
    for x in range(0, width, STRIP_PX):
        strip = np.ascontiguousarray(wide[:, x : x + STRIP_PX])
        mottle: F64 = np.asarray(
            cv2.resize(strip, (strip.shape[1], height), interpolation=way)
        )
        level = np.clip((mottle * 0.012 + 0.03) * DENSITY_STEPS, 0, 255)
        canvas[:, x : x + STRIP_PX] = level.astype(np.uint8)[..., None]
    return canvas


def _trimmed(drawing: Drawing) -> tuple[U8, BoolArray, BoolArray]:
    """Return a drawing's ink, nucleus and cell without the empty rim around all."""
    ink = _steps(drawing.density)
    inner = trimmed(ink.any(axis=2) | drawing.cell)
    return ink[inner].copy(), drawing.nucleus[inner].copy(), drawing.cell[inner].copy()


def _add_fat(
    canvas: U8, film: Film, scale_um_per_px: float, random: np.random.Generator
) -> F64:
    """Leave empty glass where drops of fat lay; return (n, 3) x, y and radius."""
    height, width = canvas.shape[:2]
    n = round(film.fat_per_mm2 * width * height * scale_um_per_px**2 / 1e6)
    fat = np.zeros((n, 3))
    for drop in fat:
        drop[:2] = random.uniform((0, 0), (width, height))
        drop[2] = random.uniform(*FAT_RADIUS_UM) / scale_um_per_px
        x, y, radius = (round(v) for v in drop.tolist())
        cv2.circle(canvas, (x, y), radius, FAT_RIM, 3)
        cv2.circle(canvas, (x, y), radius, (0, 0, 0), cv2.FILLED)
    return fat


def _radius_px(mask: BoolArray) -> float:
    return float(np.sqrt(mask.sum() / np.pi))


def _scatter(shape: tuple[int, ...], n: int, random: np.random.Generator) -> F64:
    return random.uniform((0, 0), (shape[1], shape[0]), (n, 2))


def _gap(place: F64, others: F64, radii: F64) -> float:
    """Return the distance to the nearest rim of others, negative inside."""
    if len(others) == 0:
        return float("inf")
    return float((np.hypot(*(others - place).T) - radii[: len(others)]).min())


def _white_places(
    shape: tuple[int, ...],
    radii: F64,
    margin_px: float,
    film: Film,
    fat: F64,
    random: np.random.Generator,
) -> F64:
    """Find a place beside the fat for every white cell, some touching another."""
    places: list[F64] = []
    for i, radius in enumerate(radii):
        touches = i > 0 and random.random() < film.touching
        low = radius + margin_px
        high = np.array(shape[1::-1]) - low
        others = np.array(places)
        for _ in range(20 * N_TRIES):
            place = random.uniform(low, high)
            if touches:
                turn, other = random.uniform(0, 2 * np.pi), int(random.integers(i))
                away = radii[other] + radius
                place = places[other] + away * np.array([np.cos(turn), np.sin(turn)])
            inside = (place >= low).all() and (place <= high).all()
            gap = _gap(place, others, radii) - radius
            is_free = gap > (-0.02 if touches else film.gap) * radius
            if inside and is_free and _gap(place, fat[:, :2], fat[:, 2]) > radius:
                places.append(place)
                break
        else:
            raise ValueError(f"no room for white cell {i + 1} of {len(radii)}")
    return np.array(places).reshape(-1, 2)


def _add_red_cells(
    canvas: U8,
    white: F64,
    white_radii: F64,
    scale: float,
    film: Film,
    random: np.random.Generator,
) -> None:
    """Strew red cells, overlapping a little, pushed aside by the white ones."""
    height, width = canvas.shape[:2]
    mean_um = sum(RED_CELL_RADIUS_UM) / 2
    n = int(film.red_cell_cover * width * height * scale**2 / (np.pi * mean_um**2))
    spacing = 2 * CLOSEST_RED_CELLS * mean_um / scale
    bins: dict[tuple[int, int], list[F64]] = {}
    n_placed = 0
    for place in _scatter(canvas.shape, N_TRIES * n, random):
        if n_placed == n:
            break
        bx, by = (int(v // spacing) for v in place)
        near = [
            other
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other in bins.get((bx + dx, by + dy), ())
        ]
        radius = random.uniform(*RED_CELL_RADIUS_UM)
        if any(np.hypot(*(place - other)) < spacing for other in near):
            continue
        if _gap(place, white, white_radii) < 0.95 * radius / scale:
            continue
        bins.setdefault((bx, by), []).append(place)
        _stamp(canvas, _steps(draw_red_cell(radius, scale, random)), place)
        n_placed += 1


def _steps(density: F32) -> U8:
    """Return optical density as the canvas stores it."""
    steps = np.clip(np.rint(density * DENSITY_STEPS), 0, 255)
    return np.asarray(steps, np.uint8)


def _stamp(canvas: U8, steps: U8, place: F64) -> tuple[int, int]:
    """Add a drawing to the canvas around a place; return its corner (x, y)."""
    side = steps.shape[0]
    x, y = (round(float(v)) - side // 2 for v in place)
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, width), min(y + side, height)
    if x0 < x1 and y0 < y1:
        part = steps[y0 - y : y1 - y, x0 - x : x1 - x]
        canvas[y0:y1, x0:x1] = cv2.add(canvas[y0:y1, x0:x1], part)
    return x, y


def _true_cell(
    kind: WhiteCell, nucleus: BoolArray, cell: BoolArray, corner: tuple[int, int]
) -> TrueCell:
    y, x = np.nonzero(nucleus)
    return TrueCell(
        kind=kind,
        centre_px=(float(x.mean()) + corner[0], float(y.mean()) + corner[1]),
        radius_px=_radius_px(cell),
        corner_px=corner,
        nucleus=nucleus,
        cell=cell,
    )
