"""Whether the counted cells are of the sample that a person said it was. Pure.

The cut-offs of marrow and of blood differ, and the wrong one makes a wrong negative: a
marrow counted as blood thins its blasts out among immature cells that blood does not
hold, and 4 % of blasts, which a marrow may hold, are not normal in blood.
"""

from collections.abc import Sequence

from leukoscope_edge.counting.call_counts import count_calls
from leukoscope_edge.counting.context import CellCall
from leukoscope_edge.counting.differential import ERYTHROBLAST, UNTOLD
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import Reading

OF_MARROW = ERYTHROBLAST, "immature granulocyte"
"""The kinds that marrow is full of, and healthy blood hardly holds."""
MIN_TOLD = 50
"""Cells whose kind is told, below which their shares say nothing."""
MAX_IN_BLOOD = 0.2
"""Of healthy blood of two laboratories that taught no model the default takes 2 and 6 %
for one of them, the pair 14 and 21 % (docs/counting.md)."""
MIN_IN_MARROW = 0.1
"""A normal marrow holds some 40 %; one diluted by blood is no marrow to judge."""


def sample_doubts(
    calls: Sequence[CellCall], sample_type: SampleType | None
) -> tuple[Doubt, ...]:
    """Return what forbids a negative since the sample looks like another, if anything.

    Blasts say nothing here, nor do cells whose kind nobody told. Who has read every
    cell of a blood answers for it: immature cells in blood are a finding of their own.
    A marrow like blood stays in doubt even so: its blasts are held against a normal
    marrow's.

    Args:
        calls: One for each counted cell.
        sample_type: What a person said was smeared.
    """
    normal = [c.kind for c in calls if c.final is Reading.NORMAL]
    told = [kind for kind in normal if kind != UNTOLD]
    if len(told) < MIN_TOLD:
        return ()
    k, n = sum(kind in OF_MARROW for kind in told), len(told)
    match sample_type:
        case SampleType.BLOOD if k > MAX_IN_BLOOD * n:
            is_answered_for = count_calls(calls).is_all_read
            return () if is_answered_for else (_doubt("like-marrow", k, n),)
        case SampleType.MARROW if k < MIN_IN_MARROW * n:
            return (_doubt("like-blood", k, n),)
        case _:
            return ()


def _doubt(id_: str, k: int, n: int) -> Doubt:
    reason, cure = message(id_, k=k, n=n), message(f"{id_}-cure")
    return Doubt(reason=reason, cure=cure, spoils_calls=False)
