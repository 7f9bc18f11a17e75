"""The cells that people judge first, and whether they have."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.edge.records.bench import VERDICT, make_cell

from leukoscope_edge.records.slides import (
    MIN_OTHERS_REVIEWED,
    CellRecord,
    MissedCell,
    SlideRecord,
)
from leukoscope_edge.records.slides.first_look import (
    blind_place,
    first_pass,
    is_first_look_over,
    left_for,
    pass_of,
)
from leukoscope_edge.types import CallName, Reading, Tally

N_SUSPECTS = 5


@pytest.fixture
def finished(bench: Any) -> Callable[..., str]:
    """A finished slide of some suspects and others, the suspects first."""

    def make(n_suspects: int, n_others: int, **changes: Any) -> str:
        slide: str = bench.counted(n=0, **changes)
        names = [CallName.BLAST] * n_suspects + [CallName.NORMAL] * n_others
        cells = [make_cell(i, name) for i, name in enumerate(names, start=1)]
        if cells:
            bench.store.count.add_cells(slide, cells, frames={})
        bench.store.count.finish_count(slide, VERDICT, "ann", tally=Tally())
        return slide

    return make


def read(bench: Any, slide: str, cells: list[CellRecord], by: str) -> SlideRecord:
    for cell in cells:
        key = f"{slide}-{cell.id}-{by}"
        bench.store.review.judge_cell(slide, cell.id, Reading.NORMAL, by, key=key)
    record: SlideRecord = bench.store.reader.slide(slide)
    return record


def test_without_a_cell_there_is_nothing_to_look_at(
    bench: Any, finished: Callable[..., str]
) -> None:
    record = bench.store.reader.slide(finished(0, 0))
    assert first_pass(record) == []
    assert left_for(record, "ann") == []
    assert is_first_look_over(record)


@pytest.mark.parametrize("n_others", [MIN_OTHERS_REVIEWED - 1, MIN_OTHERS_REVIEWED, 30])
def test_it_holds_every_suspect_and_some_others(
    bench: Any, finished: Callable[..., str], n_others: int
) -> None:
    record = bench.store.reader.slide(finished(N_SUSPECTS, n_others))
    shown = first_pass(record)
    assert sum(c.is_suspect for c in shown) == N_SUSPECTS
    assert len(shown) == N_SUSPECTS + min(n_others, MIN_OTHERS_REVIEWED)


def test_its_order_stays_and_does_not_begin_with_the_suspects(
    bench: Any, finished: Callable[..., str]
) -> None:
    slide = finished(N_SUSPECTS, 30)
    record = bench.store.reader.slide(slide)
    shown = first_pass(record)
    places = [blind_place(f"{slide} pass", c.id) for c in shown]
    assert places == sorted(places)
    assert [c.is_suspect for c in shown[:N_SUSPECTS]] != [True] * N_SUSPECTS
    after = read(bench, slide, shown[:3], "ann")
    assert [c.id for c in first_pass(after)] == [c.id for c in shown]


def test_cells_that_an_edge_cut_off_are_not_asked_of_anybody(bench: Any) -> None:
    slide = bench.counted(n=1)
    bench.store.count.add_cells(
        slide, [make_cell(9, CallName.BLAST)], frames={}, is_counted=False
    )
    bench.store.count.finish_count(slide, VERDICT, "ann", tally=Tally())
    assert [c.id for c in first_pass(bench.store.reader.slide(slide))] == ["1"]


def test_a_cell_that_somebody_added_is_judged_like_a_suspect(bench: Any) -> None:
    view = np.zeros((8, 8, 3), np.uint8)
    missed = MissedCell(
        frame="f1", frame_sha256="", box_px=(0, 0, 9, 9), slide_px=(4.0, 4.0), view=view
    )
    slide = bench.finished()
    bench.store.review.add_missed(slide, missed, "ann", key="m")
    assert "m1" in [c.id for c in left_for(bench.store.reader.slide(slide), "eve")]


def test_one_reader_has_left_what_nobody_has_read(
    bench: Any, finished: Callable[..., str]
) -> None:
    slide = finished(2, 1)
    shown = first_pass(bench.store.reader.slide(slide))
    record = read(bench, slide, shown[:1], "ann")
    assert [c.id for c in left_for(record, "eve")] == [c.id for c in shown[1:]]
    assert not is_first_look_over(record)
    assert is_first_look_over(read(bench, slide, shown[1:], "eve"))


def test_two_readers_each_read_all_and_a_third_nothing(
    bench: Any, finished: Callable[..., str]
) -> None:
    slide = finished(2, 1, n_readers=2)
    shown = pass_of(bench.store.reader.slide(slide), "ann")
    record = read(bench, slide, shown, "ann")
    assert left_for(record, "ann") == []
    assert len(left_for(record, "eve")) == 3
    assert not is_first_look_over(record)
    record = read(bench, slide, shown[:1], "eve")
    assert left_for(record, "third") == []
    assert is_first_look_over(read(bench, slide, shown[1:], "eve"))


def test_nothing_is_over_while_it_is_counted(bench: Any) -> None:
    assert not is_first_look_over(bench.store.reader.slide(bench.counted(n=0)))
