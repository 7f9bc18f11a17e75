"""Compare the middle cells of tiles with outlines that were drawn or accepted by eye.

    python tools/evaluate_drawn_cells.py FOLDER [--outlines FILE] [--um-per-px X]
        [--segmenter NAME] [--as-blood] [--overlays DIR] [--json]

FOLDER holds `images/`. FILE, by default that of the tests, is a list of `file`, `how`
and `outline_px`, corners x and y in the image. `drawn`: set corner by corner, for
the cell that segmentation had drawn was wrong. `accepted`: it was right by eye when the
list was made, so that it says what gets worse and not what is good. A cell is good with
a Dice of 0.9 and more; where none is found within 4 µm of the middle its Dice is 0.
The tiles are cut as marrow, with --as-blood as blood.
With --overlays DIR each tile is drawn, the truth green, what was found red.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.cli.scale import parse_scale
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.inference import Segment, segmentation_named
from leukoscope_edge.types import THRESHOLDS, CellKind, Segmentation
from leukoscope_train.data import SET_SCALES
from leukoscope_train.evaluation import picture

OUTLINES = Path(__file__).parents[1] / "tests/edge/vision/drawn/marrow_cells.json"
GOOD_DICE = 0.9
OFF_MIDDLE_UM = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One cell; its corners are (n, 2) pixels."""

    file: str
    how: str
    outline_px: list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was found of the cells that came by one way."""

    how: str
    n_cells: int
    n_found: int
    n_whole: int
    dice_mean: float
    good: float


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    cv2.setNumThreads(1)
    try:
        in_marrow = not options.as_blood
        segment = segmentation_named(options.segmenter, in_marrow=in_marrow)
        outlines = read_outlines(options.outlines)
        rows = measure(options, segment, outlines)
    except (OSError, LeukoscopeError) as err:
        print(f"evaluate_drawn_cells: {err}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    for row in rows:
        print(
            f"{row.how:<9} {row.n_cells:>3} cells, found {row.n_found}, whole "
            f"{row.n_whole}, Dice {row.dice_mean:.3f}, good {row.good:.3f}"
        )
    return 0


def read_outlines(path: Path) -> list[Outline]:
    """Read the outlines of a file.

    Raises:
        SourceError: It holds something else.
    """
    try:
        return [Outline(**entry) for entry in json.loads(path.read_text())]
    except (ValueError, TypeError) as err:
        raise SourceError(f"{path}: expected file, how and outline_px: {err}") from err


def measure(
    options: argparse.Namespace, segment: Segment, outlines: list[Outline]
) -> list[Row]:
    """Segment each tile and compare its middle cell with the outline."""
    scores: dict[str, list[tuple[float, bool]]] = {}
    for outline in outlines:
        pixels = picture(options.folder / "images" / outline.file)
        found = segment(pixels, options.um_per_px)
        index = middle_of(found)
        cell = _mask_of(found, index)
        truth = np.zeros(pixels.shape[:2], np.uint8)
        cv2.fillPoly(truth, [np.array(outline.outline_px, np.int32)], 1)
        total = int(cell.sum()) + int(truth.sum())
        is_whole = index is not None and found.kinds[index] is CellKind.WBC
        score = (2 * int((cell & truth).sum()) / max(total, 1), is_whole)
        scores.setdefault(outline.how, []).append(score)
        if options.overlays:
            _draw(options.overlays / f"{outline.file}.png", pixels, truth, cell)
    every = [score for own in scores.values() for score in own]
    return [_row(how, own) for how, own in sorted(scores.items())] + [
        _row("all", every)
    ]


def _row(how: str, scores: list[tuple[float, bool]]) -> Row:
    dices = [dice for dice, _ in scores]
    return Row(
        how=how,
        n_cells=len(scores),
        n_found=sum(dice > 0 for dice in dices),
        n_whole=sum(is_whole for _, is_whole in scores),
        dice_mean=float(np.mean(dices)) if dices else 0.0,
        good=float(np.mean([dice >= GOOD_DICE for dice in dices])) if dices else 0.0,
    )


def middle_of(found: Segmentation) -> int | None:
    """Return the white cell that is nearest to the middle, None where none is near."""
    white = found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)
    if not white:
        return None
    height, width = found.cell_labels.shape
    off = np.hypot(*(found.centres_px[white] - [width / 2, height / 2]).T)
    nearest = int(off.argmin())
    is_near = off[nearest] * found.scale_um_per_px < OFF_MIDDLE_UM
    return white[nearest] if is_near else None


def _mask_of(found: Segmentation, index: int | None) -> U8:
    label = -1 if index is None else index + 1
    return np.asarray(found.cell_labels == label, np.uint8)


def _draw(path: Path, pixels: U8, truth: U8, cell: U8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = pixels.copy()
    for mask, colour in ((truth, (0, 220, 0)), (cell, (255, 0, 0))):
        rims, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(shown, rims, -1, colour, 1)
    cv2.imwrite(str(path), cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds images/")
    parser.add_argument("--outlines", type=Path, default=OUTLINES)
    parser.add_argument(
        "--um-per-px",
        type=parse_scale,
        default=SET_SCALES["marrow"].um_per_px,
        help="default: marrow's",
    )
    parser.add_argument("--segmenter", default=THRESHOLDS, help="or a shipped network")
    parser.add_argument("--as-blood", action="store_true", help="not as marrow")
    parser.add_argument("--overlays", type=Path, help="draw each tile here")
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
