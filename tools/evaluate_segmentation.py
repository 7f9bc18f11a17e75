"""Measure segmentation on images with truth, or on the simulated slide.

    python tools/evaluate_segmentation.py SOURCE... [--every N] [--json]

SOURCE is a folder with `images/` and `masks/` (same name, .png: 0 background, 128
cytoplasm, 255 nucleus) and, where there are some, `boxes/` (Pascal VOC, objects named
WBC), or `simulated[:key=value,...]`.

A white cell of the truth is found where the centre of a detection lies in its box,
one detection for each; without boxes, the parts of the mask are the cells. A simulated
cell counts where it is whole in the frame; a detection of one that is cut off is
neither right nor wrong. Dice is the mean over images with a white cell. Time is the
median of one image on one thread, memory the peak of a process that does nothing else.
"""

import argparse
import json
import resource
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.capture.decode import decode_image
from leukoscope_edge.capture.replay import list_images
from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.capture.source import is_simulated
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.types import U8, BoolArray, CellKind, Segmentation
from leukoscope_edge.vision.segmentation import segment

MIN_PART_PX = 200
"""A smaller part of a mask is a slip of the brush, not a cell."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One image and what is true of it.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        nucleus: (H, W) bool.
        cell: (H, W) bool, nucleus and cytoplasm.
        boxes: Of the cells that must be found.
        ignored: Of the cells that may be found.
        scale_um_per_px: Where known.
    """

    pixels: U8
    nucleus: BoolArray
    cell: BoolArray
    boxes: list[Box]
    ignored: list[Box]
    scale_um_per_px: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One method on one set."""

    method: str
    set: str
    n_images: int
    n_cells: int
    nucleus_dice_mean: float
    cell_dice_mean: float
    recall: float
    precision: float
    ms_per_frame: float
    peak_mib: float


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    rows = []
    for source in options.sources:
        # A process of its own for each row, so that its peak of memory is its own.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            try:
                rows.append(pool.submit(evaluate, source, options.every).result())
            except (OSError, ET.ParseError, LeukoscopeError) as err:
                print(f"evaluate_segmentation: {err}", file=sys.stderr)
                return 1
    print(json.dumps([asdict(r) for r in rows]) if options.json else _table(rows))
    return 0


def evaluate(source: str, every: int = 1) -> Row:
    """Return the figures of the device's segmentation on every n-th image of a set."""
    cv2.setNumThreads(1)
    nucleus_dice, cell_dice, times_s = [], [], []
    n_true = n_found = n_right = n_wrong = n_images = 0
    for truth in truths(source, every):
        start = time.perf_counter()
        found = segment(truth.pixels, truth.scale_um_per_px)
        times_s.append(time.perf_counter() - start)
        n_images += 1
        chosen = found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)
        right, wrong = match(found, chosen, truth)
        n_true, n_found = n_true + len(truth.boxes), n_found + right
        n_right, n_wrong = n_right + right, n_wrong + wrong
        if truth.cell.any():
            labels = np.array(chosen) + 1
            nucleus_dice.append(
                dice(np.isin(found.nucleus_labels, labels), truth.nucleus)
            )
            cell_dice.append(dice(np.isin(found.cell_labels, labels), truth.cell))
    if not n_images:
        raise SourceError(f"{source}: no image with truth")
    return Row(
        method="otsu3",
        set=source if is_simulated(source) else Path(source).resolve().name,
        n_images=n_images,
        n_cells=n_true,
        nucleus_dice_mean=float(np.mean(nucleus_dice)),
        cell_dice_mean=float(np.mean(cell_dice)),
        recall=n_found / max(n_true, 1),
        precision=n_right / max(n_right + n_wrong, 1),
        ms_per_frame=1e3 * float(np.median(times_s)),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def match(found: Segmentation, chosen: list[int], truth: Truth) -> tuple[int, int]:
    """Return how many detections are right and how many wrong."""
    free = list(truth.boxes)
    right = wrong = 0
    for index in chosen:
        x, y = found.centres_px[index]
        hit = next((b for b in free if _holds(b, x, y)), None)
        if hit is not None:
            free.remove(hit)
            right += 1
        elif not any(_holds(b, x, y) for b in truth.ignored):
            wrong += 1
    return right, wrong


def dice(a: BoolArray, b: BoolArray) -> float:
    """Return the overlap of two masks, 0..1; 1 where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def truths(source: str, every: int) -> Iterator[Truth]:
    """Yield every n-th image of a set with its truth.

    Raises:
        LeukoscopeError: An image or mask cannot be read.
    """
    if is_simulated(source):
        yield from _simulated(source, every)
        return
    folder = Path(source)
    for path in list_images(folder / "images")[::every]:
        boxes = folder / "boxes" / f"{path.stem}.xml"
        if (folder / "boxes").is_dir() and not boxes.exists():
            continue
        mask = _mask(folder / "masks" / f"{path.stem}.png")
        yield Truth(
            pixels=decode_image(path.read_bytes()),
            nucleus=mask > 191,
            cell=mask > 63,
            boxes=_boxes(boxes) if boxes.exists() else _parts(mask > 63),
            ignored=[],
            scale_um_per_px=None,
        )


def _simulated(source: str, every: int) -> Iterator[Truth]:
    camera = parse_simulated(source)
    for number in range(0, len(camera.places_px), every):
        nuclei, cells = camera.labels(number)
        height, width = cells.shape
        boxes: list[Box] = []
        ignored: list[Box] = []
        for label in np.unique(cells[cells > 0]):
            x0, y0, x1, y1 = box = _box(cells == label)
            is_whole = x0 > 0 and y0 > 0 and x1 < width - 1 and y1 < height - 1
            (boxes if is_whole else ignored).append(box)
        yield Truth(
            pixels=camera.render(number),
            nucleus=nuclei > 0,
            cell=cells > 0,
            boxes=boxes,
            ignored=ignored,
            scale_um_per_px=camera.scale_um_per_px,
        )


def _box(mask: BoolArray) -> Box:
    y, x = np.nonzero(mask)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _mask(path: Path) -> U8:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    mask = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise SourceError(f"{path}: is not a mask")
    return np.asarray(mask, np.uint8)


def _boxes(path: Path) -> list[Box]:
    boxes = []
    for item in ET.parse(path).getroot().iter("object"):  # noqa: S314 (our own data)
        if item.findtext("name") == "WBC":
            ends = [
                float(item.findtext(f"bndbox/{k}") or "nan")
                for k in ("xmin", "ymin", "xmax", "ymax")
            ]
            boxes.append((ends[0], ends[1], ends[2], ends[3]))
    return boxes


def _parts(mask: BoolArray) -> list[Box]:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return [
        (float(x), float(y), float(x + w), float(y + h))
        for x, y, w, h, area in stats[1:]
        if area >= MIN_PART_PX
    ]


def _table(rows: list[Row]) -> str:
    lines = [list(Row.__slots__)]
    for row in rows:
        values = asdict(row).values()
        lines.append([f"{v:.3f}" if isinstance(v, float) else str(v) for v in values])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True))
        for line in lines
    )


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sources", nargs="+", help="folders with truth, or simulated")
    parser.add_argument("--every", type=int, default=1, help="only every n-th image")
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
