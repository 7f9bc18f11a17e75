from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import time_machine
from tests.edge.updates.outcomes import MakeDevice

from leukoscope_edge.updates import (
    UpdateContext,
    active_bundle,
    banners,
    install,
    state,
)
from leukoscope_edge.updates.clock import (
    FAR_AHEAD,
    ClockQuality,
    assess,
    at_midnight,
    raised,
)
from leukoscope_edge.updates.clock import banners as lines

FLOOR = datetime(2026, 12, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "quality"),
    [
        (datetime(1970, 1, 1, tzinfo=timezone.utc), ClockQuality.BEHIND),
        (FLOOR - SECOND, ClockQuality.BEHIND),
        (FLOOR, ClockQuality.TRUSTED),
        (FLOOR + FAR_AHEAD, ClockQuality.TRUSTED),
        (FLOOR + FAR_AHEAD + SECOND, ClockQuality.AHEAD),
        (datetime(2050, 1, 1, tzinfo=timezone.utc), ClockQuality.AHEAD),
    ],
)
def test_a_clock_is_judged_by_what_is_known(
    now: datetime, quality: ClockQuality
) -> None:
    assert assess(now, FLOOR) is quality
    is_believed = quality is ClockQuality.TRUSTED
    assert raised(FLOOR, now) == (now if is_believed else FLOOR)


def test_a_wrong_clock_is_w01_and_a_passed_review_date_a_banner() -> None:
    assert lines(FLOOR, FLOOR, None) == ()
    (line,) = lines(FLOOR - SECOND, FLOOR, "2020-01-01")
    assert line.said().startswith("W01")
    (line,) = lines(FLOOR + SECOND, FLOOR, "2026-12-01")
    assert "ask for an update" in line.said()
    assert lines(FLOOR, FLOOR, "2026-12-01") == ()


@pytest.mark.parametrize("year", [1970, 2000, 2038, 2050, 2100])
def test_no_clock_stops_an_installed_model(
    device: UpdateContext, publisher: Any, year: int
) -> None:
    install(device, publisher.release(1).stick)
    with time_machine.travel(datetime(year, 1, 2, tzinfo=timezone.utc)):
        assert active_bundle(device.data, "real") is not None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("1970-01-01", "2026-12-01"),  # the release's own date is known to have passed
        ("2027-06-01", "2027-06-01"),
        ("2050-01-01", "2026-12-01"),  # not believed, hence not written down
    ],
)
def test_an_update_raises_the_floor_of_time_no_further_than_is_believed(
    make_device: MakeDevice, publisher: Any, now: str, expected: str
) -> None:
    device = make_device(now=lambda: at_midnight(now))
    install(device, publisher.release(1).stick)
    assert state.load(device.models).time_floor.startswith(expected)


def test_the_page_says_what_is_stale(make_device: MakeDevice, publisher: Any) -> None:
    stick = publisher.release(1, review_by="2027-03-01").stick
    device = make_device(now=lambda: at_midnight("2027-02-01"))
    install(device, stick)
    assert banners(device) == ()
    later = make_device(now=lambda: at_midnight("2027-04-01"))
    (line,) = banners(later)
    assert "2027-03-01" in line.said()
