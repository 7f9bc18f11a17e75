from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.bench import make_set_up

from leukoscope_edge.records import Store
from leukoscope_edge.records.retention import (
    MAX_STEP,
    Retention,
    _Time,
    apply_retention,
)


def after(days: float) -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=days)


@pytest.mark.parametrize(("days", "n_erased"), [(29.9, 0), (30.1, 2)])
def test_identities_go_after_their_time_and_not_before(
    bench: Any, days: float, n_erased: int
) -> None:
    slides = [bench.signed(), bench.counted()]
    rule = Retention(identities_days=30, pictures_days=None)
    done = apply_retention(bench.store, rule, after(days), "device")
    assert len(done) == n_erased
    assert [bench.store.reader.identity(s) is None for s in slides] == [
        n_erased == 2
    ] * 2
    assert bench.store.verify_audit() == []


def test_pictures_of_signed_slides_alone_are_taken_away(bench: Any) -> None:
    signed, counting = bench.signed(), bench.counted()
    rule = Retention(identities_days=None, pictures_days=30)
    done = apply_retention(bench.store, rule, after(31), "device")
    assert done == [f"slide {signed}: pictures taken away"]
    assert not (bench.folder / "pictures" / signed).exists()
    assert {c.record.id for c in bench.store.reader.archived_cells()} == {counting}
    assert bench.store.verify_audit() == []
    assert apply_retention(bench.store, rule, after(31), "device") == []


def test_the_default_keeps_everything(bench: Any) -> None:
    bench.signed()
    rule = Retention(identities_days=None, pictures_days=None)
    assert apply_retention(bench.store, rule, after(300), "device") == []


@pytest.mark.parametrize(
    ("step", "is_counted"),
    [
        (MAX_STEP, True),
        (-MAX_STEP, True),
        (MAX_STEP + timedelta.resolution, False),
        (-MAX_STEP - timedelta.resolution, False),
    ],
)
def test_a_step_of_the_clock_counts_up_to_the_longest(
    step: timedelta, *, is_counted: bool
) -> None:
    time, start = _Time(), datetime(2026, 11, 29, tzinfo=timezone.utc)
    assert time.pass_to(start)
    assert time.pass_to(start + step) is is_counted


class Clock:
    """A device's clock that somebody sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


def store_of(tmp_path: Path, clock: Clock) -> Store:
    return Store(tmp_path / "dated", now=clock)


@pytest.mark.parametrize("days", [-9000, -1, 46, 9000])
def test_a_wrong_clock_erases_nothing_and_stops_nothing(
    bench: Any, days: float
) -> None:
    slide = bench.signed()
    rule = Retention(identities_days=1, pictures_days=1)
    done = apply_retention(bench.store, rule, after(days), "device")
    assert bench.store.reader.identity(slide) is not None
    is_told = abs(days) > MAX_STEP.days
    assert [("not counted" in line) for line in done] == [True] * is_told


@pytest.mark.parametrize("year", [2027, 2037, 2106])
def test_a_mistyped_year_makes_no_slide_older_or_younger(
    tmp_path: Path, year: int
) -> None:
    clock, rule = Clock(), Retention(identities_days=30, pictures_days=None)
    with store_of(tmp_path, clock) as store:
        last_week = store.start_slide(make_set_up(), "ann")
        clock.now += timedelta(days=7)
        right, clock.now = clock.now, clock.now.replace(year=year)
        mistyped = store.start_slide(make_set_up(), "ann")
        apply_retention(store, rule, clock.now, "device")  # that night
        assert store.reader.identity(last_week) is not None
        clock.now = right + timedelta(days=1)
        later = store.start_slide(make_set_up(), "ann")
        for _ in range(31):
            apply_retention(store, rule, clock.now, "device")
            clock.now += timedelta(days=1)
        slides = [last_week, mistyped, later]
        assert [s for s in slides if not store.reader.identity(s)] == [last_week]
        apply_retention(store, rule, clock.now, "device")
        assert [s for s in slides if not store.reader.identity(s)] == slides


def test_a_retention_of_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 day"):
        Retention(identities_days=0, pictures_days=None)
