"""Fit what tells large platelets from small white cells, and test it set by set.

    python tools/fit_platelets.py FOLDER [--every N] [--fine]

FOLDER holds `pbc`, `wbc-fields`, `wbc-crops-120`, `wbc-crops-300`, `marrow` and
`taleqani`. Every object that would be a whole white cell by size alone is measured
(`vision.cells.platelets`): those in the middle of PBC's platelets are platelets; those
in the middle of all other images of single cells, in a box or mask, and all in the
crowded fields of Taleqani, which are stretched to 4:3, are white cells. Each set has
the same weight as each other. The level is the lowest at which no set loses more than
one white cell in eight hundred.

Prints for each set how many of its white cells a fit on the other sets loses, how many
platelets still pass by that fit, and the slopes and the bias of the fit on all; what
that loses of PBC's cells where they are sharpened, as some cameras do unasked; and the
slopes of a fit on PBC alone, in which no difference between cameras can have a part.
Half of the platelets, every second, is kept out of the fits and is what passes or not.

`--fine`: then the same with two more measures, which the device does not take (`fine`).
"""

import argparse
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.capture.stored import list_images
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment
from leukoscope_edge.vision.cells import Measures
from leukoscope_edge.vision.cells import platelets as rule
from leukoscope_edge.vision.colour import PLASMA_LEVEL
from leukoscope_train.data import SET_SCALES, as_taken
from leukoscope_train.evaluation import Box, picture, pictures_of, truths, whole_number

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.harms import sharpen

MAX_LOST = 1 / 800
PLATELETS = "platelet"
"""PBC's folder of them."""
MIDDLE_SHARE = 0.15
"""Of an image's width: how far from the middle its one object may lie."""
N_MEASURES = len(rule.SLOPES)
FINE_UM, GRAIN_UM, CORE_UM = 0.30, 0.8, 0.5
"""Of `fine`: all pictures are blurred to the first, a local mean is as wide as the
second, and the texture is that of what lies deeper than the third."""
LEAST = 0.01
"""Of a density, and of how steep it is: below, all is flat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A set and how it is read.

    Attributes:
        name: Its folder.
        every: Of its images every n-th.
        which: "drawn", "middle" or "all": which objects are white cells.
        in_marrow: Seen as marrow.
    """

    name: str
    every: int = 1
    which: str = "middle"
    in_marrow: bool = False

    @property
    def um_per_px(self) -> float:
        """The likeliest of its scale."""
        return SET_SCALES[self.name].um_per_px


PBC = Source(name="pbc", every=6)
SOURCES = (
    PBC,
    Source(name="wbc-fields", which="drawn"),
    Source(name="wbc-crops-120", which="drawn"),
    Source(name="wbc-crops-300", which="drawn"),
    Source(name="marrow", every=4, in_marrow=True),
    Source(name="taleqani", every=3, which="all"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A logistic regression; above 0 is platelet."""

    slopes: F64
    bias: float

    def scores(self, measures: F64) -> F64:
        """Return (N,) log odds of (N, M) measures."""
        return np.asarray(measures @ self.slopes + self.bias, np.float64)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--every", type=whole_number, default=1, help="only every n-th of those images"
    )
    parser.add_argument("--fine", action="store_true", help="two more measures too")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        white = {
            source.name: measured(options.folder, source, options.every)
            for source in SOURCES
        }
        platelets = measured_platelets(options.folder, options.every)
        sharp = measured(options.folder, PBC, options.every, sharpened=True)
    except (OSError, LeukoscopeError) as err:
        print(f"fit_platelets: {err}", file=sys.stderr)
        return 1
    for n in (N_MEASURES, platelets.shape[1])[: 1 + options.fine]:
        print(f"by {n} measures")
        taken = {name: cells[:, :n] for name, cells in white.items()}
        for line in report(taken, platelets[:, :n], sharp[:, :n]):
            print(line)
    return 0


def report(white: dict[str, F64], platelets: F64, sharp: F64) -> Iterator[str]:
    """Yield what is lost and what passes, set by set, and the fit on all sets.

    Args:
        white: (N, M) measures of each set's white cells.
        platelets: (N, M) of the platelets.
        sharp: (N, M) of PBC's white cells once sharpened.
    """
    taught, kept = platelets[::2], platelets[1::2]
    for name, cells in white.items():
        fit = fitted({k: v for k, v in white.items() if k != name}, taught)
        n_lost = int((fit.scores(cells) > 0).sum())
        yield (
            f"{name}: left out, {n_lost} of {len(cells)} white cells are lost "
            f"({n_lost / max(len(cells), 1):.4f}), {_passing(fit, kept):.3f} of "
            f"{len(kept)} platelets pass"
        )
    fit = fitted(white, taught)
    lost = {k: f"{(fit.scores(v) > 0).mean():.4f}" for k, v in white.items()}
    yield f"all sets: {_passing(fit, kept):.3f} pass, lost: {lost}"
    n_lost = int((fit.scores(sharp) > 0).sum())
    yield f"PBC, sharpened: {n_lost} of {len(sharp)} are lost"
    if PBC.name in white:
        alone = fitted({PBC.name: white[PBC.name]}, taught)
        yield f"PBC alone: {_passing(alone, kept):.3f} pass by {_rounded(alone.slopes)}"
    yield f"SLOPES = {_rounded(fit.slopes)}"
    yield f"BIAS = {fit.bias:.2f}"


def _rounded(slopes: F64) -> tuple[float, ...]:
    return tuple(round(float(slope), 2) for slope in slopes)


def _passing(fit: Fit, platelets: F64) -> float:
    return float((fit.scores(platelets) <= 0).mean())


def fitted(white: dict[str, F64], platelets: F64) -> Fit:
    """Fit white cells of several sets, each of the same weight, against platelets."""
    rows = np.vstack([*white.values(), platelets])
    shares = [np.full(len(w), 1 / (len(white) * len(w))) for w in white.values()]
    weights = np.concatenate([*shares, np.full(len(platelets), 1 / len(platelets))])
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    truth = np.arange(len(rows)) >= len(rows) - len(platelets)
    judge = LogisticRegression(max_iter=1000)
    judge.fit((rows - mean) / spread, truth, weights * len(platelets))
    slopes = judge.coef_[0] / spread
    level = max(np.quantile(w @ slopes, 1 - MAX_LOST) for w in white.values())
    return Fit(slopes=slopes, bias=-float(level))


def measured(
    folder: Path, source: Source, every: int, *, sharpened: bool = False
) -> F64:
    """Return (N, 6) measures of what a set has beside platelets: white cells."""
    images = (
        (sharpen(pixels) if sharpened else pixels, boxes)
        for pixels, boxes, name in _images(folder, source, source.every * every)
        if name != PLATELETS
    )
    return _table(folder, source, images)


def measured_platelets(folder: Path, every: int) -> F64:
    """Return (N, 6) measures of PBC's platelets that would be white cells."""
    images = (
        (picture(path), [_middle(picture(path))])
        for path in list_images(folder / PBC.name / PLATELETS)[::every]
    )
    return _table(folder, PBC, images)


def _images(
    folder: Path, source: Source, every: int
) -> Iterator[tuple[U8, list[Box], str]]:
    """Yield every n-th image of a set, where its cells lie, and its class."""
    if source.which == "drawn":
        for truth in truths(str(folder / source.name), every):
            yield truth.pixels, truth.boxes, ""
        return
    for path in pictures_of(folder / source.name)[::every]:
        pixels = as_taken(picture(path), source.name)
        height, width = pixels.shape[:2]
        everywhere = (0.0, 0.0, float(width), float(height))
        box = everywhere if source.which == "all" else _middle(pixels)
        yield pixels, [box], path.parent.name


def _middle(pixels: U8) -> Box:
    height, width = pixels.shape[:2]
    x, y, away = width / 2, height / 2, MIDDLE_SHARE * width
    return (x - away, y - away, x + away, y + away)


def _table(folder: Path, source: Source, images: Iterable[tuple[U8, list[Box]]]) -> F64:
    rows = [
        measures
        for pixels, boxes in images
        for measures, (x, y) in _would_be_cells(pixels, source)
        if any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)
    ]
    if not rows:
        raise SourceError(f"{folder / source.name}: nothing is found there")
    return np.array(rows, np.float64)


def fine(smooth: U8, nucleus: U8, scale_um_per_px: float) -> tuple[float, float]:
    """Measure chromatin and rim of an object in its window.

    Neither is asked on the device: between these sets they tell cameras apart.

    Args:
        smooth: (h, w, 3) uint8 RGB of a view.
        nucleus: (h, w) uint8, not empty.
        scale_um_per_px: Of these.

    Returns:
        The texture, which is the standard deviation of the optical density in green
        over its local mean, in mean densities; and the natural logarithm of the
        density's slope at the rim, in mean densities a micrometre.
    """
    green = np.maximum(smooth[..., 1], 1).astype(np.float32)
    density = np.log(np.float32(PLASMA_LEVEL) / green)
    blur_um = math.sqrt(max(FINE_UM**2 - scale_um_per_px**2, 0.0))
    if blur_um > 0:
        density = _blurred(density, blur_um / scale_um_per_px)
    mean = max(cv2.mean(density, nucleus)[0], LEAST)
    depth = cv2.distanceTransform(nucleus, cv2.DIST_L2, cv2.DIST_MASK_5)
    core = depth > min(CORE_UM / scale_um_per_px, depth.max() / 2)
    share = core.astype(np.float32)
    grain_px = GRAIN_UM / scale_um_per_px
    local = _blurred(density * share, grain_px) / np.maximum(
        _blurred(share, grain_px), LEAST
    )
    rim = cv2.morphologyEx(nucleus, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    across, down = (
        cv2.Sobel(density, cv2.CV_32F, *way, scale=1 / 8 / scale_um_per_px)
        for way in ((1, 0), (0, 1))
    )
    slope = cv2.mean(cv2.magnitude(across, down), rim)[0]
    return (
        float((density - local)[core].std()) / mean,
        math.log(max(slope / mean, LEAST)),
    )


def _blurred(levels: F32, sigma_px: float) -> F32:
    return np.asarray(cv2.GaussianBlur(levels, (0, 0), sigma_px), np.float32)


def _would_be_cells(
    pixels: U8, source: Source
) -> list[tuple[tuple[float, ...], tuple[float, float]]]:
    """Return what is whole and no platelet by its size alone, and where it lies."""
    seen: list[tuple[float, ...]] = []
    measure, own = rule.measure, rule.is_platelet

    def watch(smooth: U8, nucleus: U8, cell: U8, scale_um_per_px: float) -> Measures:
        measures = measure(smooth, nucleus, cell, scale_um_per_px)
        seen.append((*measures, *fine(smooth, nucleus, scale_um_per_px)))
        return measures

    def none_is(measures: Measures) -> bool:
        return len(measures) != N_MEASURES

    rule.measure, rule.is_platelet = watch, none_is
    try:
        found = segment(pixels, source.um_per_px, in_marrow=source.in_marrow)
    finally:
        rule.measure, rule.is_platelet = measure, own
    centres = found.centres_px[found.indices(CellKind.WBC)]
    return [(m, (float(x), float(y))) for m, (x, y) in zip(seen, centres, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
