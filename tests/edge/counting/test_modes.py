from dataclasses import replace

import pytest

from leukoscope_edge.counting.modes import QualityDay, heed_passively, quality_trend
from leukoscope_edge.types import (
    Interval,
    Refusal,
    StopState,
    Verdict,
    VerdictName,
)

ABOVE = StopState(look=50, next_look=100, keep_going=False, advice="", claim="above")
OPEN = StopState(look=50, next_look=100, keep_going=True, advice="")
FEW = Verdict(
    name=VerdictName.FEW,
    sentence="Few blast-like cells seen.",
    n_cells=60,
    n_blast=9,
    n_unclear=1,
    interval=Interval(low=0.07, high=0.27),
    stop=OPEN,
)


def test_a_watch_never_gives_a_negative() -> None:
    negative = replace(FEW, name=VerdictName.NONE)
    found = heed_passively(negative, is_over=True)
    assert isinstance(found, Refusal)
    assert (found.n_cells, found.n_blast, found.n_unclear) == (60, 9, 1)


@pytest.mark.parametrize(
    ("stop", "is_over", "speaks"),
    [(OPEN, False, False), (ABOVE, False, True), (OPEN, True, True)],
)
def test_a_watch_speaks_at_looks_and_at_the_end(
    stop: StopState, is_over: bool, speaks: bool
) -> None:
    found = heed_passively(replace(FEW, stop=stop), is_over=is_over)
    assert isinstance(found, Verdict) is speaks


def test_a_watch_that_saw_too_little_says_nothing() -> None:
    found = heed_passively(Refusal(reason="no white cell was seen"), is_over=True)
    assert "passive watch" in found.sentence


def day(n_located: int, n_present: int = 100) -> QualityDay:
    return QualityDay(day="2026-01-01", n_present=n_present, n_located=n_located)


@pytest.mark.parametrize(
    ("n_located", "passed"), [(89, False), (90, True), (100, True)]
)
def test_the_quality_slide_needs_nine_cells_in_ten(
    n_located: int, passed: bool
) -> None:
    assert day(n_located).is_passed is passed


@pytest.mark.parametrize(("located", "present"), [(5, 4), (-1, 4), (0, 0)])
def test_an_impossible_quality_day_is_refused(located: int, present: int) -> None:
    with pytest.raises(ValueError, match="2026-01-01"):
        day(located, present)


@pytest.mark.parametrize(
    ("located", "is_drifting"),
    [
        ([98, 97, 99, 98, 97], False),
        ([98, 97, 99, 98, 90], True),
        ([98, 97, 99, 94, 94], True),
        ([98, 97, 99, 94, 98], False),
    ],
)
def test_the_trend_shows_a_fall(located: list[int], is_drifting: bool) -> None:
    found = quality_trend([day(n) for n in located])
    assert found is not None
    assert found.is_drifting is is_drifting
    assert found.usual == pytest.approx(0.98)


def test_there_is_no_trend_of_four_days() -> None:
    assert quality_trend([day(98)] * 4) is None
