"""The cells that people judge first, and whether they have. Pure.

In the first pass nobody sees the model's word. The cells that must be judged (suspect
and unclear ones, and those that a person added) are mixed with others that the model
does not suspect, in an order that tells nothing; judging those others also finds blasts
that the model missed.
"""

import hashlib
from collections.abc import Sequence

from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.records.slides.kinds import own_cells
from leukoscope_edge.records.slides.slide import MIN_OTHERS_REVIEWED, SlideRecord
from leukoscope_edge.records.slides.slide_state import SlideState


def first_pass(record: SlideRecord) -> list[CellRecord]:
    """Return the cells of the first pass, judged ones included, in a blind order."""
    countable = [c for c in record.cells if c.is_counted and (c.call or c.added_by)]
    suspects = [c for c in countable if c.is_suspect]
    others = _shuffled(record.id, [c for c in countable if not c.is_suspect])
    return _shuffled(f"{record.id} pass", suspects + others[:MIN_OTHERS_REVIEWED])


def _shuffled(salt: str, cells: Sequence[CellRecord]) -> list[CellRecord]:
    """Return cells in an order that is the same every time and follows nothing."""
    return sorted(cells, key=lambda cell: blind_place(salt, cell.id))


def blind_place(salt: str, cell: str) -> bytes:
    """Return a cell's place in an order that tells nothing of it."""
    return hashlib.sha256(f"{salt} {cell}".encode()).digest()


def left_for(record: SlideRecord, person: str) -> list[CellRecord]:
    """Return the cells that somebody has still to judge in the first pass.

    With two readers each judges all of them; a third person has nothing to judge.
    """
    if record.n_readers == 1:
        return [c for c in first_pass(record) if c.word is None]
    is_third = person not in record.readers and len(record.readers) >= record.n_readers
    if is_third:
        return []
    return [c for c in pass_of(record, person) if person not in dict(c.words)]


def pass_of(record: SlideRecord, person: str) -> list[CellRecord]:
    """Return all that somebody reads at first: her own half of a differential too."""
    shared = first_pass(record)
    known = {c.id for c in shared}
    own = [c for c in own_cells(record, person) if c.id not in known]
    return _shuffled(f"{record.id} pass", [*shared, *own]) if own else shared


def is_first_look_over(record: SlideRecord) -> bool:
    """Say whether every reader has judged all that the first look shows."""
    if record.signatures:
        return True
    if record.state in (SlideState.NEW, SlideState.COUNTING):
        return False
    if not all(len(c.words) >= record.n_readers for c in first_pass(record)):
        return False
    return not any(left_for(record, person) for person in record.readers)
