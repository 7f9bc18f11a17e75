"""The simulated slide: a drawn smear under a hand-moved stage and a cheap camera.

The test bench of the whole project: everything that it shows is known, for every
frame and every cell. Deterministic by its seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, F64, I32, U8
from leukoscope_edge.capture.cell_drawing import DENSITY_STEPS, WhiteCell
from leukoscope_edge.capture.smear import (
    BLOOD,
    MARROW,
    Film,
    Smear,
    TrueCell,
    paint_smear,
)
from leukoscope_edge.errors import SourceError
from leukoscope_edge.types import Domain, Fault, Frame

WIDTH_PX, HEIGHT_PX = 640, 480
SCALE_UM_PER_PX = 0.1
"""A frame shows 64 x 48 um, about what a 100x objective shows a cheap camera."""
FRAME_INTERVAL_S = 0.1
ROW_STEP_PX = 280
"""Rows overlap by more than a cell, so that each cell is whole in one of them."""
STRIP_PX = 32
"""Rows that get their noise at once: whole frames would hold three times the memory."""
EDGE_PX = 40
"""Canvas beyond the path."""
TREMBLE_PX = 16
"""Room for a trembling hand and a cell's uneven rim."""
SPEED_PX = (22.0, 58.0)
JERK_PX = (240.0, 330.0)
PINK, BLUE_GREEN = (1.0, 0.72, 0.82), (0.62, 0.92, 0.95)
"""Of R, G and B, at the left and the right edge under light of two tones."""
MAX_CELLS = 500
MAX_FRAMES = 20_000

Value = TypeVar("Value", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidePlan:
    """What the simulated slide shows.

    Attributes:
        seed: Of everything.
        cells: White cells on the slide.
        blasts: Share of them that are blasts, 0..1.
        frames: Stop after so many; 0: the whole slide.
        jerks: Times that the hand slips and comes back.
        tones: How far the light turns from pink to blue-green across a frame, 0..1.
        corners: How much of the light the corners lack, 0..0.9.
        marrow: 1: bone marrow, crowded with nucleated cells; 0: blood.
    """

    seed: int = 1
    cells: int = 60
    blasts: float = 0.4
    frames: int = 0
    jerks: int = 2
    tones: float = 0.0
    corners: float = 0.0
    marrow: int = 0

    def __post_init__(self) -> None:
        _require_range("seed", self.seed, 0, 2**32 - 1)
        _require_range("cells", self.cells, 0, MAX_CELLS)
        _require_range("blasts", self.blasts, 0, 1)
        _require_range("frames", self.frames, 0, MAX_FRAMES)
        _require_range("jerks", self.jerks, 0, 100)
        _require_range("tones", self.tones, 0, 1)
        _require_range("corners", self.corners, 0, 0.9)
        _require_range("marrow", self.marrow, 0, 1)


def _require_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SourceError(f"simulated: {name} must lie in {low}..{high}, got {value}")


def parse_simulated(source: str) -> "SimulatedCamera":
    """Open `simulated` or `simulated:key=value,...` with the keys of `SlidePlan`.

    Raises:
        SourceError: A key is unknown or a value impossible; the message names it.
    """
    return SimulatedCamera(plan_of(source))


def plan_of(source: str) -> SlidePlan:
    """Read `simulated` or `simulated:key=value,...` with the keys of `SlidePlan`.

    Raises:
        SourceError: A key is unknown or a value impossible; the message names it.
    """
    kinds = {f.name: f.type for f in fields(SlidePlan)}
    given: dict[str, int | float] = {}
    _, _, settings = source.partition(":")
    for setting in filter(None, settings.split(",")):
        key, _, text = setting.partition("=")
        if key not in kinds:
            raise SourceError(
                f"simulated: unknown setting {key!r}, expected {', '.join(kinds)}"
            )
        if key in given:
            raise SourceError(f"simulated: {key} is given twice: which is meant?")
        given[key] = _number(key, text, float if kinds[key] is float else int)
    return SlidePlan(**given)  # type: ignore[arg-type]


def _number(key: str, text: str, kind: type[Value]) -> Value:
    try:
        return kind(text)
    except ValueError:
        raise SourceError(
            f"simulated: {key} must be a number ({kind.__name__}), got {text!r}"
        ) from None


class SimulatedCamera:
    """Looks at a drawn slide, and knows what is true of it.

    Attributes:
        truth: Every white cell of the slide.
        places_px: (N, 2) float64, slide coordinates (x, y) of each frame's corner.
    """

    domain: Domain = "simulated"
    scale_um_per_px: float | None = SCALE_UM_PER_PX

    def __init__(self, plan: SlidePlan) -> None:
        """Paint the slide, lay the path, dirty the sensor."""
        film = MARROW if plan.marrow else BLOOD
        width, height = _canvas_size(plan.cells, film)
        chance = [np.random.default_rng([plan.seed, i]) for i in range(4)]
        kinds = draw_kinds(plan.cells, plan.blasts, chance[0], film.shares)
        self._smear: Smear = paint_smear(
            width,
            height,
            kinds,
            SCALE_UM_PER_PX,
            chance[1],
            film=film,
            margin_px=EDGE_PX + TREMBLE_PX,
        )
        self._optics = _Optics(chance[2], plan)
        self._seed = plan.seed
        path = stage_path(width, height, plan.jerks, chance[3])
        self.places_px: F64 = path[: plan.frames or None]
        self.truth: tuple[TrueCell, ...] = self._smear.cells
        self.n_frames: int | None = len(self.places_px)
        self._next = 0

    def read(self) -> Frame | Fault | None:
        """Return the next frame, or None at the end of the path."""
        if self._next == len(self.places_px):
            return None
        number, self._next = self._next, self._next + 1
        return Frame(
            name=f"frame {number:06d}",
            pixels=self.render(number),
            time_s=number * FRAME_INTERVAL_S,
        )

    def render(self, number: int) -> U8:
        """Return one frame, (480, 640, 3) uint8 RGB, always the same for a number."""
        place = self.places_px[number]
        step = place - self.places_px[max(number - 1, 0)]
        size = (WIDTH_PX, HEIGHT_PX)
        middle = place + (np.array(size) - 1) / 2
        density = cv2.getRectSubPix(self._smear.density, size, middle.tolist())
        random = np.random.default_rng([self._seed, 9, number])
        return self._optics.expose(np.asarray(density, np.uint8), step, random)

    def labels(self, number: int) -> tuple[I32, I32]:
        """Return the true nuclei and cells of one frame.

        Returns:
            Two (480, 640) int32 images: 0 outside, i + 1 on cell i of `truth`.
        """
        corner = np.rint(self.places_px[number]).astype(int)
        nuclei = np.zeros((HEIGHT_PX, WIDTH_PX), np.int32)
        cells = np.zeros((HEIGHT_PX, WIDTH_PX), np.int32)
        for i, cell in enumerate(self.truth, start=1):
            x, y = np.array(cell.corner_px) - corner
            _write(nuclei, cell.nucleus, int(x), int(y), i)
            _write(cells, cell.cell, int(x), int(y), i)
        return nuclei, cells

    def __enter__(self) -> "SimulatedCamera":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def draw_kinds(
    n_cells: int,
    blasts: float,
    random: np.random.Generator,
    shares: Mapping[WhiteCell, float] = BLOOD.shares,
) -> list[WhiteCell]:
    """Return what each white cell is: the share of blasts exactly, the rest by chance.

    Args:
        n_cells: How many.
        blasts: Share of blasts, 0..1.
        random: Where chance comes from.
        shares: Of the others, by kind.
    """
    n_blasts = round(n_cells * blasts)
    normal = random.choice(len(shares), n_cells - n_blasts, p=list(shares.values()))
    kinds = [WhiteCell.BLAST] * n_blasts + [list(shares)[i] for i in normal]
    return [kinds[i] for i in random.permutation(n_cells)]


def stage_path(
    width_px: int, height_px: int, n_jerks: int, random: np.random.Generator
) -> F64:
    """Return (N, 2) frame corners: row after row, there and back, by hand.

    Args:
        width_px: Of the canvas.
        height_px: Of the canvas.
        n_jerks: Times that the hand slips far and comes back.
        random: Where chance comes from.
    """
    right, bottom = width_px - WIDTH_PX - EDGE_PX, height_px - HEIGHT_PX - EDGE_PX
    rows = list(range(EDGE_PX, bottom + 1, ROW_STEP_PX))
    corners = [np.array([EDGE_PX, EDGE_PX], np.float64)]
    for i, y in enumerate(rows):
        ends = (EDGE_PX, right) if i % 2 == 0 else (right, EDGE_PX)
        for x in ends:
            _walk_to(corners, np.array([x, y], np.float64), random)
    path = np.array(corners) + random.normal(0, 0.8, (len(corners), 2))
    for at in random.choice(len(path), min(n_jerks, len(path) // 8), replace=False):
        turn, far = random.uniform(0, 2 * np.pi), random.uniform(*JERK_PX)
        path[at : at + 2] += far * np.array([np.cos(turn), np.sin(turn)])
    largest = (width_px - WIDTH_PX - 1, height_px - HEIGHT_PX - 1)
    return np.asarray(np.clip(path, 0, largest), np.float64)


def _walk_to(
    corners: list[np.ndarray], goal: np.ndarray, random: np.random.Generator
) -> None:
    """Go on to a goal at a hand's changing speed, with a pause now and then."""
    speed = random.uniform(*SPEED_PX)
    while True:
        way = goal - corners[-1]
        left = float(np.hypot(*way))
        if left < 1:
            return
        speed = float(np.clip(speed + random.normal(0, 6), *SPEED_PX))
        corners.append(corners[-1] + way * min(speed / left, 1))
        if random.random() < 0.03:
            corners += [corners[-1]] * int(random.integers(3, 8))


def _canvas_size(n_cells: int, film: Film) -> tuple[int, int]:
    """Return a width and height with room for so many cells, in whole rows."""
    rim_px = round(film.rim_um / SCALE_UM_PER_PX)
    area = max(n_cells, 4) / film.cells_per_field * WIDTH_PX * HEIGHT_PX
    n_rows = max(1, round((area / 1.4) ** 0.5 / ROW_STEP_PX - 0.7))
    height = HEIGHT_PX + (n_rows - 1) * ROW_STEP_PX + 2 * EDGE_PX
    width = round(area / (height - 2 * rim_px)) + 2 * rim_px
    return max(WIDTH_PX + 2 * EDGE_PX, width), height


def _write(image: I32, mask: np.ndarray, x: int, y: int, value: int) -> None:
    side = len(mask)
    height, width = image.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, width), min(y + side, height)
    if x0 < x1 and y0 < y1:
        image[y0:y1, x0:x1][mask[y0 - y : y1 - y, x0 - x : x1 - x]] = value


class _Optics:
    """One lamp, lens and sensor: colour, shading, dust, focus and noise."""

    def __init__(self, random: np.random.Generator, plan: SlidePlan) -> None:
        lamp = random.uniform((205, 205, 190), (232, 228, 222)).astype(np.float32)
        self._field = lamp * _shading(random) * _dust(random) * _bad_light(plan)
        self._stain = random.uniform(0.85, 1.2)
        self._focus_px = random.uniform(0.6, 1.1)
        steps = np.arange(256, dtype=np.float32) / np.float32(DENSITY_STEPS)
        self._table = np.exp(-steps * np.float32(self._stain))

    def expose(self, density: U8, step_px: F64, random: np.random.Generator) -> U8:
        """Return what the sensor records, (H, W, 3) uint8 RGB."""
        light = cv2.LUT(density, self._table)
        focus = abs(random.normal(self._focus_px, 0.15)) + 0.3
        light = cv2.GaussianBlur(light, (0, 0), focus)
        smear = _motion_kernel(step_px)
        if smear is not None:
            light = cv2.filter2D(light, -1, smear)
        seen = np.empty(light.shape, np.uint8)
        for y in range(0, len(seen), STRIP_PX):
            rows = slice(y, y + STRIP_PX)
            level = light[rows] * self._field[rows]
            noise = random.standard_normal(level.shape, dtype=np.float32)
            level += noise * np.sqrt(0.012 * level + 0.6)
            seen[rows] = np.clip(np.rint(level), 0, 255)
        return seen


def _shading(random: np.random.Generator) -> F32:
    """The lamp's uneven light: brightest somewhere near the middle."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)
    middle = np.array([WIDTH_PX, HEIGHT_PX]) * random.uniform(0.4, 0.6, 2)
    far = ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / WIDTH_PX**2
    return np.asarray(1 - random.uniform(0.1, 0.25) * far, np.float32)[..., None]


def _bad_light(plan: SlidePlan) -> F32:
    """The light of a cheap lamp: of two colours, and dark in the corners."""
    if plan.tones == plan.corners == 0:
        return np.ones((1, 1, 1), np.float32)
    y, x = np.mgrid[-1 : 1 : HEIGHT_PX * 1j, -1 : 1 : WIDTH_PX * 1j][..., None]
    share = (x + 1) / 2
    tone = (1 - share) * np.array(PINK) + share * np.array(BLUE_GREEN)
    corner = 1 - plan.corners * ((x**2 + y**2) / 2) ** 2
    return np.asarray((1 - plan.tones * (1 - tone)) * corner, np.float32)


def _dust(random: np.random.Generator) -> F32:
    """Blurred specks that stay where they are while the slide moves."""
    clean = np.ones((HEIGHT_PX, WIDTH_PX), np.float32)
    for _ in range(random.integers(2, 6)):
        x, y = (int(v) for v in random.uniform((0, 0), (WIDTH_PX, HEIGHT_PX)))
        shade = float(random.uniform(0.8, 0.93))
        cv2.circle(clean, (x, y), int(random.integers(3, 9)), shade, cv2.FILLED)
    return np.asarray(cv2.GaussianBlur(clean, (0, 0), 3), np.float32)[..., None]


def _motion_kernel(step_px: F64) -> F32 | None:
    """The streak of a moving stage at an exposure of a fiftieth of the interval."""
    length = float(np.hypot(*step_px)) / 50
    if length < 1:
        return None
    side = 2 * int(np.ceil(length)) + 1
    kernel = np.zeros((side, side), np.float32)
    half = step_px / 100
    middle = side // 2
    start, end = (
        tuple(int(v) for v in np.rint(middle + sign * half)) for sign in (-1, 1)
    )
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(kernel / kernel.sum(), np.float32)
