"""What a person sees of a slide's cells, and when. Pure: a record in, lists out.

In the first pass (`records/slides/first_look.py`) nobody sees the model's word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leukoscope_edge.counting import NAMED
from leukoscope_edge.messages import Message, message
from leukoscope_edge.profile import ReviewEntry
from leukoscope_edge.records.slides import (
    CellRecord,
    SlideRecord,
    SlideState,
    is_first_look_over,
)
from leukoscope_edge.types import Reading

TABS = ("suspected", "unclear", *NAMED, "others", "not-cells")
"""Others are normal cells of which nobody told the kind."""
_TAB_OF = {
    Reading.BLAST: "suspected",
    Reading.UNCLEAR: "unclear",
    Reading.NORMAL: "others",
    Reading.NOT_A_CELL: "not-cells",
}


def hides_model(record: SlideRecord, entry: ReviewEntry) -> bool:
    """Say whether nobody is to see yet what the model and other readers think.

    Args:
        record: The slide.
        entry: How slides are reviewed here.
    """
    if entry.blind == "off" and record.n_readers == 1:
        return False
    return not is_first_look_over(record)


def why_files_wait(record: SlideRecord, entry: ReviewEntry) -> Message | None:
    """Return why no file may tell what a slide shows yet, None where one may.

    Args:
        record: The slide.
        entry: How slides are reviewed here.
    """
    if not hides_model(record, entry):
        return None
    of_readers = "files-wait-two" if record.n_readers > 1 else "files-wait"
    return message(of_readers, slide=record.id)


def tells_word(record: SlideRecord, entry: ReviewEntry) -> bool:
    """Say whether a reader learns the model's word on a cell once she has said hers.

    Not while the slide is counted, and not where another is still to read.
    """
    is_over = record.state not in (SlideState.NEW, SlideState.COUNTING)
    return (is_over and record.n_readers == 1) or not hides_model(record, entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well two readers agree.

    Attributes:
        readers: Who they are.
        n_both: Cells that both have judged.
        n_same: Of these, judged alike.
    """

    readers: tuple[str, ...]
    n_both: int
    n_same: int


def agreement(record: SlideRecord) -> Agreement:
    """Return how well two readers agree, as far as both have judged."""
    both = [dict(c.words) for c in record.cells if len(c.words) > 1]
    return Agreement(
        readers=record.readers,
        n_both=len(both),
        n_same=sum(len(set(words.values())) == 1 for words in both),
    )


def by_suspicion(cells: Sequence[CellRecord]) -> list[CellRecord]:
    """Return the cells that may count, the most suspicious first.

    A person's blasts come before all; cells cut off by the edge of a field are left
    out, for half a cell is not judged.
    """

    def suspicion(cell: CellRecord) -> tuple[bool, float]:
        return (
            cell.word is Reading.BLAST,
            cell.p_blast if cell.p_blast is not None else 1,
        )

    return sorted((c for c in cells if c.is_counted), key=suspicion, reverse=True)


def tab_of(cell: CellRecord) -> str:
    """Return the tab of the gallery in which a cell stands.

    Of a normal cell that nobody has read, the kind that the model would give it.
    """
    kind = cell.named_kind or (cell.kind if cell.word is None else "")
    return (cell.final is Reading.NORMAL and kind) or _TAB_OF[cell.final]


def differences(record: SlideRecord) -> list[CellRecord]:
    """Return the cells on which person and machine do not agree."""
    return [
        c
        for c in record.cells
        if c.word is not None and (c.call is None or c.word.value != c.call.value)
    ]


def renamed(record: SlideRecord) -> list[CellRecord]:
    """Return the normal cells whose kind a person named otherwise than the model."""
    return [
        c
        for c in record.cells
        if c.final is Reading.NORMAL and c.kind and c.named_kind not in ("", c.kind)
    ]
