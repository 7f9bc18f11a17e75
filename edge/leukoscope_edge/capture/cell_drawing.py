"""White cells, red cells and what lies between them, each drawn as a small picture."""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, F64, BoolArray

Place = tuple[float, float] | F64
"""x and y."""
MIDDLE = (0.0, 0.0)

DENSITY_STEPS = 80.0
"""The canvas stores optical density (natural logarithm) times this, as uint8."""
RED_CELL = (0.13, 0.28, 0.20)
NUCLEUS = (0.62, 1.02, 0.14)
PLATELET = (0.34, 0.60, 0.10)
DEBRIS = (0.95, 1.15, 0.55)
"""Optical density of red, green and blue light. Red cells and nuclei follow the
median colours of real Romanowsky fields; the others are scaled to them by eye."""
BEYOND_UM = 1.0
"""How far beyond its rim a disc is worked out: no soft rim reaches so far."""


class WhiteCell(str, Enum):
    """What a simulated white cell is."""

    LYMPHOCYTE = "lymphocyte"
    NEUTROPHIL = "neutrophil"
    MONOCYTE = "monocyte"
    EOSINOPHIL = "eosinophil"
    BLAST = "blast"
    ERYTHROBLAST = "erythroblast"
    IMMATURE = "immature granulocyte"


NORMAL_SHARES = {
    WhiteCell.LYMPHOCYTE: 0.36,
    WhiteCell.NEUTROPHIL: 0.50,
    WhiteCell.MONOCYTE: 0.09,
    WhiteCell.EOSINOPHIL: 0.05,
}


"""A child's differential count."""
MARROW_SHARES = {
    WhiteCell.IMMATURE: 0.28,
    WhiteCell.ERYTHROBLAST: 0.27,
    WhiteCell.NEUTROPHIL: 0.25,
    WhiteCell.LYMPHOCYTE: 0.15,
    WhiteCell.EOSINOPHIL: 0.03,
    WhiteCell.MONOCYTE: 0.02,
}
"""Of the nucleated cells of a normal marrow, rounded to fit these kinds (Bain, N Engl J
Med 344, 2001: a myeloid to erythroid ratio of 1.4 to 3.6)."""


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


class _Sheet:
    """A square of micrometres around the origin on which one object is drawn."""

    def __init__(self, half_um: float, scale: float, random: np.random.Generator):
        half = round(half_um / scale)
        axis = np.arange(-half, half + 1, dtype=np.float32) * np.float32(scale)
        self.x, self.y = axis[None], axis[:, None]
        self.shape = (len(axis), len(axis))
        self.width_um = len(axis) * scale
        self.scale = scale
        self.random = random

    def disc(
        self,
        place_um: Place,
        radius_um: float,
        rough: float,
        beyond_um: float = BEYOND_UM,
    ) -> F32:
        """Return how far inside a wobbly disc each pixel lies, in micrometres.

        What lies further beyond its rim than `beyond_um` may be minus infinity.
        """
        waves = [
            (
                wave,
                rough * radius_um * self.random.normal() / wave**0.5,
                self.random.uniform(0, 2 * np.pi),
            )
            for wave in (2, 3, 4, 5)
        ]
        reach_um = radius_um + sum(abs(size) for _, size, _ in waves) + beyond_um
        dx, dy = (self.x - np.float32(place_um[0]), self.y - np.float32(place_um[1]))
        near = _near(dy[:, 0], reach_um), _near(dx[0], reach_um)
        dx, dy = dx[:, near[1]], dy[near[0]]
        angle = np.arctan2(dy, dx)
        rim = np.full_like(angle, radius_um)
        for wave, size, turn in waves:
            rim += size * np.cos(wave * angle + turn)
        inside = np.full(self.shape, -np.inf, np.float32)
        inside[near] = rim - np.hypot(dx, dy)
        return inside

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
        noise = self.random.standard_normal(self.shape, dtype=np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), max(grain_um / self.scale, 0.3))
        return np.asarray(smooth / max(float(smooth.std()), 1e-6), np.float32)


def _near(distance_um: F32, reach_um: float) -> slice:
    """Return the part of a row or column, of no pixel or more, that is so near."""
    near = np.flatnonzero(np.abs(distance_um) < reach_um)
    return slice(near[0], near[-1] + 1) if len(near) else slice(0)


def trimmed(is_used: BoolArray) -> tuple[slice, slice]:
    """Return the square around the middle of a square that holds all that is used."""
    side = len(is_used)
    lines = [np.flatnonzero(is_used.any(axis=axis)) for axis in (0, 1)]
    rim = min(
        (min(int(at[0]), side - 1 - int(at[-1])) for at in lines if len(at)), default=0
    )
    return slice(rim, side - rim), slice(rim, side - rim)


def _cover(inside_um: F32, softness_um: float = 0.25) -> F32:
    """Return 0 outside, 1 inside, with a soft rim."""
    cover = np.clip(inside_um / np.float32(softness_um) + np.float32(0.5), 0, 1)
    return np.asarray(cover, np.float32)


def _layer(amount: F32, colour: tuple[float, float, float]) -> F32:
    return np.asarray(cv2.merge([amount * np.float32(share) for share in colour]))


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
        case WhiteCell.ERYTHROBLAST:
            return _erythroblast(sheet)
        case WhiteCell.IMMATURE:
            return _immature(sheet)


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


def _erythroblast(sheet: _Sheet) -> Drawing:
    """A small round nucleus, very dark and coarse, in grey-pink cytoplasm."""
    random = sheet.random
    radius = random.uniform(2.8, 3.7)
    nucleus = sheet.disc(random.uniform(-0.5, 0.5, 2), radius, 0.02)
    body = sheet.disc(MIDDLE, radius + random.uniform(1.4, 2.2), 0.03)
    chromatin = 1.3 + 0.14 * sheet.texture(0.5)
    grey_pink = (0.24, 0.32, 0.14)
    return _finish(
        nucleus, np.maximum(body, nucleus + 0.3), chromatin, grey_pink, sheet
    )


def _immature(sheet: _Sheet) -> Drawing:
    """An oval nucleus to one side of wide, granular, violet cytoplasm."""
    random = sheet.random
    radius, turn = random.uniform(4.2, 5.2), random.uniform(0, 2 * np.pi)
    way = np.array([np.cos(turn), np.sin(turn)])
    nucleus = sheet.disc(way * random.uniform(1.0, 1.8), radius, 0.06)
    body = sheet.disc(MIDDLE, radius + random.uniform(1.8, 2.8), 0.04)
    chromatin = 0.95 + 0.08 * sheet.texture(0.4)
    violet = (0.26, 0.34, 0.07)
    return _finish(nucleus, np.maximum(body, nucleus + 0.4), chromatin, violet, sheet)


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
    used = trimmed(body > 0)
    inside = inside[used]
    density = _layer(body[used] * (1 - inside) * grains[used], cytoplasm)
    density += _layer(inside * chromatin[used] * np.float32(amount), NUCLEUS)
    return Drawing(
        density=np.maximum(density, 0).astype(np.float32),
        nucleus=nucleus_um[used] > 0,
        cell=body_um[used] > 0,
    )


def draw_red_cell(radius_um: float, scale: float, random: np.random.Generator) -> F32:
    """A disc with central pallor, sometimes oval, sometimes almost full."""
    sheet = _Sheet(radius_um * 1.5, scale, random)
    inside = sheet.disc(MIDDLE, radius_um, 0.035)
    inside = inside[trimmed(inside > -BEYOND_UM)]
    depth = np.clip(inside / radius_um, 0, 1)
    pallor = random.uniform(0.25, 0.9) * np.clip((depth - 0.35) / 0.4, 0, 1)
    rim = 0.12 * np.exp(-(((depth - 0.12) / 0.1) ** 2))
    amount = _cover(inside, 0.35) * (1 + rim - pallor) * random.uniform(0.8, 1.2)
    return _layer(amount.astype(np.float32), RED_CELL)


def draw_platelet(scale: float, random: np.random.Generator) -> F32:
    """Draw a platelet: small, pale, without a nucleus."""
    radius = random.uniform(0.8, 1.4)
    sheet = _Sheet(2.5, scale, random)
    amount = _cover(sheet.disc(MIDDLE, radius, 0.12), 0.5)
    return _layer(amount * (0.9 + 0.25 * sheet.texture(0.3)), PLATELET)


def draw_smudge(scale: float, random: np.random.Generator) -> F32:
    """A burst nucleus: wide, pale, without a rim, drawn out one way."""
    sheet = _Sheet(14.0, scale, random)
    turn = random.uniform(0, 2 * np.pi)
    inside = np.maximum.reduce(
        [
            sheet.disc(
                (i * np.cos(turn), i * np.sin(turn)),
                random.uniform(2.5, 5),
                0.2,
                beyond_um=sheet.width_um,  # its noise reaches far
            )
            for i in (-4.5, 0.0, 4.5)
        ]
    )
    ragged = inside + 1.2 * sheet.texture(0.8)
    amount = _cover(ragged, 3.0) * (0.42 + 0.08 * sheet.texture(0.7))
    return _layer(amount.astype(np.float32), NUCLEUS)


def draw_debris(scale: float, random: np.random.Generator) -> F32:
    """Stain precipitate: a few black-violet grains."""
    sheet = _Sheet(3.0, scale, random)
    grains = [
        sheet.disc(random.normal(0, 0.8, 2), random.uniform(0.15, 0.5), 0.2)
        for _ in range(random.integers(2, 9))
    ]
    return _layer(_cover(np.maximum.reduce(grains)), DEBRIS)
