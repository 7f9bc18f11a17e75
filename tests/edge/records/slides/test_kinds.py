"""The kinds of a slide's cells: who named them, what counts, and where it stands."""

from typing import Any

import pytest
from tests.edge.records.bench import COUNTS, VERDICT
from tests.edge.records.named_kinds import judge

from leukoscope_edge.counting import NAMED
from leukoscope_edge.errors import StepError
from leukoscope_edge.records.slides import is_first_look_over, left_for
from leukoscope_edge.records.slides.kinds import comparison, own_cells
from leukoscope_edge.types import CallName, Reading
from leukoscope_edge.web.forms import NamedKind


def test_the_page_names_the_kinds_that_the_differential_knows() -> None:
    assert set(NamedKind.__args__) == {"", *NAMED}  # type: ignore[attr-defined]


def test_the_kind_of_the_model_is_kept_and_read_again(bench: Any) -> None:
    slide = bench.of_kinds()
    kinds = [c.kind for c in bench.reopen().reader.slide(slide).cells]
    assert kinds == [k for k, n in COUNTS.items() for _ in range(n)]


def test_a_persons_kind_counts_before_the_models_and_says_who_and_when(
    bench: Any,
) -> None:
    slide = bench.of_kinds()
    judge(bench, slide, "1", "monocyte")
    cell = bench.store.reader.slide(slide).cells[0]
    assert (cell.kind, cell.named_kind, cell.final_kind) == (
        "neutrophil",
        "monocyte",
        "monocyte",
    )
    event = bench.store.reader.events(slide)[-1]
    assert (event.by, event.body["kind"]) == ("ann", "monocyte")
    assert event.at


def test_no_kind_takes_a_blast_away(bench: Any) -> None:
    slide = bench.of_kinds()
    bench.store.review.judge_cell(slide, "1", Reading.BLAST, "ann", key="a" * 8)
    assert bench.store.reader.slide(slide).cells[0].final_kind == "blast"
    with pytest.raises(StepError, match="only a normal cell has a kind"):
        bench.store.review.judge_cell(
            slide, "1", Reading.BLAST, "ann", key="b" * 8, kind="lymphocyte"
        )
    assert bench.store.reader.slide(slide).cells[0].final_kind == "blast"


def test_a_kind_named_by_a_person_and_taken_back_is_the_models_again(
    bench: Any,
) -> None:
    slide = bench.of_kinds()
    judge(bench, slide, "1", "monocyte")
    bench.store.review.undo(slide, "ann", key="u" * 8)
    assert bench.store.reader.slide(slide).cells[0].final_kind == "neutrophil"


def test_two_readers_read_halves_of_their_own_and_neither_sees_the_others(
    bench: Any,
) -> None:
    slide = bench.of_kinds(n_readers=2, n_differential=400)
    record = bench.store.reader.slide(slide)
    for person in ("ann", "eve"):
        for cell in left_for(bench.store.reader.slide(slide), person):
            judge(bench, slide, cell.id, cell.kind, by=person)
            assert comparison(bench.store.reader.slide(slide)) == () or person == "eve"
    record = bench.store.reader.slide(slide)
    first, second = (own_cells(record, p) for p in record.readers)
    assert not {c.id for c in first} & {c.id for c in second}
    assert len(first) + len(second) == sum(COUNTS.values())
    assert is_first_look_over(record)
    rows = comparison(record)
    assert sum(r.first.n for r in rows) + sum(r.second.n for r in rows) == 10
    assert own_cells(record, "third") == ()


def test_nobody_signs_before_both_have_read_their_halves(bench: Any) -> None:
    slide = bench.of_kinds(n_readers=2, n_differential=400)
    cells = bench.store.reader.slide(slide).cells
    for person in ("ann", "eve"):
        for cell in cells[:11]:
            judge(bench, slide, cell.id, cell.kind, by=person)
    record = bench.store.reader.slide(slide)
    assert record.n_others_left == 0
    assert any(left_for(record, p) for p in record.readers)
    with pytest.raises(StepError, match="1 cells are still to be judged"):
        bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="s" * 8)


def test_readers_who_name_other_kinds_leave_it_open_until_a_supervisor_settles_it(
    bench: Any,
) -> None:
    slide = bench.of_kinds(n_readers=2)
    judge(bench, slide, "1", "monocyte", by="ann")
    judge(bench, slide, "1", "lymphocyte", by="eve")
    cell = bench.store.reader.slide(slide).cells[0]
    assert cell.is_kind_disputed
    assert not cell.is_disputed
    assert cell.final_kind == ""
    assert bench.store.reader.slide(slide).kind_disputed == (cell,)
    bench.store.review.settle_cell(
        slide, "1", Reading.NORMAL, "sue", key="t" * 8, kind="monocyte"
    )
    assert bench.store.reader.slide(slide).cells[0].final_kind == "monocyte"
    assert bench.store.reader.slide(slide).kind_disputed == ()


def test_a_cell_that_only_people_know_has_the_kind_that_they_name(bench: Any) -> None:
    slide = bench.finished()
    assert bench.store.reader.slide(slide).cells[0].call is CallName.BLAST
    assert bench.store.reader.slide(slide).cells[0].final_kind == "blast"
    assert bench.store.reader.slide(slide).cells[3].final_kind == ""
