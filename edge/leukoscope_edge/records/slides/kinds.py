"""The kinds of a slide's cells, by people and model together, and by each reader. Pure.

Two readers of 200 cells each (CLSI H20-A2) read cells of their own, so that their
counts are independent and Ruemke's limits hold between them: the counted cells in an
order that tells nothing, by turns.
"""

import hashlib

from leukoscope_edge.counting import (
    BLAST,
    Compared,
    Differential,
    compared,
    count_kinds,
)
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.records.slides.slide import SlideRecord
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import Reading

TWO_OF_200 = 400
"""Cells of a differential that two readers share, 200 each."""


def usable(record: SlideRecord) -> tuple[CellRecord, ...]:
    """Return the cells that shares are of: counted, and not unclear."""
    return tuple(c for c in record.counted if c.final is not Reading.UNCLEAR)


def differential_of(record: SlideRecord) -> Differential | None:
    """Return the differential, None without a cell, or where nobody said of what."""
    if record.facts.sample_type is None:
        return None
    kinds = [c.final_kind for c in usable(record)]
    n_smudges = record.tally.n_smudges
    return count_kinds(kinds, n_smudges=n_smudges, is_marrow=is_marrow(record))


def is_marrow(record: SlideRecord) -> bool:
    """Whether shares are of all nucleated cells."""
    return record.facts.sample_type is SampleType.MARROW


def is_named(cell: CellRecord) -> bool:
    """Say whether people told what kind a usable cell is of."""
    return cell.word is Reading.BLAST or bool(cell.named_kind)


def own_cells(record: SlideRecord, person: str) -> tuple[CellRecord, ...]:
    """Return the cells of which a reader alone makes a differential, in a blind order.

    None where the slide has no two readers of a half each, or a third person asks.
    """
    if record.n_readers != 2 or record.n_differential < TWO_OF_200:
        return ()
    readers = record.readers
    place = readers.index(person) if person in readers else len(readers)
    cells = [c for c in record.cells if c.is_counted and c.call is not None]
    order = sorted(cells, key=lambda c: _place(record.id, c.id))
    return tuple(order[place::2][: record.n_differential // 2]) if place < 2 else ()


def n_own_left(record: SlideRecord) -> int:
    """Return how many cells readers have still to read for their own differentials."""
    return sum(
        person not in dict(c.words)
        for person in record.readers
        for c in own_cells(record, person)
    )


def _place(slide: str, cell: str) -> bytes:
    return hashlib.sha256(f"{slide} halves {cell}".encode()).digest()


def comparison(record: SlideRecord) -> tuple[Compared, ...]:
    """Return what two readers counted, each on cells of their own, side by side.

    None before both have read all of theirs.
    """
    if len(record.readers) != 2:
        return ()
    first, second = (_read_kinds(record, person) for person in record.readers)
    if first is None or second is None:
        return ()
    return compared(first, second, is_marrow=is_marrow(record))


def _read_kinds(record: SlideRecord, person: str) -> list[str] | None:
    """Return the kinds that a reader gave the usable ones of her own cells."""
    cells = own_cells(record, person)
    if not cells or any(person not in dict(c.words) for c in cells):
        return None
    said = [(dict(c.words)[person], dict(c.kind_words).get(person, "")) for c in cells]
    return [
        BLAST if word is Reading.BLAST else kind
        for word, kind in said
        if word in (Reading.BLAST, Reading.NORMAL)
    ]
