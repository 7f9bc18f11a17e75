"""Cells that know their laboratory, their kind and, where told, their person.

A laboratory is a stain, a microscope and a camera; a network that meets all three in
training and in judging learns them. So a laboratory stands on one side of a split,
never on both, and every set of cells says where its cells come from.

This decides what a cell is called and who it belongs to; how it is cut, `gather` does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F64, U8, BoolArray
from leukoscope_edge.durable import whole_file
from leukoscope_train.data.cells import I64, Strings
from leukoscope_train.errors import DataError

KINDS = (
    "blast",
    "lymphocyte",
    "monocyte",
    "neutrophil",
    "eosinophil",
    "basophil",
    "immature granulocyte",
    "erythroblast",
    "B-precursor",
)
"""What a network answers, in the order of its answers. Immature granulocytes include
promyelocytes; B-precursors are the hematogones of healthy marrow."""
MATURE = ("lymphocyte", "monocyte", "neutrophil", "eosinophil", "basophil")
"""Kinds that the blood of a healthy person shows."""
MATURE_UNNAMED = "mature"
"""A normal cell of blood whose kind nobody noted: it judges, and teaches nothing."""
ALIASES = {
    **{kind: kind for kind in KINDS},
    "BLA": "blast",
    "LYT": "lymphocyte",
    "MON": "monocyte",
    "NGS": "neutrophil",
    "EOS": "eosinophil",
    "PMO": "immature granulocyte",
    "ig": "immature granulocyte",
    "all": "blast",
    "hem": "B-precursor",
    "B-precursors": "B-precursor",
    "hematogone": "B-precursor",
}
"""A kind by the names that the data sets give it."""
ZHENG_KINDS = {
    "1": "neutrophil",
    "2": "lymphocyte",
    "3": "monocyte",
    "4": "eosinophil",
    "5": "basophil",
}
"""Of `class_labels.csv` beside Zheng's crops; unverified there."""
HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One image with a cell in its middle.

    Attributes:
        path: The image.
        kind: One of KINDS, or MATURE_UNNAMED.
        laboratory: Where it was stained and photographed.
        person: Whose; "" where nobody says.
        split: `train`, `held-out` or "".
        on_black: The cell was cut out on black already, as C-NMC's are.
        scale_um_per_px: Of the image, as it is once stretched.
        size_px: (width, height) that it is stretched to first; None: as it is.
        shows_field: It is a whole field: every white cell counts.
        in_marrow: It shows marrow, and is cut as the device cuts marrow.
    """

    path: Path
    kind: str
    laboratory: str
    person: str = ""
    split: str = ""
    on_black: bool = False
    scale_um_per_px: float
    size_px: tuple[int, int] | None = None
    shows_field: bool = False
    in_marrow: bool = False

    def __post_init__(self) -> None:
        if not self.laboratory:
            raise DataError(f"{self.path}: names no laboratory; every cell needs one")
        if self.kind not in (*KINDS, MATURE_UNNAMED):
            raise DataError(
                f"{self.path}: {self.kind or 'no kind'!r} is none of {', '.join(KINDS)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabCells:
    """Crops of N cells, as parallel arrays.

    Attributes:
        pixels: (N, side, side, 3) uint8 RGB, 0 outside the cell.
        kinds: (N,) one of KINDS each.
        laboratories: (N,) never "".
        people: (N,) "" where unknown.
        names: (N,) file names.
        splits: (N,) `train`, `held-out` or "".
        areas_um2: (N,) float64, area of the cell.
        is_degraded: (N,) bool, seen through a cheap microscope by calculation.
    """

    pixels: U8
    kinds: Strings
    laboratories: Strings
    people: Strings
    names: Strings
    splits: Strings
    areas_um2: F64
    is_degraded: BoolArray

    def __post_init__(self) -> None:
        sizes = {f.name: len(getattr(self, f.name)) for f in fields(self)}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"LabCells: arrays of different lengths {sizes}")
        if (self.laboratories == "").any():
            raise DataError("a cell names no laboratory; every cell needs one")
        if unknown := set(self.kinds.tolist()) - {*KINDS, MATURE_UNNAMED}:
            raise DataError(f"no class knows the kinds {sorted(unknown)}")

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def targets(self) -> I64:
        """(N,) int64, the place of each cell's kind in KINDS.

        Raises:
            DataError: A cell is mature and of no named kind, which teaches nothing.
        """
        if (self.kinds == MATURE_UNNAMED).any():
            raise DataError("cells of no named kind can judge, but not teach")
        return np.array([KINDS.index(k) for k in self.kinds.tolist()], np.int64)

    @property
    def is_blast(self) -> I64:
        """(N,) int64, 1 for blasts."""
        return np.asarray(self.kinds == "blast", np.int64)

    def pick(self, chosen: BoolArray | I64) -> "LabCells":
        """Return the chosen cells."""
        return LabCells(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


def join(sets: Iterable[LabCells]) -> LabCells:
    """Return all cells of several sets, in order."""
    parts = list(sets)
    return LabCells(
        **{
            f.name: np.concatenate([getattr(s, f.name) for s in parts])
            for f in fields(LabCells)
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSplit:
    """Which laboratories teach and which judge."""

    teach: tuple[str, ...]
    judge: tuple[str, ...]

    def __post_init__(self) -> None:
        if both := sorted(set(self.teach) & set(self.judge)):
            raise DataError(f"{', '.join(both)}: teaches and judges; choose one side")
        if not self.teach or not self.judge:
            raise DataError("a split needs a laboratory on each side")


def leave_out(cells: LabCells, laboratory: str) -> LabSplit:
    """Return the split in which one laboratory judges and all others teach.

    Raises:
        DataError: It is not among them, or there is no other.
    """
    names = np.unique(cells.laboratories).tolist()
    if laboratory not in names:
        raise DataError(f"{laboratory}: no such laboratory; there are {names}")
    if len(names) == 1:
        raise DataError(f"{laboratory} is the only laboratory: who would teach?")
    others = tuple(n for n in names if n != laboratory)
    return LabSplit(teach=others, judge=(laboratory,))


def of_laboratories(cells: LabCells, names: Iterable[str]) -> LabCells:
    """Return the cells of some laboratories."""
    return cells.pick(np.asarray(np.isin(cells.laboratories, list(names)), np.bool_))


def kind_named(name: str, where: str) -> str:
    """Return the kind by any of its names.

    Raises:
        DataError: No class knows it.
    """
    if name not in ALIASES:
        raise DataError(f"{where}: the kind {name!r} is none of {', '.join(KINDS)}")
    return ALIASES[name]


def save_cells(path: Path, cells: LabCells) -> None:
    """Write cells to an .npz, unpacked (60 KiB a cell), whole or not at all."""
    arrays = {f.name: getattr(cells, f.name) for f in fields(cells)}
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_cells(path: Path) -> LabCells:
    """Read cells that `save_cells` wrote.

    Raises:
        DataError: The file is missing or is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return LabCells(**{f.name: arrays[f.name] for f in fields(LabCells)})
    except (OSError, KeyError, ValueError, TypeError) as err:
        raise DataError(f"{path}: no cells here ({err}); run `gather`") from err
