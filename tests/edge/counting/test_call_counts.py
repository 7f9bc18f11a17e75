"""Who said what of how many cells: a table, the empty slide first."""

import pytest
from tests.edge.counting.slides_to_judge import GOOD, IN_ORDER, cells

from leukoscope_edge.counting import (
    BetaSpread,
    CellCall,
    call_model,
    conclude,
    highest_missed,
)
from leukoscope_edge.counting.call_counts import count_calls
from leukoscope_edge.outcome import Verdict
from leukoscope_edge.types import CallName, Reading

NO_FALSE_CALLS = BetaSpread(alpha=1.0, beta=1e4)

BLAST = CellCall(model=CallName.BLAST, person=None)
NORMAL = CellCall(model=CallName.NORMAL, person=None)
UNCLEAR = CellCall(model=CallName.UNCLEAR, person=None)
READ_BLAST = CellCall(model=CallName.BLAST, person=Reading.NORMAL)
READ_NORMAL = CellCall(model=CallName.NORMAL, person=Reading.NORMAL)
READ_UNCLEAR = CellCall(model=CallName.UNCLEAR, person=Reading.NORMAL)
DIRT = CellCall(model=CallName.UNCLEAR, person=Reading.NOT_A_CELL)


@pytest.mark.parametrize(
    ("calls", "is_all_read", "is_every_suspect_read"),
    [
        ([], False, True),
        ([DIRT], False, True),
        ([READ_NORMAL], True, True),
        ([READ_NORMAL, DIRT], True, True),
        ([NORMAL], False, True),
        ([READ_NORMAL, NORMAL], False, True),
        ([READ_BLAST, READ_UNCLEAR, NORMAL], False, True),
        ([READ_BLAST, UNCLEAR], False, False),
        ([READ_UNCLEAR, BLAST], False, False),
        ([BLAST, UNCLEAR], False, False),
    ],
)
def test_all_and_every_suspect_are_read_where_a_person_has_read_them(
    calls: list[CellCall], is_all_read: bool, is_every_suspect_read: bool
) -> None:
    counts = count_calls(calls)
    assert counts.is_all_read is is_all_read
    assert counts.is_every_suspect_read is is_every_suspect_read


def test_every_cell_is_counted_by_the_last_word_on_it() -> None:
    left = CellCall(model=CallName.NORMAL, person=Reading.UNCLEAR)
    found = CellCall(model=CallName.NORMAL, person=Reading.BLAST)
    strange = CellCall(model=CallName.UNCLEAR, person=None, is_unlike=True)
    counts = count_calls([BLAST, NORMAL, strange, left, found, DIRT])
    assert (counts.n_listed, counts.n_counted, counts.n_cells) == (6, 5, 3)
    assert (counts.n_model_unclear, counts.n_unlike) == (2, 1)
    assert (counts.n_unclear, counts.n_unclear_unread) == (2, 1)
    assert (counts.n_blast, counts.n_confirmed) == (2, 1)
    assert counts.n_read == 2
    assert (counts.n_unread, counts.n_unread_blast) == (2, 1)


@pytest.mark.parametrize(
    ("calls", "id_", "p"),
    [
        (cells(normal=300), "none", highest_missed(GOOD.model, 0, 300)),
        (
            cells(normal=297, blast=3) + cells(normal=5, read_as=Reading.NORMAL),
            "none",
            highest_missed(GOOD.model, 3, 300),
        ),
        (
            cells(normal=300) + cells(normal=5, read_as=Reading.NORMAL),
            "none-reviewed",
            highest_missed(call_model(GOOD.model.true_calls, NO_FALSE_CALLS), 0, 305),
        ),
    ],
)
def test_a_negative_rests_on_people_once_they_read_a_cell_and_every_suspect(
    calls: list[CellCall], id_: str, p: float
) -> None:
    found = conclude(calls, IN_ORDER)
    assert isinstance(found, Verdict)
    assert found.messages[0].id == id_
    assert dict(found.messages[0].params)["p"] == f"{100 * p:.1f}"
