"""Measure segmentation on images with truth, or on the simulated slide.

    python tools/evaluate_segmentation.py SOURCE... [--method NAME]... [--json]
        [--every N] [--images all|even|odd] [--overlays DIR] [--segmenter FOLDER]
        [--um-per-px X | --pooled | --seen-at UM_PER_PX] [--size FACTOR] [--middle]
        [--work-um UM_PER_PX] [--in-marrow]

SOURCE is a set as `segmentation_sets` describes them (masks, boxes, points, or with
`--middle` the cell in the middle of each image), or `simulated[:key=value,...]`.

A white cell of the truth is found where the centre of a detection lies in its box, or
the detection's box holds its point, one detection for each; with masks alone their
parts are the cells. A simulated cell counts where it is whole in the frame; a detection
of one that is cut off is neither right nor wrong. Real sets give no box to most cells
that the edge of the image cuts: where a detection calls itself cut off and lies in no
box, it is counted apart (`n_cut_off_unboxed`); `strict_precision` takes it for wrong.
`whole` is the share of the cells found that are called whole, not cut off. Dice is over
images with a drawn white cell, "-" where nothing is drawn. `n_refused` are images that
the quality gate would refuse, with its `reasons`; they are measured all the same. Time
is the median of one image in processor time on one thread, so that a busy machine does
not change it; memory is the peak of a process that does nothing else. `skimage` does
the steps of `otsu3` with scikit-image at the frame's scale, `skimage-reduced` at ours.
`nucleus_area_ratio` is the median of found over true area, `nucleus_dice_wider` the
mean Dice with a pixel more of nucleus all round, and `nucleus_dice_best_rim` that with
the best of two pixels less to three more chosen for each image from its truth, which no
method knows. The U-Net was trained on even images: judge it by `--images odd`.

`--um-per-px`: the scale is given; else each image is measured alone, or with `--pooled`
all images of a set together, as the device does. `--size`: the images so many times as
large, their scale so many times finer. `--seen-at`: the images as a camera of that
scale would show them, the scale known; that of a set is the median of what is
estimated. `--work-um`: another pixel than `vision.view.WORK_UM_PER_PX` for the reduced
view. `--in-marrow`: the gate and `otsu3` are told that the images show marrow.
"""

import argparse
import json
import resource
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.capture import is_simulated
from leukoscope_edge.cli.scale import parse_scale
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.inference import SHIPPED
from leukoscope_edge.vision import segment, view
from leukoscope_edge.vision.scale import estimate_source_scale, measure_sizes
from leukoscope_train.children import spawned
from leukoscope_train.evaluation import (
    FIRST_AND_STEP,
    METHODS,
    Box,
    ImageScore,
    ImageTruth,
    method_of,
    score_image,
    truths,
    whole_number,
    write_overlays,
)

N_WORST = 10
HALF = 0.5
MIN_SIZE = 0.1
N_POOLED = 24
"""Images from which a scale is pooled, as on the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One method on one set."""

    method: str
    set: str
    n_images: int
    n_cells: int
    nucleus_dice_mean: float | None
    nucleus_dice_median: float | None
    nucleus_dice_p5: float | None
    nucleus_area_ratio: float | None
    nucleus_dice_wider: float | None
    nucleus_dice_best_rim: float | None
    cell_dice_mean: float | None
    cell_dice_median: float | None
    cell_dice_p5: float | None
    um_per_px: float | None
    n_refused: int
    reasons: dict[str, int]
    recall: float
    whole: float
    precision: float
    strict_precision: float
    n_cut_off_unboxed: int
    ms_per_frame: float
    peak_mib: float


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    rows = []
    for source in options.sources:
        for method in options.method or ["otsu3"]:
            # A process of its own for each row, so that its peak of memory is its own.
            with spawned(1) as pool:
                try:
                    rows.append(pool.submit(evaluate, source, method, options).result())
                except (OSError, ET.ParseError, LeukoscopeError) as err:
                    print(f"evaluate_segmentation: {err}", file=sys.stderr)
                    return 1
    print(json.dumps([asdict(r) for r in rows]) if options.json else _table(rows))
    return 0


def evaluate(source: str, method: str, options: argparse.Namespace) -> Row:
    """Return the figures of a method on a set; write its overlays where asked for."""
    cv2.setNumThreads(1)
    run = method_of(method, options.segmenter, in_marrow=options.in_marrow)
    name = source if is_simulated(source) else Path(source).resolve().name
    view.WORK_UM_PER_PX = options.work_um
    um_per_px = _scale(source, options)
    scores, worst = [], list[ImageScore]()
    for truth in _chosen(source, options):
        shown = _at_scale(truth, um_per_px, options.seen_at)
        score = score_image(run, shown, in_marrow=options.in_marrow)
        scores.append(replace(score, truth=None))
        if options.overlays and score.nucleus_dice is not None:
            worst.append(score)
            worst = sorted(worst, key=lambda s: s.nucleus_dice or 0.0)[:N_WORST]
    if not scores:
        raise SourceError(f"{source}: no image with truth")
    if options.overlays:
        write_overlays(worst, run, options.overlays / f"{Path(name).name}-{method}")
    return _row(method, name, scores, um_per_px)


def _at_scale(
    truth: ImageTruth, um_per_px: float | None, seen_at_um_per_px: float | None
) -> ImageTruth:
    if um_per_px is None:
        return truth
    if seen_at_um_per_px:
        return seen_at(truth, um_per_px, seen_at_um_per_px)
    return replace(truth, scale_um_per_px=um_per_px)


def _row(
    method: str, name: str, scores: list[ImageScore], um_per_px: float | None
) -> Row:
    """Return what the images of one set say together."""
    n_right, n_wrong = sum(s.n_right for s in scores), sum(s.n_wrong for s in scores)
    n_true, n_apart = sum(s.n_true for s in scores), sum(s.n_apart for s in scores)
    drawn = [s for s in scores if s.rim_dice]
    nucleus = [s.nucleus_dice for s in scores if s.nucleus_dice is not None]
    cell = [s.cell_dice for s in scores if s.cell_dice is not None]
    return Row(
        method=method,
        set=name,
        n_images=len(scores),
        n_cells=n_true,
        nucleus_dice_mean=_mean(nucleus),
        nucleus_dice_median=_percentile(nucleus, 50),
        nucleus_dice_p5=_percentile(nucleus, 5),
        nucleus_area_ratio=_percentile([s.area_ratio for s in drawn], 50),
        nucleus_dice_wider=_mean([s.rim_dice[1] for s in drawn]),
        nucleus_dice_best_rim=_mean([max(s.rim_dice.values()) for s in drawn]),
        cell_dice_mean=_mean(cell),
        cell_dice_median=_percentile(cell, 50),
        cell_dice_p5=_percentile(cell, 5),
        um_per_px=um_per_px,
        n_refused=sum(s.reason is not None for s in scores),
        reasons=dict(Counter(s.reason.said() for s in scores if s.reason)),
        whole=sum(s.n_whole for s in scores) / max(n_right, 1),
        recall=n_right / max(n_true, 1),
        precision=n_right / max(n_right + n_wrong, 1),
        strict_precision=n_right / max(n_right + n_wrong + n_apart, 1),
        n_cut_off_unboxed=n_apart,
        ms_per_frame=1e3 * float(np.median([s.time_s for s in scores])),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _percentile(values: list[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None


def _chosen(source: str, options: argparse.Namespace) -> Iterator[ImageTruth]:
    """Yield the chosen images of a set at the size that was asked for."""
    chosen = truths(source, options.every, options.images, is_middle=options.middle)
    for truth in chosen:
        yield truth if options.size == 1 else seen_at(truth, options.size, 1.0)


def _scale(source: str, options: argparse.Namespace) -> float | None:
    """Return the scale of a set's images as they are shown, None: each its own."""
    if options.um_per_px:
        return float(options.um_per_px) / float(options.size)
    if options.seen_at:
        shown = _chosen(source, options)
        return float(np.median([segment(t.pixels).scale_um_per_px for t in shown]))
    if not options.pooled:
        return None
    shown = _chosen(source, options)
    sizes = [measure_sizes(t.pixels) for t in islice(shown, N_POOLED)]
    return estimate_source_scale(sizes).um_per_px


def seen_at(truth: ImageTruth, own_um_per_px: float, um_per_px: float) -> ImageTruth:
    """Return an image as a camera of another, known scale would show it."""
    factor = own_um_per_px / um_per_px
    height, width = truth.cell.shape
    size = (round(width * factor), round(height * factor))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    pixels = cv2.resize(truth.pixels, size, interpolation=way)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    nucleus, cell = (
        cv2.resize(mask.astype(np.float32), size, interpolation=way) > HALF
        for mask in (truth.nucleus, truth.cell)
    )
    return replace(
        truth,
        pixels=np.asarray(pixels, np.uint8),
        nucleus=nucleus,
        cell=cell,
        boxes=[_scaled(box, factor) for box in truth.boxes],
        ignored=[_scaled(box, factor) for box in truth.ignored],
        scale_um_per_px=um_per_px if um_per_px != 1.0 else None,
    )


def _scaled(box: Box, factor: float) -> Box:
    x0, y0, x1, y1 = box
    return factor * x0, factor * y0, factor * x1, factor * y1


def size(text: str) -> float:
    """Read how many times as large images are shown, a tenth to ten times."""
    value = float(text) if text.replace(".", "", 1).isdecimal() else 0.0
    if not MIN_SIZE <= value <= 1 / MIN_SIZE:
        raise argparse.ArgumentTypeError(f"expected 0.1 to 10, got {text!r}")
    return value


def _table(rows: list[Row]) -> str:
    lines = [list(Row.__slots__)]
    for row in rows:
        values = asdict(row).values()
        lines.append([_word(v) for v in values])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True))
        for line in lines
    )


def _word(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sources", nargs="+", help="folders with truth, or simulated")
    parser.add_argument(
        "--every", type=whole_number, default=1, help="only every n-th image"
    )
    parser.add_argument(
        "--method", action="append", choices=METHODS, help="default: otsu3"
    )
    parser.add_argument(
        "--images",
        choices=tuple(FIRST_AND_STEP),
        default="all",
        help="networks were trained on the even ones",
    )
    parser.add_argument("--overlays", type=Path, help="folder for the worst images")
    parser.add_argument(
        "--segmenter",
        type=Path,
        default=SHIPPED / "unet-nuclei-1",
        help="folder, of unet; ONNX file, of maskrcnn",
    )
    scales = parser.add_mutually_exclusive_group()
    scales.add_argument(
        "--um-per-px", type=parse_scale, help="of the images as they are"
    )
    scales.add_argument("--pooled", action="store_true", help="of a set's own cells")
    scales.add_argument("--seen-at", type=parse_scale, help="resample to this scale")
    parser.add_argument("--size", type=size, default=1.0, help="times as large")
    parser.add_argument("--middle", action="store_true", help="one cell an image")
    parser.add_argument("--in-marrow", action="store_true", help="images show marrow")
    parser.add_argument("--work-um", type=parse_scale, default=view.WORK_UM_PER_PX)
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
