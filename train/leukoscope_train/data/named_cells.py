"""Anybody's cells of named kinds: a folder per kind, or a CSV table, with a scale.

A table has the columns `file` (beside the table, or in `images` there) and `kind`,
and where known `person`, `laboratory`, `split` and `scale_um_per_px`. A folder holds
a folder per kind. Kinds go by any name in `laboratories.ALIASES`; `normal` and
`mature` are normal cells of blood whose kind nobody noted.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from leukoscope_train.data.cells import rows_of
from leukoscope_train.data.laboratories import ALIASES, MATURE_UNNAMED, Tile, kind_named
from leukoscope_train.data.readers import IMAGE_SUFFIXES
from leukoscope_train.errors import DataError

UNNAMED = ("normal", "mature")
NEEDED = ("file", "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class HowTaken:
    """What a set's images have in common.

    Attributes:
        scale_um_per_px: Of every image; None where a table tells each one's.
        shows_field: Each image is a field, whose white cells all count.
        on_black: Each image is one cell, cut out on black already.
        in_marrow: Each image shows marrow, and is cut as the device cuts marrow.
    """

    scale_um_per_px: float | None = None
    shows_field: bool = False
    on_black: bool = False
    in_marrow: bool = False


def has_named_kinds(source: Path) -> bool:
    """Whether a source is a table with a column `kind`."""
    if source.suffix.lower() != ".csv" or not source.is_file():
        return False
    with source.open(encoding="utf-8-sig") as lines:
        return "kind" in lines.readline().strip().split(",")


def named_tiles(source: Path, how: HowTaken) -> list[Tile]:
    """List the cells of a table or of a folder per kind.

    Args:
        source: The table, or the folder.
        how: What its images have in common.

    Raises:
        DataError: Nothing is there, a kind is unknown, or an image has no scale.
    """
    if source.suffix.lower() == ".csv":
        return _of_table(source, how)
    return _of_folders(source, how)


def _of_table(table: Path, how: HowTaken) -> list[Tile]:
    return [
        Tile(
            path=_image(table.parent, row["file"]),
            kind=_kind(row["kind"], row["file"]),
            laboratory=row.get("laboratory") or table.stem,
            person=row.get("person", ""),
            split=row.get("split", ""),
            on_black=how.on_black,
            shows_field=how.shows_field,
            in_marrow=how.in_marrow,
            scale_um_per_px=_scale(row.get("scale_um_per_px", ""), row["file"], how),
        )
        for row in rows_of(table, NEEDED)
    ]


def _image(folder: Path, name: str) -> Path:
    beside = folder / name
    return beside if beside.is_file() else folder / "images" / name


def _of_folders(folder: Path, how: HowTaken) -> list[Tile]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    names = [p.name for p in sorted(folder.iterdir()) if p.name in {*ALIASES, *UNNAMED}]
    if not names:
        raise DataError(f"{folder}: no folder named after a kind: {sorted(ALIASES)}")
    return [
        Tile(
            path=path,
            kind=_kind(name, str(path)),
            laboratory=folder.resolve().name,
            on_black=how.on_black,
            shows_field=how.shows_field,
            in_marrow=how.in_marrow,
            scale_um_per_px=_scale("", str(path), how),
        )
        for name in names
        for path in sorted((folder / name).iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES
    ]


def _kind(name: str, where: str) -> str:
    return MATURE_UNNAMED if name in UNNAMED else kind_named(name, where)


def _scale(told: str, where: str, how: HowTaken) -> float:
    if not told:
        if how.scale_um_per_px is None:
            raise DataError(
                f"{where}: no scale; the column scale_um_per_px or the option"
            )
        return how.scale_um_per_px
    try:
        scale = float(told)
    except ValueError as err:
        raise DataError(f"{where}: the scale {told!r} is no number") from err
    if not (math.isfinite(scale) and scale > 0):
        raise DataError(f"{where}: the scale {told!r} is no size of a pixel")
    return scale
