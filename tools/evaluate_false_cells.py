"""Measure what is taken for a white cell where there is none, and which cells are two.

    python tools/evaluate_false_cells.py empty FOLDER [--um-per-px X] [--json]
    python tools/evaluate_false_cells.py single FOLDER [--um-per-px X] [--every N]
        [--bundle DIR]
    python tools/evaluate_false_cells.py fields FOLDER [--um-per-px X] [--every N]

`empty`: FOLDER holds `images/`, `masks/` and `boxes/` as for `evaluate_segmentation`.
Of each image the largest strip beside its white cells is an empty view: red cells,
platelets and plasma, now and then a white cell that the edge cuts and that has no box.
`--segmenter NAME`: by a network, in the place of thresholds. `--in-marrow`: thresholds
are told that the images show marrow.
With --overlays DIR every view with a cell in it is drawn.

`fields`: FOLDER holds a folder of fields for each class. Says in how many no whole
white cell is found, how many are found in one, and which scales were used.

`single`: FOLDER holds a folder of images for each class, one object in the middle of
each. Says in how many exactly one white cell is found there, none, or several; of
platelets none is right. `--bundle`: and how that model calls those of them that are
whole, and what kind it takes them for (`calls` and `kinds`).
"""

import argparse
import json
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored import list_images
from leukoscope_edge.cli.scale import parse_scale
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.inference import (
    Bundle,
    Segment,
    open_bundle,
    segmentation_named,
)
from leukoscope_edge.types import THRESHOLDS, Call, CellKind, Segmentation
from leukoscope_edge.vision import CropSpec, assess, cut_labelled
from leukoscope_train.evaluation import calls_of, picture, pictures_of, whole_number

MARGIN_PX = 12
"""Between an empty view and the white cell beside it."""
MIN_SIDE_PX = 200
"""Of an empty view: a narrower strip shows few red cells whole."""
MIDDLE_SHARE = 0.22
"""Of an image's width: how far from the middle its one object may lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyRow:
    """What was found in empty views."""

    n_views: int
    n_refused: int
    whole_per_100: float
    cut_off_per_100: float
    smudges_per_100: float
    platelets_per_100: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleRow:
    """What was found in the middle of the images of one class."""

    name: str
    n_images: int
    one: float
    none: float
    several: float
    calls: dict[str, int]
    kinds: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsRow:
    """What was found in the fields of one class."""

    name: str
    n_images: int
    n_without_whole: int
    whole_per_image: float
    cut_off_per_image: float
    scale_p5: float
    scale_median: float
    scale_p95: float


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    folder, um_per_px, every = options.folder, options.um_per_px, options.every
    cv2.setNumThreads(1)
    try:
        segment = segmentation_named(options.segmenter, in_marrow=options.in_marrow)
        rows: list[EmptyRow] | list[SingleRow] | list[FieldsRow]
        match options.what:
            case "empty":
                empty = measure_empty(folder, segment, um_per_px, options.overlays)
                rows = [empty]
            case "single":
                bundle = open_bundle(options.bundle) if options.bundle else None
                rows = measure_single(
                    folder,
                    segment,
                    um_per_px,
                    every,
                    bundle,
                    in_marrow=options.in_marrow,
                )
            case _:
                rows = measure_fields(folder, segment, um_per_px, every)
    except (OSError, ET.ParseError, LeukoscopeError) as err:
        print(f"evaluate_false_cells: {err}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    for row in rows:
        print(", ".join(f"{k} {_short(v)}" for k, v in asdict(row).items()))
    return 0


def measure_empty(
    folder: Path, segment: Segment, um_per_px: float | None, overlays: Path | None
) -> EmptyRow:
    """Segment every empty view of a set.

    Raises:
        LeukoscopeError: There is none.
    """
    kinds: Counter[CellKind] = Counter()
    n_views = n_refused = 0
    for name, view in empty_views(folder):
        n_views += 1
        if assess(view).instruction is not None:
            n_refused += 1
            continue
        found = segment(view, um_per_px)
        kinds.update(found.kinds)
        if overlays and {CellKind.WBC, CellKind.BORDER} & set(found.kinds):
            _draw(view, found, overlays / f"{name}.png")
    if n_views == n_refused:
        raise SourceError(f"{folder}: no empty view that can be judged")
    per_100 = 100 / (n_views - n_refused)
    return EmptyRow(
        n_views=n_views,
        n_refused=n_refused,
        whole_per_100=per_100 * kinds[CellKind.WBC],
        cut_off_per_100=per_100 * kinds[CellKind.BORDER],
        smudges_per_100=per_100 * kinds[CellKind.SMUDGE],
        platelets_per_100=per_100 * kinds[CellKind.PLATELET],
    )


def empty_views(folder: Path) -> Iterator[tuple[str, U8]]:
    """Yield the largest strip beside the white cells of each image with boxes."""
    for path in pictures_of(folder):
        boxes = folder / "boxes" / f"{path.stem}.xml"
        if not boxes.exists():
            continue
        pixels = picture(path)
        taken = _taken(folder / "masks" / f"{path.stem}.png", boxes)
        view = _largest_strip(pixels, taken)
        if min(view.shape[:2]) >= MIN_SIDE_PX:
            yield path.stem, view


def _taken(mask: Path, boxes: Path) -> U8:
    """Return (H, W) uint8, 1 on white cells by mask or box."""
    drawn = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    if drawn is None:
        raise SourceError(f"{mask}: is not a mask")
    taken = (np.asarray(drawn) > 63).astype(np.uint8)
    for item in ET.parse(boxes).getroot().iter("object"):  # noqa: S314 (our own data)
        if item.findtext("name") == "WBC":
            x0, y0, x1, y1 = (
                int(item.findtext(f"bndbox/{k}") or 0)
                for k in ("xmin", "ymin", "xmax", "ymax")
            )
            taken[y0:y1, x0:x1] = 1
    return taken


def _largest_strip(pixels: U8, taken: U8) -> U8:
    if not taken.any():
        return pixels
    x, y, w, h = cv2.boundingRect(taken)
    strips = (
        pixels[:, : max(0, x - MARGIN_PX)],
        pixels[:, x + w + MARGIN_PX :],
        pixels[: max(0, y - MARGIN_PX)],
        pixels[y + h + MARGIN_PX :],
    )
    return np.ascontiguousarray(max(strips, key=lambda strip: strip.size))


def measure_single(
    folder: Path,
    segment: Segment,
    um_per_px: float | None,
    every: int,
    bundle: Bundle | None = None,
    *,
    in_marrow: bool = False,
) -> list[SingleRow]:
    """Segment every n-th image of each class, and call what is found as in that sample.

    Raises:
        LeukoscopeError: There is no class, or the model fails.
    """
    rows = []
    for folder_of_class in _classes(folder):
        counts: Counter[int] = Counter()
        crops: list[U8] = []
        for path in list_images(folder_of_class)[::every]:
            pixels = picture(path)
            found = segment(pixels, um_per_px)
            middle = _in_the_middle(found)
            counts[len(middle)] += 1
            if bundle is not None:
                crops += _crops(pixels, found, middle, bundle.card.input.crop_spec)
        n = counts.total()
        calls: list[Call] = []
        if bundle and crops:
            calls = calls_of(bundle, np.stack(crops), in_marrow=in_marrow)
        row = SingleRow(
            name=folder_of_class.name,
            n_images=n,
            one=counts[1] / max(n, 1),
            none=counts[0] / max(n, 1),
            several=1 - (counts[0] + counts[1]) / max(n, 1),
            calls=dict(Counter(map(_called, calls))),
            kinds=dict(Counter(c.kind for c in calls)),
        )
        rows.append(row)
    return rows


def _called(call: Call) -> str:
    return "unlike" if call.is_unlike else call.name.value


def _crops(
    pixels: U8, found: Segmentation, indices: list[int], spec: CropSpec
) -> list[U8]:
    """Cut those that are whole as the device does."""
    scale, labels = found.scale_um_per_px, found.cell_labels
    centres = {i: (float(x), float(y)) for i, (x, y) in enumerate(found.centres_px)}
    return [
        cut_labelled(pixels, labels, i + 1, centres[i], scale, spec)
        for i in indices
        if found.kinds[i] is CellKind.WBC
    ]


def measure_fields(
    folder: Path, segment: Segment, um_per_px: float | None, every: int
) -> list[FieldsRow]:
    """Segment every n-th field of each class.

    Raises:
        LeukoscopeError: There is no class, or an empty one.
    """
    rows = []
    for folder_of_class in _classes(folder):
        n_whole, n_cut_off, scales = [], [], []
        for path in list_images(folder_of_class)[::every]:
            found = segment(picture(path), um_per_px)
            n_whole.append(len(found.indices(CellKind.WBC)))
            n_cut_off.append(len(found.indices(CellKind.BORDER)))
            scales.append(found.scale_um_per_px)
        low, middle, high = (float(q) for q in np.percentile(scales, [5, 50, 95]))
        row = FieldsRow(
            name=folder_of_class.name,
            n_images=len(scales),
            n_without_whole=n_whole.count(0),
            whole_per_image=float(np.mean(n_whole)),
            cut_off_per_image=float(np.mean(n_cut_off)),
            scale_p5=low,
            scale_median=middle,
            scale_p95=high,
        )
        rows.append(row)
    return rows


def _classes(folder: Path) -> list[Path]:
    classes = sorted(p for p in folder.glob("*/") if p.is_dir())
    if not classes:
        raise SourceError(
            f"{folder}: holds no folder of a class: name a folder of folders of images"
        )
    return classes


def _in_the_middle(found: Segmentation) -> list[int]:
    """Return the white cells near the middle of an image, whole or cut off."""
    white = found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)
    height, width = found.cell_labels.shape
    away = np.hypot(*(found.centres_px[white] - [width / 2, height / 2]).T)
    return [i for i, far in zip(white, away, strict=True) if far < MIDDLE_SHARE * width]


def _draw(pixels: U8, found: Segmentation, where: Path) -> None:
    """Draw whole cells red, cut ones orange."""
    picture = pixels.copy()
    for kind, colour in ((CellKind.WBC, (220, 0, 0)), (CellKind.BORDER, (255, 140, 0))):
        for index in found.indices(kind):
            x0, y0, x1, y1 = (int(v) for v in found.boxes_px[index])
            cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 2)
    where.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(where), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def _short(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("empty", "single", "fields"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--um-per-px", type=parse_scale, help="default: estimated")
    parser.add_argument(
        "--every", type=whole_number, default=1, help="only every n-th image"
    )
    parser.add_argument(
        "--overlays", type=Path, help="draw what is found in empty views"
    )
    parser.add_argument("--bundle", type=Path, help="single: call what is found")
    parser.add_argument("--in-marrow", action="store_true", help="seen as marrow")
    parser.add_argument("--segmenter", default=THRESHOLDS, help="or a shipped network")
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
