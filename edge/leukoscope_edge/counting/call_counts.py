"""The figures of a slide's calls: who said what of how many cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from leukoscope_edge.counting.context import CellCall
from leukoscope_edge.types import CallName, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """How many cells of each word.

    Attributes:
        n_listed: Cells that the device counted, before a person took any for dirt.
        n_model_unclear: Of these, unclear to the model.
        n_unlike: Of these, unlike all that it learned from.
        n_unclear_unread: Unclear to the model, and nobody has read them.
        n_cells: Usable cells: counted, not unclear.
        n_blast: Of these, blasts.
        n_unclear: Counted cells on which nobody decided.
        n_read: Counted cells that a person has read.
        n_confirmed: Of these, called blast.
        n_unread: Usable cells that nobody has read.
        n_unread_blast: Of these, called blast by the model.
    """

    n_listed: int
    n_model_unclear: int
    n_unlike: int
    n_unclear_unread: int
    n_cells: int
    n_blast: int
    n_unclear: int
    n_read: int
    n_confirmed: int
    n_unread: int
    n_unread_blast: int

    @property
    def n_counted(self) -> int:
        """Cells that count, unclear ones among them."""
        return self.n_cells + self.n_unclear

    @property
    def is_all_read(self) -> bool:
        """Whether people have read every counted cell, and there is one."""
        return self.n_counted > 0 and self.n_read == self.n_counted

    @property
    def is_every_suspect_read(self) -> bool:
        """Whether people have read all that the model called blast or unclear."""
        return self.n_unclear_unread == 0 and self.n_unread_blast == 0


def count_calls(calls: Sequence[CellCall]) -> CallCounts:
    """Count calls by word and by who said it."""
    counted = [c for c in calls if c.final is not Reading.NOT_A_CELL]
    usable = [c for c in counted if c.final is not Reading.UNCLEAR]
    read = [c for c in counted if c.person is not None]
    unread = [c for c in usable if c.person is None]
    unclear = [c for c in calls if c.model is CallName.UNCLEAR]
    return CallCounts(
        n_listed=len(calls),
        n_model_unclear=len(unclear),
        n_unlike=sum(c.is_unlike for c in unclear),
        n_unclear_unread=sum(c.person is None for c in unclear),
        n_cells=len(usable),
        n_blast=sum(c.final is Reading.BLAST for c in usable),
        n_unclear=len(counted) - len(usable),
        n_read=len(read),
        n_confirmed=sum(c.person is Reading.BLAST for c in read),
        n_unread=len(unread),
        n_unread_blast=sum(c.model is CallName.BLAST for c in unread),
    )
