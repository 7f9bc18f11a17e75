"""Draw what the program sees: frames with every cell boxed, in one picture.

    python tools/contact_sheet.py SOURCE --out PICTURE.jpg [--frames 4] [--bundle DIR]

The frames that show most cells are taken, not neighbours, on a page of two columns.
Red: called blast; green: normal; amber: unclear, or cut off by the edge.
"""

import argparse
import sys
from collections import defaultdict
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import domain_of, open_source
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference import open_bundle, open_engine, shipped_bundle_for
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening import screen
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.types import CallName, Cell, Frame

COLOURS = {
    CallName.BLAST: (190, 0, 0),
    CallName.NORMAL: (0, 110, 30),
    CallName.UNCLEAR: (200, 120, 0),
}
SIZE_PX = (640, 480)
GAP_PX = 6
N_COLUMNS = 2
APART = 15
"""Frames between two that are shown, so that they show other cells."""


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    try:
        picture = contact_sheet(options.source, options.frames, options.bundle)
    except LeukoscopeError as err:
        print(f"contact_sheet: {err}", file=sys.stderr)
        return 1
    suffix = options.out.suffix
    _, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    options.out.write_bytes(data.tobytes())
    return 0


def contact_sheet(source: str, n_frames: int, bundle_folder: Path | None) -> U8:
    """Return the picture, (H, W, 3) uint8 RGB."""
    screening = _screened(source, bundle_folder)
    cells = defaultdict(list)
    for cell in chain(screening.cells, screening.cut_off_cells):
        cells[cell.best.frame].append(cell)
    chosen = _apart(sorted(cells, key=lambda name: -len(cells[name])), n_frames)
    tiles = []
    with open_source(source, scale_um_per_px=None) as camera:
        while (item := camera.read()) is not None:
            if isinstance(item, Frame) and item.name in chosen:
                tiles.append(_tile(item, cells[item.name]))
    return _page(tiles)


def _apart(names: list[str], n_frames: int) -> list[str]:
    """Take the first names that are no near neighbours of one taken already."""
    order = sorted(names)
    taken: list[str] = []
    for name in names:
        far = all(abs(order.index(name) - order.index(t)) >= APART for t in taken)
        if (far or len(names) <= n_frames) and len(taken) < n_frames:
            taken.append(name)
    return taken


def _screened(source: str, bundle_folder: Path | None) -> Screening:
    domain = domain_of(source)
    bundle = open_bundle(bundle_folder or shipped_bundle_for(domain))
    with (
        open_source(source, scale_um_per_px=None) as camera,
        open_engine(bundle, backend="cpu") as engine,
    ):
        return screen(
            camera,
            engine,
            bundle,
            source=source,
            facts=SIMULATED_SAMPLE,  # no verdict is shown
            is_sequence=False,  # every frame for itself, so that all its cells show
            show_progress=sys.stderr.isatty(),
        )


def _tile(frame: Frame, cells: list[Cell]) -> U8:
    picture = frame.pixels.copy()
    for cell in cells:
        if cell.call is None:
            continue
        x0, y0, x1, y1 = cell.best.box_px
        colour = COLOURS[cell.call.name]
        cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), colour, 2)
        word = f"{cell.call.name.value} {cell.call.p_blast:.2f}"
        place = (max(x0, 2), y0 - 6 if y0 > 18 else y1 + 16)
        cv2.putText(
            picture, word, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA
        )
    height, width = picture.shape[:2]
    factor = min(SIZE_PX[0] / width, SIZE_PX[1] / height)
    size = (round(width * factor), round(height * factor))
    return np.asarray(cv2.resize(picture, size), np.uint8)


def _page(tiles: list[U8]) -> U8:
    n_rows = -(-max(len(tiles), 1) // N_COLUMNS)
    step_x, step_y = SIZE_PX[0] + GAP_PX, SIZE_PX[1] + GAP_PX
    page = np.full((n_rows * step_y, N_COLUMNS * step_x, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // N_COLUMNS * step_y, i % N_COLUMNS * step_x
        page[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return page[: n_rows * step_y - GAP_PX, : N_COLUMNS * step_x - GAP_PX]


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", help="as for `leukoscope screen`")
    parser.add_argument("--out", type=Path, required=True, help="a .jpg or .png file")
    parser.add_argument("--frames", type=int, default=4, help="how many to show")
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    options = parser.parse_args(arguments)
    if options.out.suffix not in (".jpg", ".png"):
        parser.error(f"--out must end in .jpg or .png, got {options.out.name}")
    return options


if __name__ == "__main__":
    sys.exit(main())
