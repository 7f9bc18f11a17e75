"""A blood smear drawn by code: the slide that the simulated camera looks at.

Everything is drawn as optical density, so that what overlaps adds up as it does in
stained blood. Lengths are micrometres until a drawing meets the canvas. Deterministic
by its random generator. It decides what stands on the slide and what is true of it;
lamp, lens, sensor and stage belong to `simulated`.
"""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import cv2
import numpy as np

from leukoscope_edge.types import F32, F64, U8, BoolArray

DENSITY_STEPS = 80.0
"""The canvas stores optical density (natural logarithm) times this, as uint8."""
RED_CELL_RADIUS_UM = (3.4, 4.0)
RED_CELL_COVER = 0.42
"""Share of the slide under red cells, as in the monolayer of a smear."""
CLOSEST_RED_CELLS = 0.72
"""In diameters: red cells overlap by a quarter at most."""
TOUCHING = 0.06
"""Share of white cells that touch another."""
N_TRIES = 40
PLASMA_BELOW = 12
"""Steps of green density; red cells have more."""
ON_RED_CELL = 0.15
"""Share of the platelets over red cells that stay."""

RED_CELL = (0.13, 0.28, 0.20)
NUCLEUS = (0.62, 1.02, 0.14)
PLATELET = (0.34, 0.60, 0.10)
DEBRIS = (0.95, 1.15, 0.55)
"""Optical density of red, green and blue light. Red cells and nuclei follow the
median colours of real Romanowsky fields; the others are scaled to them by eye."""


Place = tuple[float, float] | F64
"""x and y."""
MIDDLE = (0.0, 0.0)


class WhiteCell(str, Enum):
    """What a simulated white cell is."""

    LYMPHOCYTE = "lymphocyte"
    NEUTROPHIL = "neutrophil"
    MONOCYTE = "monocyte"
    EOSINOPHIL = "eosinophil"
    BLAST = "blast"


NORMAL_SHARES = {
    WhiteCell.LYMPHOCYTE: 0.36,
    WhiteCell.NEUTROPHIL: 0.50,
    WhiteCell.MONOCYTE: 0.09,
    WhiteCell.EOSINOPHIL: 0.05,
}
"""A child's differential count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One object before it lies on the slide.

    Attributes:
        density: (side, side, 3) float32, optical density; side is odd.
        nucleus: (side, side) bool.
        cell: (side, side) bool, nucleus and cytoplasm.
    """

    density: F32
    nucleus: BoolArray
    cell: BoolArray


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


class _Sheet:
    """A square of micrometres around the origin on which one object is drawn."""

    def __init__(self, half_um: float, scale: float, random: np.random.Generator):
        half = round(half_um / scale)
        axis = np.arange(-half, half + 1, dtype=np.float32) * np.float32(scale)
        self.x, self.y = np.meshgrid(axis, axis)
        self.scale = scale
        self.random = random

    def disc(self, place_um: Place, radius_um: float, rough: float) -> F32:
        """Return how far inside a wobbly disc each pixel lies, in micrometres."""
        dx, dy = (self.x - np.float32(place_um[0]), self.y - np.float32(place_um[1]))
        angle = np.arctan2(dy, dx)
        rim = np.full_like(angle, radius_um)
        for wave in (2, 3, 4, 5):
            size = rough * radius_um * self.random.normal() / wave**0.5
            rim += size * np.cos(wave * angle + self.random.uniform(0, 2 * np.pi))
        return np.asarray(rim - np.hypot(dx, dy), np.float32)

    def line(self, start: Place, end: Place, width: float) -> F32:
        """Return how far inside a thick line each pixel lies, in micrometres."""
        along = np.subtract(end, start)
        length2 = max(float(along @ along), 1e-6)
        at = ((self.x - start[0]) * along[0] + (self.y - start[1]) * along[1]) / length2
        at = np.clip(at, 0, 1)
        dx, dy = self.x - start[0] - at * along[0], self.y - start[1] - at * along[1]
        return np.asarray(width / 2 - np.hypot(dx, dy), np.float32)

    def texture(self, grain_um: float) -> F32:
        """Return noise of mean 0 and standard deviation 1 with a grain."""
        noise = self.random.standard_normal(self.x.shape, dtype=np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), max(grain_um / self.scale, 0.3))
        return np.asarray(smooth / max(float(smooth.std()), 1e-6), np.float32)


def _cover(inside_um: F32, softness_um: float = 0.25) -> F32:
    """Return 0 outside, 1 inside, with a soft rim."""
    cover = np.clip(inside_um / np.float32(softness_um) + np.float32(0.5), 0, 1)
    return np.asarray(cover, np.float32)


def _layer(amount: F32, colour: tuple[float, float, float]) -> F32:
    return amount[..., None] * np.array(colour, np.float32)


def draw_white_cell(
    kind: WhiteCell, scale_um_per_px: float, random: np.random.Generator
) -> Drawing:
    """Draw one white cell.

    Args:
        kind: What to draw.
        scale_um_per_px: Of the drawing.
        random: Where chance comes from.
    """
    sheet = _Sheet(13.0, scale_um_per_px, random)
    match kind:
        case WhiteCell.LYMPHOCYTE:
            return _lymphocyte(sheet)
        case WhiteCell.NEUTROPHIL:
            return _neutrophil(sheet)
        case WhiteCell.MONOCYTE:
            return _monocyte(sheet)
        case WhiteCell.EOSINOPHIL:
            return _eosinophil(sheet)
        case WhiteCell.BLAST:
            return _blast(sheet)


def _lymphocyte(sheet: _Sheet) -> Drawing:
    """A small dark nucleus of coarse clumps in a thin sky-blue rim."""
    random = sheet.random
    radius = random.uniform(3.9, 4.7)
    nucleus = sheet.disc(MIDDLE, radius, 0.02)
    side = random.uniform(0.2, 1.2)
    turn = random.uniform(0, 2 * np.pi)
    body = sheet.disc(
        (side * np.cos(turn), side * np.sin(turn)),
        radius + random.uniform(0.5, 1.5),
        0.02,
    )
    chromatin = 1.15 + 0.16 * sheet.texture(0.55)
    blue = (0.30, 0.24, 0.03)
    return _finish(nucleus, np.maximum(body, nucleus), chromatin, blue, sheet)


def _blast(sheet: _Sheet) -> Drawing:
    """A large pale nucleus of fine chromatin, nucleoli, hardly any cytoplasm."""
    random = sheet.random
    radius = random.uniform(4.6, 6.8)
    nucleus = sheet.disc(MIDDLE, radius, 0.05)
    if random.random() < 0.4:  # a notch
        turn = random.uniform(0, 2 * np.pi)
        way = np.array([np.cos(turn), np.sin(turn)])
        cleft = sheet.disc(way * radius * 1.15, radius * 0.4, 0.2)
        nucleus = np.minimum(nucleus, -cleft)
    chromatin = 0.88 + 0.05 * sheet.texture(0.18) + 0.04 * sheet.texture(0.7)
    for _ in range(random.integers(1, 4)):
        x, y = random.uniform(-0.5, 0.5, 2) * radius
        nucleolus = _cover(sheet.disc((x, y), random.uniform(0.6, 1.0), 0.1), 0.4)
        chromatin -= 0.2 * nucleolus
    body = sheet.disc(random.uniform(-0.5, 0.5, 2), radius * 1.05 + 0.5, 0.04)
    blue = (0.36, 0.34, 0.05)
    return _finish(nucleus, np.maximum(body, nucleus + 0.3), chromatin, blue, sheet)


def _neutrophil(sheet: _Sheet) -> Drawing:
    """Three to five lobes on threads in pale pink, finely granular cytoplasm."""
    random = sheet.random
    n_lobes = int(random.integers(3, 6))
    start, bend = random.uniform(0, 2 * np.pi), random.uniform(0.75, 1.05)
    places = [
        (ring * float(np.cos(start + i * bend)), ring * float(np.sin(start + i * bend)))
        for i, ring in enumerate(random.uniform(2.3, 3.1, n_lobes))
    ]
    lobes = [
        sheet.disc((x, y), r, 0.09)
        for (x, y), r in zip(places, random.uniform(1.5, 2.1, n_lobes), strict=True)
    ]
    threads = [sheet.line(a, b, 0.9) for a, b in pairwise(places)]
    nucleus = np.maximum.reduce([*lobes, *threads])
    body = sheet.disc(MIDDLE, random.uniform(5.6, 6.8), 0.03)
    chromatin = 1.1 + 0.13 * sheet.texture(0.45)
    pink = (0.10, 0.22, 0.06)
    return _finish(nucleus, np.maximum(body, nucleus + 0.4), chromatin, pink, sheet)


def _monocyte(sheet: _Sheet) -> Drawing:
    """A kidney of a nucleus in wide grey-blue cytoplasm with vacuoles."""
    random = sheet.random
    radius, turn = random.uniform(4.8, 5.6), random.uniform(0, 2 * np.pi)
    way = np.array([np.cos(turn), np.sin(turn)])
    bite = sheet.disc(way * radius * 0.95, radius * 0.42, 0.05)
    nucleus = np.minimum(sheet.disc(MIDDLE, radius, 0.05), -bite)
    body = sheet.disc(way * 1.2, random.uniform(7.0, 8.4), 0.05)
    chromatin = 0.9 + 0.1 * sheet.texture(0.6)
    grey = (0.25, 0.30, 0.08)
    return _finish(
        nucleus,
        np.maximum(body, nucleus + 0.5),
        chromatin,
        grey,
        sheet,
        n_vacuoles=int(random.integers(0, 7)),
    )


def _eosinophil(sheet: _Sheet) -> Drawing:
    """Two lobes among coarse orange granules."""
    random = sheet.random
    turn = random.uniform(0, 2 * np.pi)
    x, y = 2.4 * float(np.cos(turn)), 2.4 * float(np.sin(turn))
    lobes = [
        sheet.disc((s * x, s * y), random.uniform(2.1, 2.5), 0.06) for s in (-1, 1)
    ]
    nucleus = np.maximum.reduce([*lobes, sheet.line((-x, -y), (x, y), 1.0)])
    body = sheet.disc(MIDDLE, random.uniform(5.8, 6.8), 0.03)
    chromatin = 1.0 + 0.12 * sheet.texture(0.45)
    orange = (0.10, 0.42, 0.26)
    return _finish(nucleus, np.maximum(body, nucleus + 0.4), chromatin, orange, sheet)


def _finish(
    nucleus_um: F32,
    body_um: F32,
    chromatin: F32,
    cytoplasm: tuple[float, float, float],
    sheet: _Sheet,
    n_vacuoles: int = 0,
) -> Drawing:
    """Put a nucleus into its cytoplasm."""
    random = sheet.random
    inside, body = _cover(nucleus_um), _cover(body_um)
    grains = 1 + 0.14 * sheet.texture(0.3)
    for _ in range(n_vacuoles):
        turn, ring = random.uniform(0, 2 * np.pi), random.uniform(4.5, 7.0)
        place = ring * np.cos(turn), ring * np.sin(turn)
        hole = _cover(sheet.disc(place, random.uniform(0.4, 0.8), 0.1))
        grains = grains * (1 - 0.7 * hole)
    amount = random.uniform(0.85, 1.15)
    density = _layer(body * (1 - inside) * grains, cytoplasm)
    density += _layer(inside * chromatin * np.float32(amount), NUCLEUS)
    return Drawing(
        density=np.maximum(density, 0).astype(np.float32),
        nucleus=nucleus_um > 0,
        cell=body_um > 0,
    )


def _red_cell(radius_um: float, scale: float, random: np.random.Generator) -> F32:
    """A disc with central pallor, sometimes oval, sometimes almost full."""
    sheet = _Sheet(radius_um * 1.5, scale, random)
    inside = sheet.disc(MIDDLE, radius_um, 0.035)
    depth = np.clip(inside / radius_um, 0, 1)
    pallor = random.uniform(0.25, 0.9) * np.clip((depth - 0.35) / 0.4, 0, 1)
    rim = 0.12 * np.exp(-(((depth - 0.12) / 0.1) ** 2))
    amount = _cover(inside, 0.35) * (1 + rim - pallor) * random.uniform(0.8, 1.2)
    return _layer(amount.astype(np.float32), RED_CELL)


def _platelet(scale: float, random: np.random.Generator) -> F32:
    radius = random.uniform(0.8, 1.4)
    sheet = _Sheet(2.5, scale, random)
    amount = _cover(sheet.disc(MIDDLE, radius, 0.12), 0.5)
    return _layer(amount * (0.9 + 0.25 * sheet.texture(0.3)), PLATELET)


def _smudge(scale: float, random: np.random.Generator) -> F32:
    """A burst nucleus: wide, pale, without a rim, drawn out one way."""
    sheet = _Sheet(14.0, scale, random)
    turn = random.uniform(0, 2 * np.pi)
    inside = np.maximum.reduce(
        [
            sheet.disc(
                (i * np.cos(turn), i * np.sin(turn)), random.uniform(2.5, 5), 0.2
            )
            for i in (-4.5, 0.0, 4.5)
        ]
    )
    ragged = inside + 1.2 * sheet.texture(0.8)
    amount = _cover(ragged, 3.0) * (0.42 + 0.08 * sheet.texture(0.7))
    return _layer(amount.astype(np.float32), NUCLEUS)


def _debris(scale: float, random: np.random.Generator) -> F32:
    """Stain precipitate: a few black-violet grains."""
    sheet = _Sheet(3.0, scale, random)
    grains = [
        sheet.disc(random.normal(0, 0.8, 2), random.uniform(0.15, 0.5), 0.2)
        for _ in range(random.integers(2, 9))
    ]
    return _layer(_cover(np.maximum.reduce(grains)), DEBRIS)


def paint_smear(
    width_px: int,
    height_px: int,
    kinds: list[WhiteCell],
    scale_um_per_px: float,
    random: np.random.Generator,
    *,
    margin_px: float = 0.0,
) -> Smear:
    """Paint a whole slide.

    Args:
        width_px: Of the canvas.
        height_px: Of the canvas.
        kinds: One for each white cell.
        scale_um_per_px: Of the canvas.
        random: Where chance comes from.
        margin_px: White cells lie at least so far from the canvas's edges.

    Raises:
        ValueError: The white cells do not find room.
    """
    canvas = _plasma(width_px, height_px, random)
    masks, inks = [], []
    for kind in kinds:
        drawing = draw_white_cell(kind, scale_um_per_px, random)
        inks.append(_steps(drawing.density))  # a quarter of its size
        masks.append((drawing.nucleus, drawing.cell))
    radii = np.array([_radius_px(cell) for _, cell in masks])
    places = _white_places(canvas.shape[:2], radii, margin_px, random)
    n_smudges = round(len(kinds) / 15)
    free = np.vstack([places, _scatter(canvas.shape[:2], n_smudges, random)])
    reach = np.append(radii, np.full(n_smudges, 6 / scale_um_per_px))
    _add_red_cells(canvas, free, reach, scale_um_per_px, random)
    area_um2 = width_px * height_px * scale_um_per_px**2
    for make, n in ((_platelet, area_um2 / 500), (_debris, area_um2 / 6000)):
        for place in _scatter(canvas.shape[:2], round(n), random):
            is_apart = _gap(place, places, radii) > 2 / scale_um_per_px
            is_on_plasma = canvas[int(place[1]), int(place[0]), 1] < PLASMA_BELOW
            if is_apart and (is_on_plasma or random.random() < ON_RED_CELL):
                _stamp(canvas, _steps(make(scale_um_per_px, random)), place)
    for place in free[len(places) :]:
        _stamp(canvas, _steps(_smudge(scale_um_per_px, random)), place)
    cells = []
    for kind, own, ink, place in zip(kinds, masks, inks, places, strict=True):
        corner = _stamp(canvas, ink, place)
        cells.append(_true_cell(kind, *own, corner))
    return Smear(density=np.asarray(canvas, np.uint8), cells=tuple(cells))


def _plasma(width: int, height: int, random: np.random.Generator) -> U8:
    """An almost empty ground, faintly mottled."""
    coarse = random.standard_normal((height // 64 + 2, width // 64 + 2))
    size = (width, height)
    mottle: F64 = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC))
    mottle *= 0.012  # in place: a slide of 60 cells has 37 MB of these
    mottle += 0.03
    mottle *= DENSITY_STEPS
    density = np.clip(mottle, 0, 255, out=mottle).astype(np.uint8)
    return np.repeat(density[..., None], 3, axis=2)


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
    random: np.random.Generator,
) -> F64:
    """Find a place for every white cell, a few of them touching another."""
    places: list[F64] = []
    for i, radius in enumerate(radii):
        touches = i > 0 and random.random() < TOUCHING
        low = radius + margin_px
        high = np.array(shape[1::-1]) - low
        for _ in range(20 * N_TRIES):
            place = random.uniform(low, high)
            if touches:
                turn, other = random.uniform(0, 2 * np.pi), int(random.integers(i))
                away = radii[other] + radius
                place = places[other] + away * np.array([np.cos(turn), np.sin(turn)])
            inside = (place >= low).all() and (place <= high).all()
            gap = _gap(place, np.array(places), radii) - radius
            if inside and gap > (-0.02 if touches else 0.2) * radius:
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
    random: np.random.Generator,
) -> None:
    """Strew red cells, overlapping a little, pushed aside by the white ones."""
    height, width = canvas.shape[:2]
    mean_um = sum(RED_CELL_RADIUS_UM) / 2
    n = int(RED_CELL_COVER * width * height * scale**2 / (np.pi * mean_um**2))
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
        _stamp(canvas, _steps(_red_cell(radius, scale, random)), place)
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
