from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records.retention import Retention, apply_retention


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
    assert [bench.store.identity(s) is None for s in slides] == [n_erased == 2] * 2
    assert bench.store.verify_audit() == []


def test_pictures_of_signed_slides_alone_are_taken_away(bench: Any) -> None:
    signed, counting = bench.signed(), bench.counted()
    rule = Retention(identities_days=None, pictures_days=30)
    done = apply_retention(bench.store, rule, after(31), "device")
    assert done == [f"slide {signed}: pictures taken away"]
    assert not (bench.folder / "pictures" / signed).exists()
    assert {c.record.id for c in bench.store.archived_cells()} == {counting}
    assert bench.store.verify_audit() == []
    assert apply_retention(bench.store, rule, after(31), "device") == []


def test_the_default_keeps_everything(bench: Any) -> None:
    bench.signed()
    rule = Retention(identities_days=None, pictures_days=None)
    assert apply_retention(bench.store, rule, after(300), "device") == []


@pytest.mark.parametrize("days", [-1, 9000])
def test_a_wrong_clock_erases_nothing(bench: Any, days: float) -> None:
    slide = bench.signed()
    rule = Retention(identities_days=1, pictures_days=1)
    with pytest.raises(RecordError, match="set the clock first"):
        apply_retention(bench.store, rule, after(days), "device")
    assert bench.store.identity(slide) is not None


def test_a_retention_of_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 day"):
        Retention(identities_days=0, pictures_days=None)
