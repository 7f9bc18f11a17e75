"""Choose pictures of every kind of cell, to lay beside a cell on the screen.

    python tools/make_reference_cells.py DATA [--bundle DIR] --out FOLDER

From `marrow` and `pbc`, whose licence (CC BY 4.0) lets pictures ship. The device's own
code cuts some tiles of each kind, the bundle names them, and of those that it names
right the surest half stays; pictures evenly spaced by size are taken, small to large,
and written as JPEG at the scale of the crops, with what is around the cell. The folder
gets a table of where each picture is from, and an attribution.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference import (
    ATTRIBUTION_NAME,
    TABLE_NAME,
    Bundle,
    classify,
    open_bundle,
    open_engine,
    shipped_bundle_for,
)
from leukoscope_edge.vision import CropSpec
from leukoscope_train.data import LabCells, Tile, gather_cells, read_image, tiles_of
from leukoscope_train.errors import DataError
from leukoscope_train.teach import ROOM, kept

LABORATORIES = ("marrow", "pbc")
SIDE_PX = 128
SIDE_UM = 20.48
PER_KIND = 6
TRIED = 48
"""Tiles of a kind and a laboratory that are cut."""
JPEG_QUALITY = 88
ATTRIBUTION = """\
Pictures of single cells, cropped and resized; no other change.

marrow: Matek, C., Krappe, S., Muenzenmayer, C., Haferlach, T., and Marr, C. (2021).
  An Expert-Annotated Dataset of Bone Marrow Cytology in Hematologic Malignancies.
  The Cancer Imaging Archive. https://doi.org/10.7937/TCIA.AXH3-T579
  Munich Leukemia Laboratory. Licence: CC BY 4.0.
pbc: Acevedo, A., Merino, A., Alferez, S., Molina, A., Boldu, L., Rodellar, J. (2020).
  A dataset of microscopic peripheral blood cell images for development of automatic
  recognition systems. Data in Brief 30, 105474. https://doi.org/10.1016/j.dib.2020.105474
  Hospital Clinic of Barcelona. Licence: CC BY 4.0.

CC BY 4.0: https://creativecommons.org/licenses/by/4.0/
reference_cells.csv names the laboratory and the file of each picture.
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A tile that is to be shown, and the kind that it shows."""

    kind: str
    tile: Tile


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    try:
        bundle = open_bundle(options.bundle or shipped_bundle_for("real"))
        chosen = choose(options.data, bundle, options.workers)
        write(chosen, options.out)
    except LeukoscopeError as err:
        print(f"make_reference_cells: {err}", file=sys.stderr)
        return 1
    return 0


def choose(data: Path, bundle: Bundle, workers: int) -> list[Chosen]:
    """Return the pictures of every kind that the bundle tells apart.

    Raises:
        DataError: The bundle tells none apart, or a kind has too few pictures.
    """
    if bundle.card.kinds is None:
        raise DataError(f"{bundle.card.id}: tells no kinds apart")
    tiles = [tile for name in LABORATORIES for tile in tiles_of(data, name)]
    return [
        Chosen(kind, tile)
        for kind in bundle.card.kinds.names
        for tile in _of_kind([t for t in tiles if t.kind == kind], bundle, workers)
    ]


def _of_kind(tiles: list[Tile], bundle: Bundle, workers: int) -> list[Tile]:
    """Return a kind's tiles, half of each laboratory where both show enough.

    Raises:
        DataError: The bundle names too few cells of the kind right.
    """
    own = [[t for t in tiles if t.laboratory == name] for name in LABORATORIES]
    own = [part for part in own if part]
    found: list[Tile] = []
    for i, part in enumerate(own):
        n_wanted = (PER_KIND - len(found)) // (len(own) - i)
        found += _spaced(_evenly(part, TRIED), n_wanted, bundle, workers)
    if len(found) < PER_KIND:
        raise DataError(f"{tiles[0].kind}: {len(found)} cells named right, not enough")
    return found


def _spaced(tiles: list[Tile], n: int, bundle: Bundle, workers: int) -> list[Tile]:
    """Return up to `n` tiles that the bundle names right, evenly spaced by size."""
    spec = bundle.card.input
    room = CropSpec(
        side_px=round(spec.side_px * ROOM),
        scale_um_per_px=spec.scale_um_per_px,
        colour=spec.colour,
        light=spec.light,
    )
    cells, _ = gather_cells(tiles, room, degraded=False, workers=workers)
    sure = _surest(cells, bundle)
    by_size = sure.pick(np.argsort(sure.areas_um2, kind="stable"))
    names = _evenly(by_size.names.tolist(), n)
    by_name = {tile.path.name: tile for tile in tiles}
    return [by_name[name] for name in names]


def _surest(cells: LabCells, bundle: Bundle) -> LabCells:
    """Return the surer half of the cells that the bundle names right."""
    crops = list(kept(cells, bundle.card.input.side_px))
    with open_engine(bundle, backend="cpu") as engine:
        calls = classify(engine, crops, bundle.card, in_marrow=False)
    right = np.array(
        [c.kind == k for c, k in zip(calls, cells.kinds.tolist(), strict=True)]
    )
    p = np.where(right, [c.p_kind for c in calls], -1.0)
    order = np.argsort(-p, kind="stable")
    return cells.pick(order[: (int(right.sum()) + 1) // 2])


def _evenly(items: list, n: int) -> list:  # type: ignore[type-arg]
    """Return up to `n` items, evenly spaced."""
    if len(items) <= n:
        return items
    places = np.linspace(0, len(items) - 1, n + 2 if n < len(items) - 1 else n)
    inner = places[1:-1] if len(places) == n + 2 else places
    return [items[round(place)] for place in inner.tolist()]


def write(chosen: list[Chosen], out: Path) -> None:
    """Write the pictures, their table and the attribution.

    Raises:
        DataError: A tile cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    lines = ["file,kind,laboratory,source"]
    count: dict[str, int] = {}
    for one in chosen:
        count[one.kind] = count.get(one.kind, 0) + 1
        name = f"{one.kind.replace(' ', '-').lower()}-{count[one.kind]}.jpg"
        (out / name).write_bytes(_jpeg(picture(one.tile)))
        lines.append(f"{name},{one.kind},{one.tile.laboratory},{one.tile.path.name}")
    (out / TABLE_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (out / ATTRIBUTION_NAME).write_text(ATTRIBUTION, encoding="utf-8")


def picture(tile: Tile) -> U8:
    """Return (SIDE_PX, SIDE_PX, 3) uint8 RGB of the middle of a tile, SIDE_UM wide.

    Raises:
        DataError: It cannot be read.
    """
    pixels = read_image(tile.path)
    if pixels is None:
        raise DataError(f"{tile.path}: unreadable")
    side = round(SIDE_UM / tile.scale_um_per_px)
    height, width = pixels.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    middle = pixels[top : top + side, left : left + side]
    way = cv2.INTER_AREA if side > SIDE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(middle, (SIDE_PX, SIDE_PX), interpolation=way))


def _jpeg(pixels: U8) -> bytes:
    turned = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return bytes(data.tobytes())


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the sets")
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
