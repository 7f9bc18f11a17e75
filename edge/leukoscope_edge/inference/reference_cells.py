"""Pictures of known cells of every kind, to lay beside a cell that a person judges.

They ship with the program, from two laboratories whose licence (CC BY 4.0) lets them;
who made them stands beside them and belongs on every page that shows them.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "reference_cells"
TABLE_NAME = "reference_cells.csv"
ATTRIBUTION_NAME = "ATTRIBUTION.txt"
SIDE_UM = 20.48
"""Width and height of what a picture shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceCell:
    """One picture of a known cell.

    Attributes:
        path: The JPEG, square.
        kind: Which kind of cell experts named it.
        laboratory: Where it was stained and photographed.
        source: Its file in that laboratory's publication.
    """

    path: Path
    kind: str
    laboratory: str
    source: str


@cache
def list_reference_cells(folder: Path = FOLDER) -> tuple[ReferenceCell, ...]:
    """Return all pictures, by kind, each laboratory's from small cells to large.

    Args:
        folder: With the table and the pictures.
    """
    with (folder / TABLE_NAME).open(encoding="utf-8", newline="") as table:
        return tuple(
            ReferenceCell(
                path=folder / row["file"],
                kind=row["kind"],
                laboratory=row["laboratory"],
                source=row["source"],
            )
            for row in csv.DictReader(table)
        )


def numbers_by_kind() -> dict[str, list[int]]:
    """Return the places of each kind's pictures in the list of all."""
    found: dict[str, list[int]] = {}
    for number, cell in enumerate(list_reference_cells()):
        found.setdefault(cell.kind, []).append(number)
    return found


def attribution() -> str:
    """Return who made the pictures, and by which licence they ship."""
    return (FOLDER / ATTRIBUTION_NAME).read_text(encoding="utf-8")
