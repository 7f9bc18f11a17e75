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
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from segmentation_sets import FIRST_AND_STEP, Box, Truth, truths, whole_number

from leukoscope_edge.capture.source import is_simulated
from leukoscope_edge.cli.scale import scale
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.inference.segmenter import Segmenter
from leukoscope_edge.inference.segmenter_fallback import SHIPPED
from leukoscope_edge.types import I32, U8, BoolArray, CellKind, Segmentation
from leukoscope_edge.vision import baselines, view
from leukoscope_edge.vision.colour import white_balance
from leukoscope_edge.vision.quality import assess
from leukoscope_edge.vision.scale.red_cells import estimate_scale
from leukoscope_edge.vision.scale.scale_estimate import (
    estimate_source_scale,
    measure_sizes,
)
from leukoscope_edge.vision.segmentation import segment
from leukoscope_train.children import spawned

N_WORST = 10
METHODS = (
    "otsu3",
    "otsu",
    "canny",
    "sobel",
    "kmeans-lab",
    "unet",
    "skimage",
    "skimage-reduced",
)
HALF = 0.5
RIMS_PX = (-2, -1, 0, 1, 2, 3)
Method = Callable[[U8, float | None], Segmentation]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a method did on one image; Dice is None without a white cell.

    `rim_dice`: of the nuclei made wider by so many pixels all round.
    """

    truth: Truth | None
    nucleus_dice: float | None
    rim_dice: dict[int, float]
    area_ratio: float
    cell_dice: float | None
    reason: str | None
    n_true: int
    n_right: int
    n_whole: int
    n_wrong: int
    n_apart: int
    time_s: float


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
    in_marrow = options.in_marrow
    run = method_of(method, options.segmenter, in_marrow=in_marrow)
    name = source if is_simulated(source) else Path(source).resolve().name
    view.WORK_UM_PER_PX = options.work_um
    scores, worst = [], []
    um_per_px = _scale(source, options)
    for truth in _chosen(source, options):
        if options.seen_at and um_per_px:
            truth = seen_at(truth, um_per_px, options.seen_at)
        elif um_per_px:
            truth = replace(truth, scale_um_per_px=um_per_px)
        score = judge(run, truth, in_marrow=in_marrow)
        scores.append(replace(score, truth=None))
        if options.overlays and score.nucleus_dice is not None:
            worst.append(score)
            worst = sorted(worst, key=lambda s: s.nucleus_dice or 0.0)[:N_WORST]
    if not scores:
        raise SourceError(f"{source}: no image with truth")
    if options.overlays:
        write_overlays(worst, run, options.overlays / f"{Path(name).name}-{method}")
    n_true = sum(s.n_true for s in scores)
    n_right, n_wrong = sum(s.n_right for s in scores), sum(s.n_wrong for s in scores)
    n_apart = sum(s.n_apart for s in scores)
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
        reasons=dict(Counter(s.reason for s in scores if s.reason is not None)),
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


def _chosen(source: str, options: argparse.Namespace) -> Iterator[Truth]:
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


def seen_at(truth: Truth, own_um_per_px: float, um_per_px: float) -> Truth:
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


def method_of(name: str, segmenter: Path, *, in_marrow: bool = False) -> Method:
    """Return a way of segmenting by its name."""
    match name:
        case "unet":
            return Segmenter(segmenter).segment
        case "skimage":
            return partial(segment_with_skimage, longest_px=sys.maxsize)
        case "skimage-reduced":
            return partial(segment_with_skimage, longest_px=400)
        case "otsu3":
            return partial(segment, in_marrow=in_marrow)
        case _:
            method: Method = getattr(baselines, name.replace("-", "_"))
            return method


def judge(run: Method, truth: Truth, *, in_marrow: bool) -> Score:
    """Run a method on one image, timed by the processor's own clock."""
    start = time.process_time()
    found = run(truth.pixels, truth.scale_um_per_px)
    time_s = time.process_time() - start
    right, whole, wrong, apart = match(found, _white(found), truth)
    nucleus, cell = _masks(found)
    has_cell = bool(truth.cell.any())
    return Score(
        truth=truth,
        nucleus_dice=dice(nucleus, truth.nucleus) if has_cell else None,
        rim_dice=_rim_dice(nucleus, truth.nucleus) if has_cell else {},
        area_ratio=int(nucleus.sum()) / max(int(truth.nucleus.sum()), 1),
        cell_dice=dice(cell, truth.cell) if has_cell else None,
        reason=assess(truth.pixels, in_marrow=in_marrow).instruction,
        n_true=len(truth.boxes),
        n_right=right,
        n_whole=whole,
        n_wrong=wrong,
        n_apart=apart,
        time_s=time_s,
    )


def _rim_dice(nucleus: BoolArray, truth: BoolArray) -> dict[int, float]:
    found = {}
    for wider_px in RIMS_PX:
        kernel = cv2.getStructuringElement(
            cv2.MORPH_ELLIPSE, (2 * abs(wider_px) + 1,) * 2
        )
        way = cv2.dilate if wider_px > 0 else cv2.erode
        mask = np.asarray(way(nucleus.view(np.uint8), kernel), np.uint8)
        found[wider_px] = dice(mask.view(np.bool_), truth)
    return found


def _white(found: Segmentation) -> list[int]:
    return found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)


def _masks(found: Segmentation) -> tuple[BoolArray, BoolArray]:
    """Return the nuclei and the whole cells of all white cells together."""
    is_white = np.zeros(len(found) + 1, np.bool_)
    is_white[[i + 1 for i in _white(found)]] = True
    return is_white[found.nucleus_labels], is_white[found.cell_labels]


def segment_with_skimage(
    pixels: U8, scale_um_per_px: float | None, *, longest_px: int
) -> Segmentation:
    """Do the steps of thresholding with scikit-image, as a peer for speed and Dice.

    White balance, violet, Gauss, three-class Otsu, opening, distance transform,
    watershed, size gate, and the cell grown by a fixed distance inside the foreground.

    Raises:
        SourceError: An image has too few colours for it.
    """
    try:
        return _segment_with_skimage(pixels, scale_um_per_px, longest_px)
    except ValueError as err:
        raise SourceError(f"scikit-image cannot part it: {err}") from err


def _segment_with_skimage(
    pixels: U8, scale_um_per_px: float | None, longest_px: int
) -> Segmentation:
    from scipy import ndimage
    from skimage import feature, filters, measure, morphology, segmentation, transform

    factor = max(1, round(max(pixels.shape[:2]) / longest_px))
    small = transform.downscale_local_mean(pixels, (factor, factor, 1))
    balanced = white_balance(small.astype(np.uint8))
    violet = np.clip(balanced[..., 2].astype(float) - balanced[..., 1], 0, 255)
    violet = filters.gaussian(violet, 1.0)
    dark = 255.0 - filters.gaussian(balanced.min(axis=2).astype(float), 1.0)
    nuclei = violet > filters.threshold_multiotsu(violet, classes=3)[1]
    nuclei = morphology.opening(nuclei, morphology.disk(2))
    um_per_px = scale_um_per_px and scale_um_per_px * factor
    um_per_px = um_per_px or estimate_scale(balanced, nuclei).um_per_px
    body = dark > filters.threshold_multiotsu(dark, classes=3)[0]
    depth = ndimage.distance_transform_edt(nuclei)
    peaks = feature.peak_local_max(
        filters.gaussian(depth, 2), min_distance=round(4 / um_per_px), labels=nuclei
    )
    seeds = np.zeros(nuclei.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = segmentation.watershed(-depth, seeds, mask=nuclei)
    kept = [p for p in measure.regionprops(labels) if p.area * um_per_px**2 > 12.5]
    renamed = np.zeros(labels.max(initial=0) + 1, np.int32)
    renamed[[p.label for p in kept]] = np.arange(1, len(kept) + 1)
    nucleus_labels = renamed[labels]
    grown = segmentation.expand_labels(nucleus_labels, 4 / um_per_px)
    return _enlarged(
        nucleus_labels, np.where(body, grown, nucleus_labels), factor, pixels
    )


def _enlarged(nuclei: I32, cells: I32, factor: int, pixels: U8) -> Segmentation:
    from scipy import ndimage

    height, width = pixels.shape[:2]
    full = [
        np.kron(labels, np.ones((factor, factor), np.int32))[:height, :width]
        for labels in (nuclei, cells)
    ]
    boxes = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in ndimage.find_objects(full[1])
    ]
    centres = [np.argwhere(full[0] == i + 1).mean(axis=0) for i in range(len(boxes))]
    return Segmentation(
        kinds=(CellKind.WBC,) * len(boxes),
        boxes_px=np.array(boxes, np.int32).reshape(-1, 4),
        centres_px=np.array(centres, np.float32).reshape(-1, 2)[:, ::-1],
        nucleus_labels=full[0],
        cell_labels=full[1],
        scale_um_per_px=1.0,
    )


def write_overlays(worst: list[Score], run: Method, folder: Path) -> None:
    """Draw the worst images: truth green and yellow, found blue and red."""
    folder.mkdir(parents=True, exist_ok=True)
    for rank, score in enumerate(worst):
        if score.truth is None:
            continue
        truth, picture = score.truth, score.truth.pixels.copy()
        nucleus, cell = _masks(run(truth.pixels, truth.scale_um_per_px))
        for mask, colour in (
            (truth.cell, (230, 200, 0)),
            (cell, (220, 0, 0)),
            (truth.nucleus, (0, 160, 0)),
            (nucleus, (0, 0, 255)),
        ):
            outlines, _ = cv2.findContours(
                mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
            )
            cv2.drawContours(picture, outlines, -1, colour, 1)
        where = folder / f"{rank}-{score.nucleus_dice:.2f}-{truth.name}.png"
        cv2.imwrite(str(where), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def match(
    found: Segmentation, chosen: list[int], truth: Truth
) -> tuple[int, int, int, int]:
    """Return how many detections are right, right and whole, wrong, and cut off."""
    free = list(truth.boxes)
    right = whole = wrong = apart = 0
    for index in chosen:
        is_cut_off = found.kinds[index] is CellKind.BORDER
        hit = next((b for b in free if _holds(b, found, index)), None)
        if hit is not None:
            free.remove(hit)
            right += 1
            whole += not is_cut_off
        elif any(_holds(b, found, index) for b in truth.boxes):
            wrong += 1
        elif is_cut_off:
            apart += 1
        elif not any(_holds(b, found, index) for b in truth.ignored):
            wrong += 1
    return right, whole, wrong, apart


def dice(a: BoolArray, b: BoolArray) -> float:
    """Return the overlap of two masks, 0..1; 1 where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def _holds(box: Box, found: Segmentation, index: int) -> bool:
    """Say whether a detection lies in a box, or its own box holds the point."""
    x, y = (float(v) for v in found.centres_px[index])
    if box[:2] == box[2:]:
        left, top, right, bottom = (float(v) for v in found.boxes_px[index])
        return left <= box[0] <= right and top <= box[1] <= bottom
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


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
        "--segmenter", type=Path, default=SHIPPED / "unet-nuclei-1", help="of unet"
    )
    scales = parser.add_mutually_exclusive_group()
    scales.add_argument("--um-per-px", type=scale, help="of the images as they are")
    scales.add_argument("--pooled", action="store_true", help="of a set's own cells")
    scales.add_argument("--seen-at", type=scale, help="resample to this scale")
    parser.add_argument("--size", type=size, default=1.0, help="times as large")
    parser.add_argument("--middle", action="store_true", help="one cell an image")
    parser.add_argument("--in-marrow", action="store_true", help="images show marrow")
    parser.add_argument("--work-um", type=scale, default=view.WORK_UM_PER_PX)
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
