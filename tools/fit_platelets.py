"""Fit what tells large platelets from small white cells, and test it set by set.

    python tools/fit_platelets.py FOLDER [--every N]

FOLDER holds `pbc`, `wbc-fields`, `wbc-crops-120`, `wbc-crops-300`, `marrow` and
`taleqani`. Every object that would be a whole white cell by size alone is measured
(`vision.cells.platelets`): those in the middle of PBC's platelets are platelets; those
in the middle of all other images of single cells, in a box or mask, and all in the
crowded fields of Taleqani, which are stretched to 4:3, are white cells. Each set has
the same weight as each other. The level is the lowest at which no set loses more than
one white cell in eight hundred.

Prints for each set how many of its white cells a fit on the other sets loses, how many
platelets still pass by that fit, and the slopes and the bias of the fit on all. Half of
the platelets, every second, is kept out of the fits and is what passes or not.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression

from leukoscope_edge.arrays import F64, U8
from leukoscope_edge.capture.stored import list_images
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment
from leukoscope_edge.vision.cells import Measures
from leukoscope_edge.vision.cells import platelets as rule
from leukoscope_train.evaluation import Box, picture, pictures_of, truths, whole_number

MAX_LOST = 1 / 800
PLATELETS = "platelet"
"""PBC's folder of them."""
MIDDLE_SHARE = 0.15
"""Of an image's width: how far from the middle its one object may lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A set and how it is read.

    Attributes:
        name: Its folder.
        um_per_px: Its scale.
        every: Of its images every n-th.
        which: "drawn", "middle" or "all": which objects are white cells.
        in_marrow: Seen as marrow.
        size_px: Its images are stretched to that width and height.
    """

    name: str
    um_per_px: float
    every: int = 1
    which: str = "middle"
    in_marrow: bool = False
    size_px: tuple[int, int] | None = None


PBC = Source(name="pbc", um_per_px=0.28, every=6)
SOURCES = (
    PBC,
    Source(name="wbc-fields", um_per_px=0.082, which="drawn"),
    Source(name="wbc-crops-120", um_per_px=0.165, which="drawn"),
    Source(name="wbc-crops-300", um_per_px=0.107, which="drawn"),
    Source(name="marrow", um_per_px=0.082, every=4, in_marrow=True),
    Source(name="taleqani", um_per_px=0.42, every=3, which="all", size_px=(299, 224)),
)
"""The scale of Taleqani is that of its red cells, once stretched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A logistic regression; above 0 is platelet."""

    slopes: F64
    bias: float

    def scores(self, measures: F64) -> F64:
        """Return (N,) log odds of (N, 4) measures."""
        return np.asarray(measures @ self.slopes + self.bias, np.float64)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--every", type=whole_number, default=1, help="only every n-th of those images"
    )
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        white = {
            source.name: measured(options.folder, source, options.every)
            for source in SOURCES
        }
        platelets = measured_platelets(options.folder, options.every)
    except (OSError, LeukoscopeError) as err:
        print(f"fit_platelets: {err}", file=sys.stderr)
        return 1
    for line in report(white, platelets):
        print(line)
    return 0


def report(white: dict[str, F64], platelets: F64) -> Iterator[str]:
    """Yield what is lost and what passes, set by set, and the fit on all sets."""
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
    yield f"SLOPES = {tuple(round(float(s), 2) for s in fit.slopes)}"
    yield f"BIAS = {fit.bias:.2f}"


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


def measured(folder: Path, source: Source, every: int) -> F64:
    """Return (N, 4) measures of what a set has beside platelets: white cells."""
    images = (
        (pixels, boxes)
        for pixels, boxes, name in _images(folder, source, source.every * every)
        if name != PLATELETS
    )
    return _table(folder, source, images)


def measured_platelets(folder: Path, every: int) -> F64:
    """Return (N, 4) measures of PBC's platelets that would be white cells."""
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
        pixels = picture(path)
        if source.size_px:
            pixels = np.asarray(cv2.resize(pixels, source.size_px), np.uint8)
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


def _would_be_cells(
    pixels: U8, source: Source
) -> list[tuple[Measures, tuple[float, float]]]:
    """Return what is whole and no platelet by its size alone, and where it lies."""
    seen: list[Measures] = []

    def keep(measures: Measures) -> bool:
        seen.append(measures)
        return False

    own, rule.is_platelet = rule.is_platelet, keep
    try:
        found = segment(pixels, source.um_per_px, in_marrow=source.in_marrow)
    finally:
        rule.is_platelet = own
    centres = found.centres_px[found.indices(CellKind.WBC)]
    return [(m, (float(x), float(y))) for m, (x, y) in zip(seen, centres, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
