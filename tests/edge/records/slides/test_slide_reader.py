"""The slides as they stand, found by number, by sample, and by what is left to do."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.bench import make_set_up
from tests.edge.records.tampering import tamper

from leukoscope_edge.errors import RecordError, StepError
from leukoscope_edge.records import CriticalCall, Store
from leukoscope_edge.records.slides import Action, SlideState


def test_a_finished_slide_is_not_unfinished(bench: Any) -> None:
    bench.finished()
    assert bench.store.reader.unfinished() == []


def test_an_unknown_slide_is_refused_by_name(bench: Any) -> None:
    with pytest.raises(StepError, match="no slide 0007"):
        bench.store.reader.slide("0007")
    with pytest.raises(StepError, match="no slide 0007"):
        bench.store.count.resume("0007", "ann")


def test_slides_of_one_sample_are_found_by_its_label(bench: Any) -> None:
    first, other = bench.counted(sample="A"), bench.counted(sample="B")
    second = bench.counted(sample="A")
    assert bench.store.worklist.slides_of("A") == [first, second]
    assert bench.store.worklist.slides_of("B") == [other]
    assert bench.store.worklist.slides_of("C") == []
    assert [r.id for r in bench.store.reader.slides(limit=2)] == [second, other]


@pytest.mark.parametrize(
    "clock",
    [
        datetime(1970, 1, 1, tzinfo=timezone.utc),
        datetime(2050, 1, 1, tzinfo=timezone.utc),
    ],
)
def test_order_is_by_number_whatever_the_clock_says(
    tmp_path: Path, clock: datetime
) -> None:
    times = iter([clock.replace(year=2026), clock])
    with Store(tmp_path / "r", now=lambda: next(times, clock)) as store:
        slides = [store.start_slide(make_set_up(), "ann") for _ in range(3)]
        assert [r.id for r in store.reader.slides()] == slides[::-1]
        assert store.verify_audit() == []


def test_where_there_are_none_nothing_is_read(bench: Any) -> None:
    reader = bench.store.reader
    assert reader.find("0001") is None
    assert reader.find("") is None
    assert list(reader.every_slide()) == list(reader.archived_cells()) == []
    assert (reader.last_slide(), reader.slides_by_model()) == (0, {})


def test_a_slide_is_read_as_it_stood_after_an_event(bench: Any) -> None:
    slide = bench.signed()
    reader = bench.store.reader
    first = reader.events(slide)[0].seq
    assert reader.slide_at(slide, first).state is SlideState.NEW
    assert reader.slide_at(slide, first).cells == ()
    assert reader.slide_at(slide, 10**9) == reader.slide(slide)


def test_what_may_not_be_done_is_refused_also_for_the_lens(bench: Any) -> None:
    slide, reader = bench.counted(), bench.store.reader
    assert reader.require(slide, Action.VOID).id == slide
    with pytest.raises(StepError, match="cannot void while it is counting"):
        reader.require(slide, Action.VOID, "counting")
    with pytest.raises(StepError, match="cannot sign"):
        reader.require(slide, Action.SIGN)


def test_slides_come_from_either_end(bench: Any) -> None:
    slides = [bench.counted(n=1) for _ in range(3)]
    reader = bench.store.reader
    assert [r.id for r in reader.every_slide(oldest_first=True)] == slides
    assert [r.id for r in reader.every_slide()] == slides[::-1]
    assert reader.last_slide() == int(slides[-1])


def test_a_slide_that_was_never_signed_has_no_outcome_to_take_back(bench: Any) -> None:
    reader = bench.store.reader
    signed, other, voided = bench.signed(), bench.reviewed(), bench.signed()
    head = bench.store.log.head().seq
    bench.store.review.void(other, "torn", "ann")
    assert [s for s, _ in reader.outcomes_after(0)] == [signed, voided]
    bench.store.review.amend(voided, "torn", "ann")
    bench.store.review.void(voided, "torn", "ann")
    [(slide, seq)] = reader.outcomes_after(head)
    assert (slide, seq) == (voided, bench.store.log.head().seq)
    assert reader.outcomes_after(seq) == []


def test_slides_are_found_by_the_model_that_judged_them(bench: Any) -> None:
    slides = [bench.counted(n=1), bench.finished()]
    by_model = bench.store.reader.slides_by_model()
    assert by_model == {("red-test", "cd" * 32): slides}


def test_whom_a_result_was_told_to_is_gone_after_an_erasure(bench: Any) -> None:
    slide, store = bench.signed(), bench.store
    at = "2026-11-30T08:00:00+00:00"
    call = CriticalCall(who="Dr. Eve", how="telephone", told_at=at, is_read_back=True)
    store.review.tell(slide, call, "ann", key="t" * 8)
    assert store.reader.told_to(store.reader.slide(slide)) == ("Dr. Eve",)
    store.erase(slide, "request", "ann")
    assert store.reader.told_to(store.reader.slide(slide)) == ("",)


def test_a_damaged_slide_hides_no_other_and_is_named(bench: Any) -> None:
    damaged, sound = bench.finished(), bench.counted(n=1)
    tamper(bench.folder, f"UPDATE event SET by = 'eve' WHERE slide = '{damaged}'")
    reader = bench.reopen().reader
    with pytest.raises(RecordError, match="was changed"):
        reader.slide(damaged)
    assert [r.id for r in reader.every_slide()] == [sound]
    assert reader.readable(damaged) is None
    assert list(reader.damaged) == [damaged]
