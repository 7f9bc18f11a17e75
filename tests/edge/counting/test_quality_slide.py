import pytest

from leukoscope_edge.counting import binomial_interval
from leukoscope_edge.counting.quality_slide import QualityDay, quality_trend


def day(n_located: int, n_present: int = 100) -> QualityDay:
    return QualityDay(day="2026-01-01", n_present=n_present, n_located=n_located)


@pytest.mark.parametrize(
    ("n_located", "passed"), [(0, False), (89, False), (90, True), (100, True)]
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


@pytest.mark.parametrize(
    ("today", "is_drifting"), [(100, False), (99, False), (97, False), (90, True)]
)
def test_after_days_without_a_miss_one_missed_cell_is_no_fall(
    today: int, is_drifting: bool
) -> None:
    found = quality_trend([day(n) for n in (100, 100, 100, 100, today)])
    assert found is not None
    assert found.is_drifting is is_drifting
    assert found.usual == 1.0


def test_there_is_no_trend_of_four_days() -> None:
    assert quality_trend([day(98)] * 4) is None


def test_a_days_fraction_has_its_interval() -> None:
    assert day(93).interval == binomial_interval(93, 100)
