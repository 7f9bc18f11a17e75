"""Measure the red cells of sets of real images, and what a pixel of each measures.

    python tools/measure_set_scales.py DATA [SET...] [--every N] [--boxes] [--json]

Of each set's images, Taleqani's stretched to 4:3: red cells that lie alone, whole and
round. Their edge is set half way between the plasma around them and their own rim, and
their diameter is that of a disc of their area. Beside the median stand the scales that
7.0, 7.5 and 7.8 um give (a red cell on a dried smear), what the device says of the set
(`gather --scale device`), and what `leukoscope_train/data/set_scales.py` says.
`--boxes`: of the same cells of `wbc-fields`, the side of the box that people drew.

Keys of `--json`: `set`, `n`, `diameter_px`, `spread_px`, `um_per_px` (by 7.0, 7.5 and
7.8), `by_device`, `in_table`, `box_side_px`; null where there is none.
"""

import argparse
import json
import math
import sys
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.vision.scale import estimate_source_scale, measure_sizes
from leukoscope_train.data import SET_SCALES, as_taken
from leukoscope_train.evaluation import picture, pictures_of, whole_number

LOW_UM, LIKELY_UM, HIGH_UM = 7.0, 7.5, 7.8
"""Mean diameters of red cells on dried smears of healthy people."""
EVERY = {"pbc": 40, "marrow": 3, "taleqani": 8}
"""Of large sets, each n-th image, unless one says otherwise."""
MIN_SOLIDITY, MAX_ASPECT, NEAR_ELLIPSE = 0.93, 1.18, 0.05
"""Of a whole round cell: area over that of its hull, long over short axis, and by how
much its area differs from that of its ellipse."""
MAX_RED_DENSITY, MAX_VIOLET = 0.35, 0.7
"""Median density in red, and the 90th percentile of how violet it is
(`vision.scale.scale_estimate`): nuclei have more."""
NEAR_MODE, MODE_WIDTH = 0.25, 0.05
"""Of a logarithm, around the commonest diameter, as `vision.scale.scale_estimate`."""
SAME_PX = 15
"""A box whose middle lies so near is a cell's own."""
MIN_CELLS = 20
"""Fewer are something else, as in sets that show no red cells."""
N_BY_DEVICE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A red cell by its area: where, and how wide."""

    x_px: float
    y_px: float
    diameter_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the red cells of a set say."""

    set: str
    n: int
    diameter_px: float | None
    spread_px: float | None
    um_per_px: tuple[float, float, float] | None
    by_device: float | None
    in_table: float
    box_side_px: float | None = None


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    cv2.setNumThreads(1)
    try:
        rows = [
            measured(options.data / name, options.every, boxes=options.boxes)
            for name in options.sets or [n for n in SET_SCALES if n != "cnmc"]
        ]
    except (OSError, KeyError, LeukoscopeError) as err:
        print(f"measure_set_scales: {err}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return 0
    for row in rows:
        print(_line(row))
    return 0


def measured(folder: Path, every: int | None, *, boxes: bool = False) -> Row:
    """Measure a set.

    Args:
        folder: Its images; its name is in SET_SCALES.
        every: Each n-th image; None: as EVERY has it.
        boxes: And the boxes that people drew around the same cells.
    """
    name = folder.name
    found: list[Disc] = []
    sides_px: list[float] = []
    paths = pictures_of(folder)
    for path in paths[:: every or EVERY.get(name, 1)]:
        discs = red_cells(as_taken(picture(path), name))
        found += discs
        if boxes:
            drawn = folder / "boxes" / f"{path.stem}.xml"
            sides_px += _sides_px(drawn, discs) if drawn.exists() else []
    near = _near_mode(np.array([d.diameter_px for d in found]))
    is_enough = len(near) >= MIN_CELLS
    middle = float(np.median(near)) if is_enough else None
    at = np.linspace(0, len(paths) - 1, min(N_BY_DEVICE, len(paths))).round()
    sizes = [measure_sizes(as_taken(picture(paths[int(i)]), name)) for i in at]
    return Row(
        set=name,
        n=len(near),
        diameter_px=middle,
        spread_px=float(near.std()) if is_enough else None,
        um_per_px=None if middle is None else _scales(middle),
        by_device=estimate_source_scale(sizes).um_per_px,
        in_table=SET_SCALES[name].um_per_px,
        box_side_px=float(np.median(sides_px)) if sides_px else None,
    )


def _scales(diameter_px: float) -> tuple[float, float, float]:
    return LOW_UM / diameter_px, LIKELY_UM / diameter_px, HIGH_UM / diameter_px


def _near_mode(diameters_px: "np.typing.NDArray[np.float64]") -> F32:
    """Return the diameters near the commonest; specks and heaps are left out."""
    if not len(diameters_px):
        return np.zeros(0, np.float32)
    logs = np.log(diameters_px)
    away = (logs - logs[:, None]) / MODE_WIDTH
    votes = (np.exp(-(away**2) / 2) * diameters_px).sum(axis=1)
    is_near = np.abs(logs - logs[votes.argmax()]) < NEAR_MODE
    return np.asarray(diameters_px[is_near], np.float32)


def red_cells(pixels: U8) -> list[Disc]:
    """Return the red cells that lie alone, whole and round.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    smooth = cv2.GaussianBlur(pixels, (0, 0), max(0.6, max(pixels.shape) / 800))
    white = np.percentile(smooth.reshape(-1, 3), 95, axis=0)
    density = np.log(np.maximum(white, 1) / np.maximum(smooth.astype(np.float32), 1))
    levels = np.clip(density[..., 1] * 300, 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)
    mask = (levels > level / 2).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = (
        _disc(np.asarray(density, np.float32), c)
        for c in contours
        if _is_round(np.asarray(c), mask)
    )
    return [disc for disc in found if disc is not None]


def _is_round(contour: "np.typing.NDArray[np.int32]", mask: U8) -> bool:
    height, width = mask.shape
    x, y, w, h = cv2.boundingRect(contour)
    is_whole = min(x, y) > 1 and x + w < width - 1 and y + h < height - 1
    if not is_whole or w * h < 100 or len(contour) < 5:
        return False
    area = cv2.contourArea(contour)
    if area < MIN_SOLIDITY * cv2.contourArea(cv2.convexHull(contour)):
        return False
    _, axes, _ = cv2.fitEllipse(contour)
    of_ellipse = math.pi * axes[0] * axes[1] / 4
    is_disc = max(axes) <= MAX_ASPECT * min(axes)
    return is_disc and abs(area / of_ellipse - 1) <= NEAR_ELLIPSE


def _disc(density: F32, contour: "np.typing.NDArray[np.int32]") -> Disc | None:
    """Return a cell by its edge at half height, None where it is none or is violet."""
    inside = np.zeros(density.shape[:2], np.uint8)
    cv2.drawContours(inside, [contour], -1, 1, cv2.FILLED)
    red, green, blue = density[inside > 0].T
    violet = np.percentile(red + green - 2 * blue, 90)
    if np.median(red) > MAX_RED_DENSITY or violet > MAX_VIOLET:
        return None
    area = cv2.contourArea(contour)
    radius = math.sqrt(area / math.pi)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    is_rim = (depth > 0.15 * radius) & (depth < 0.35 * radius)
    (x, y), _ = cv2.minEnclosingCircle(contour)
    left, top = max(0, int(x - 1.8 * radius)), max(0, int(y - 1.8 * radius))
    part = density[top : int(y + 1.8 * radius), left : int(x + 1.8 * radius), 1]
    half = (float(np.median(density[is_rim][:, 1])) + float(np.percentile(part, 5))) / 2
    shapes, _ = cv2.findContours(
        (part > half).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    own = [s for s in shapes if cv2.pointPolygonTest(s, (x - left, y - top), False) > 0]
    if not own:
        return None
    # A contour runs through the middle of the outermost pixels.
    area_px = cv2.contourArea(own[0]) + cv2.arcLength(own[0], True) / 2
    if not 0.6 * area < area_px < 1.3 * area:
        return None
    return Disc(x_px=x, y_px=y, diameter_px=2 * math.sqrt(area_px / math.pi))


def _sides_px(path: Path, discs: list[Disc]) -> list[float]:
    """Return the mean side of the boxes around some red cells."""
    sides = []
    for item in ET.parse(path).getroot().iter("object"):  # noqa: S314 (our own data)
        ends = ("xmin", "ymin", "xmax", "ymax")
        x0, y0, x1, y1 = (float(item.findtext(f"bndbox/{k}") or "nan") for k in ends)
        middle = (x0 + x1) / 2, (y0 + y1) / 2
        if any(math.dist(middle, (d.x_px, d.y_px)) < SAME_PX for d in discs):
            sides.append((x1 - x0 + y1 - y0) / 2)
    return sides


def _line(row: Row) -> str:
    said = f"{row.n} red cells alone, whole and round are too few"
    if row.diameter_px is not None and row.um_per_px is not None:
        low, likely, high = row.um_per_px
        said = (
            f"{row.n} red cells, {row.diameter_px:.1f} px (sd {row.spread_px:.1f}): "
            f"{likely:.3f} um per px ({low:.3f} to {high:.3f})"
        )
    device = "none" if row.by_device is None else f"{row.by_device:.3f}"
    told = f"{row.set}: {said}; the device says {device}, the table {row.in_table:.3f}"
    if row.box_side_px is not None:
        told += f"; boxes of the same cells {row.box_side_px:.1f} px"
    return told


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="holds a folder for each set")
    parser.add_argument("sets", nargs="*", help="default: all but cnmc")
    parser.add_argument("--every", type=whole_number, help="each n-th image")
    parser.add_argument("--boxes", action="store_true", help="drawn ones, beside")
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
