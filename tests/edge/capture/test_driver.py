"""Time on the clock that counts sleep, told on the clock that does not."""

import time

import pytest

from leukoscope_edge.capture.driver import awake_s


@pytest.mark.parametrize(
    ("since_boot_s", "asleep_s", "expected"),
    [(0.0, 0.0, 0.0), (5.0, 0.0, 5.0), (3605.0, 3600.0, 5.0), (5.0, 5.0, 0.0)],
)
def test_an_hour_with_the_lid_closed_does_not_count(
    since_boot_s: float, asleep_s: float, expected: float
) -> None:
    assert awake_s(since_boot_s, asleep_s) == expected


def test_this_machine_is_asked_how_long_it_slept() -> None:
    before_s = time.monotonic()
    now_s = awake_s(time.clock_gettime(time.CLOCK_BOOTTIME))
    # Two clocks are read one after the other, on a machine that may do other things.
    assert before_s - 60 < now_s < time.monotonic() + 60
