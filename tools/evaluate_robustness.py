"""Measure what bad light, colour, focus and noise cost on real fields.

    python tools/evaluate_robustness.py FOLDER [--every N] [--um-per-px X | --pooled]
        [--segmenter NAME] [--bundle DIR] [--harm WORD]...
        [--crop own|clean-mask|clean-colours|window] [--alike-stain] [--json]

FOLDER holds `images/`, `boxes/` (Pascal VOC, objects named WBC) and, where there are
some, `masks/`. Each harm is done to every chosen image. A frame that the quality gate
refuses is counted as refused, with its reason, and its cells are left out: the
technician is told, nothing is missed in silence. Recall and cell Dice are over the
frames that pass; `calls_changed` is the share of the cells found whole both in the
clean and in the harmed frame that the bundle calls otherwise (the device does not call
what the frame's edge cuts); `calls_flipped` of these from blast to normal or back, the
rest became unclear or ceased to be; `kinds_changed` of both the share whose likeliest
kind is another. The last line, which `--json` leaves out, is of all harms together,
with an interval at 95 % over the cells: one beside a limit changes under most harms.
`--pooled`: at the scale that all harmed frames together say, as the device does where
nobody calibrated.
`--crop clean-mask`: the harmed frame's colours in the mask that was found in the clean
one; `clean-colours`: the other way about; so that what changes a call is seen.
`--alike-stain`: the strength of the stain of all cells of a harm made one, which the
device does not do either (`tests/rigs/stain_strength.py`).
`--harm`: only those whose name holds the word, beside the clean frames.
"""

import argparse
import json
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.capture.stored import decode_image, list_images
from leukoscope_edge.cli.scale import parse_scale
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.inference import (
    Bundle,
    Segment,
    answers_to,
    calls_for,
    open_bundle,
    open_engine,
    segmentation_named,
    shipped_bundle_for,
)
from leukoscope_edge.types import THRESHOLDS, Call, CallName, CellKind, Segmentation
from leukoscope_edge.vision import assess, cut_crop
from leukoscope_edge.vision.scale import estimate_source_scale, measure_sizes

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.harms import HARMS
from tests.rigs.stain_strength import alike

from leukoscope_train.data import cut_window

Box = tuple[float, float, float, float]
CellId = tuple[int, int]
"""Number of the image, and of the box in it."""
Changes = dict[CellId, bool]
"""Whether a cell is called otherwise than in the clean frame."""
N_DRAWS = 2_000
"""Of the bootstrap."""
N_POOLED = 24
"""Frames from which a scale is pooled, as on the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One image, its white cells and, where it was drawn, all of their area."""

    pixels: U8
    boxes: list[Box]
    cells: BoolArray | None


@dataclass(frozen=True, slots=True)
class Sight:
    """One cell as it was found in a frame."""

    pixels: U8
    mask: BoolArray
    centre_px: tuple[float, float]
    scale_um_per_px: float
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one harm did; Dice and calls are None where there is no truth or cell."""

    harm: str
    n_frames: int
    n_refused: int
    reasons: dict[str, int]
    n_cells: int
    recall: float
    cell_dice: float | None
    calls_changed: float | None
    calls_flipped: float | None
    kinds_changed: float | None
    n_called: int
    um_per_px: float | None


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    cv2.setNumThreads(1)
    try:
        segment = segmentation_named(options.segmenter)
        fields = list(_fields(options.folder, options.every))
        bundle = open_bundle(options.bundle or shipped_bundle_for("real"))
    except (OSError, ET.ParseError, LeukoscopeError) as err:
        print(f"evaluate_robustness: {err}", file=sys.stderr)
        return 1
    rows: list[Row] = []
    clean: dict[CellId, Call] = {}
    clean_sights: dict[CellId, Sight] = {}
    changes: list[Changes] = []
    for name, harm in HARMS.items():
        if name != "none" and not any(word in name for word in options.harm or [""]):
            continue
        harmed = [harm(field.pixels) for field in fields]
        um_per_px = pooled_scale(harmed) if options.pooled else options.um_per_px
        row, sights = measure(name, harmed, fields, segment, um_per_px)
        clean_sights = clean_sights or sights
        crops = crops_of(sights, clean_sights, options.crop, bundle)
        if options.alike_stain and crops:
            made = alike(np.stack(list(crops.values())))
            crops = dict(zip(crops, made, strict=True))
        calls = called(bundle, crops)
        clean = clean or calls
        if name != "none":
            changes.append(changes_of(calls, clean))
        rows.append(with_calls(row, calls, clean))
        if not options.json:
            print(_line(rows[-1]), flush=True)
    if options.json:
        print(json.dumps([asdict(r) for r in rows]))
    elif any(changes):
        share, low, high = share_changed(changes)
        print(f"all harms: calls changed {share:.3f} ({low:.3f} to {high:.3f})")
    return 0


def pooled_scale(frames: list[U8]) -> float | None:
    """Return the scale that the frames say together."""
    chosen = frames[:: max(1, len(frames) // N_POOLED)]
    return estimate_source_scale([measure_sizes(f) for f in chosen]).um_per_px


def measure(
    name: str,
    harmed: list[U8],
    fields: list[Field],
    segment: Segment,
    um_per_px: float | None,
) -> tuple[Row, dict[CellId, Sight]]:
    """Count what is still found in harmed frames, and say where."""
    reasons: Counter[str] = Counter()
    n_cells, dices, sights = 0, [], {}
    for number, (pixels, field) in enumerate(zip(harmed, fields, strict=True)):
        reason = assess(pixels).instruction
        if reason is not None:
            reasons[reason.said()] += 1
            continue
        n_cells += len(field.boxes)
        found = segment(pixels, um_per_px)
        for box, index in matched(found, field.boxes).items():
            sights[number, box] = _sight(pixels, found, index)
        if field.cells is not None and field.cells.any():
            dices.append(_dice(_area(found), field.cells))
    row = Row(
        harm=name,
        n_frames=len(fields),
        n_refused=reasons.total(),
        reasons=dict(reasons),
        n_cells=n_cells,
        recall=len(sights) / max(n_cells, 1),
        cell_dice=float(np.mean(dices)) if dices else None,
        calls_changed=None,
        calls_flipped=None,
        kinds_changed=None,
        n_called=0,
        um_per_px=um_per_px,
    )
    return row, sights


def crops_of(
    sights: dict[CellId, Sight],
    clean: dict[CellId, Sight],
    way: str,
    bundle: Bundle,
) -> dict[CellId, U8]:
    """Cut whole cells out, colours or mask as of the clean frame, or neither.

    Args:
        sights: Of the harmed frames.
        clean: Of the clean ones; a cell that is not there is left out if it is asked.
        way: "own", "clean-mask", "clean-colours" or "window".
        bundle: Whose crop it is.
    """
    whole = {k: s for k, s in sights.items() if s.is_whole}
    if way == "own":
        return {k: _crop(s.pixels, s, bundle) for k, s in whole.items()}
    if way == "window":
        return {k: _window(s, bundle) for k, s in whole.items()}
    both = {k: (s, clean[k]) for k, s in whole.items() if k in clean}
    if way == "clean-mask":
        return {k: _crop(s.pixels, c, bundle) for k, (s, c) in both.items()}
    return {k: _crop(c.pixels, s, bundle) for k, (s, c) in both.items()}


def called(bundle: Bundle, crops: dict[CellId, U8]) -> dict[CellId, Call]:
    """Return what a bundle calls each crop."""
    if not crops:
        return {}
    with open_engine(bundle, backend="cpu") as engine:
        answers = answers_to(engine, list(crops.values()))
    return dict(zip(crops, calls_for(answers, bundle.card), strict=True))


def with_calls(row: Row, calls: dict[CellId, Call], clean: dict[CellId, Call]) -> Row:
    """Return a row with the share of calls that differ from those of clean frames."""
    both = calls.keys() & clean.keys()
    pairs = [(calls[cell], clean[cell]) for cell in both]
    changed = [{a.name, b.name} for a, b in pairs if a.name != b.name]
    found = {
        "calls_changed": len(changed),
        "calls_flipped": sum(CallName.UNCLEAR not in names for names in changed),
        "kinds_changed": sum(a.kind != b.kind for a, b in pairs),
    }
    shares = {k: n / len(both) if both else None for k, n in found.items()}
    return Row(**{**asdict(row), **shares, "n_called": len(both)})


def changes_of(calls: dict[CellId, Call], clean: dict[CellId, Call]) -> Changes:
    """Return of each cell that was called twice whether the calls differ."""
    both = calls.keys() & clean.keys()
    return {cell: calls[cell].name != clean[cell].name for cell in both}


def share_changed(changes: list[Changes]) -> tuple[float, float, float]:
    """Return the share of calls that changed, and its interval at 95 %.

    Args:
        changes: Of each harm; one of them has a cell. Cells are drawn, not calls.
    """
    cells = sorted({cell for one in changes for cell in one})
    n_calls = np.array([sum(cell in one for one in changes) for cell in cells])
    n_changed = np.array([sum(one.get(c, False) for one in changes) for c in cells])
    draws = np.random.default_rng(0).integers(len(cells), size=(N_DRAWS, len(cells)))
    shares = n_changed[draws].sum(axis=1) / n_calls[draws].sum(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(n_changed.sum() / n_calls.sum()), float(low), float(high)


def matched(found: Segmentation, boxes: list[Box]) -> dict[int, int]:
    """Return which detection lies in each box that has one."""
    hits: dict[int, int] = {}
    for index in _white(found):
        x, y = found.centres_px[index]
        for number, (x0, y0, x1, y1) in enumerate(boxes):
            if number not in hits and x0 <= x <= x1 and y0 <= y <= y1:
                hits[number] = index
                break
    return hits


def _white(found: Segmentation) -> list[int]:
    return found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)


def _area(found: Segmentation) -> BoolArray:
    is_white = np.zeros(len(found) + 1, np.bool_)
    is_white[[i + 1 for i in _white(found)]] = True
    return np.asarray(is_white[found.cell_labels], np.bool_)


def _dice(a: BoolArray, b: BoolArray) -> float:
    return 2 * int((a & b).sum()) / max(int(a.sum()) + int(b.sum()), 1)


def _sight(pixels: U8, found: Segmentation, index: int) -> Sight:
    x, y = (float(v) for v in found.centres_px[index])
    mask = np.asarray(found.cell_labels == index + 1, np.bool_)
    is_whole = found.kinds[index] is CellKind.WBC
    return Sight(pixels, mask, (x, y), found.scale_um_per_px, is_whole)


def _crop(pixels: U8, at: Sight, bundle: Bundle) -> U8:
    """Cut a cell out of a picture, by a mask that may be another picture's."""
    spec = bundle.card.input.crop_spec
    return cut_crop(pixels, at.mask, at.centre_px, at.scale_um_per_px, spec)


def _window(at: Sight, bundle: Bundle) -> U8:
    spec = bundle.card.input.crop_spec
    return cut_window(at.pixels, at.centre_px, at.scale_um_per_px, spec)


def _line(row: Row) -> str:
    shares = row.cell_dice, row.calls_changed, row.calls_flipped, row.kinds_changed
    dice, changed, flipped, kinds = ("-" if v is None else f"{v:.3f}" for v in shares)
    return (
        f"{row.harm:<32} recall {row.recall:.3f} of {row.n_cells:>4} cells, cell Dice "
        f"{dice}, calls changed {changed}, flipped {flipped}, "
        f"kinds changed {kinds} of {row.n_called}, "
        f"refused {row.n_refused} of {row.n_frames} {row.reasons or ''}"
    )


def _fields(folder: Path, every: int) -> list[Field]:
    fields = []
    for path in list_images(folder / "images")[::every]:
        boxes = folder / "boxes" / f"{path.stem}.xml"
        if not boxes.exists():
            continue
        mask = cv2.imread(str(folder / "masks" / f"{path.stem}.png"), 0)
        cells = None if mask is None else np.asarray(mask > 63, np.bool_)
        pixels = decode_image(path.read_bytes())
        fields.append(Field(pixels=pixels, boxes=_boxes(boxes), cells=cells))
    if not fields:
        raise SourceError(f"{folder}: no image with boxes")
    return fields


def _boxes(path: Path) -> list[Box]:
    boxes = []
    for item in ET.parse(path).getroot().iter("object"):  # noqa: S314 (our own data)
        if item.findtext("name") == "WBC":
            x0, y0, x1, y1 = (
                float(item.findtext(f"bndbox/{k}") or "nan")
                for k in ("xmin", "ymin", "xmax", "ymax")
            )
            boxes.append((x0, y0, x1, y1))
    return boxes


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds images/ and boxes/")
    parser.add_argument("--every", type=int, default=1, help="only every n-th image")
    scales = parser.add_mutually_exclusive_group()
    scales.add_argument(
        "--um-per-px", type=parse_scale, help="default: of each frame alone"
    )
    scales.add_argument("--pooled", action="store_true", help="of all frames together")
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument("--harm", action="append", help="only those with this word")
    parser.add_argument("--segmenter", default=THRESHOLDS, help="or a shipped network")
    parser.add_argument(
        "--crop",
        choices=("own", "clean-mask", "clean-colours", "window"),
        default="own",
        help="whose mask or colours; default: both of the harmed frame",
    )
    parser.add_argument(
        "--alike-stain", action="store_true", help="make the stain's strength alike"
    )
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
