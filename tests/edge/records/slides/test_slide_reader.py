"""The slides as they stand, found by number, by sample, and by what is left to do."""

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from leukoscope_edge.errors import StepError
from leukoscope_edge.records.slides.slide import SlideSetUp
from leukoscope_edge.records.store import Store


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
    tmp_path: Path, make_set_up: Callable[..., SlideSetUp], clock: datetime
) -> None:
    times = iter([clock.replace(year=2026), clock])
    with Store(tmp_path / "r", now=lambda: next(times, clock)) as store:
        slides = [store.start_slide(make_set_up(), "ann") for _ in range(3)]
        assert [r.id for r in store.reader.slides()] == slides[::-1]
        assert store.verify_audit() == []
