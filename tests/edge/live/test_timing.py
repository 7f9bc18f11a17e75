"""How fast the count goes: frames a second, and a running mean of each stage."""

import pytest
from tests.waiting import Clock

from leukoscope_edge.live.timing import N_FRAMES, PAUSE_S, FrameTimer


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_before_the_second_frame_there_is_no_rate(clock: Clock) -> None:
    timer = FrameTimer(clock)
    assert timer.facts() == {"frames_per_s": None, "stages_ms": {}}
    timer.count()
    assert timer.facts()["frames_per_s"] is None


def test_the_rate_is_that_of_the_last_frames(clock: Clock) -> None:
    timer = FrameTimer(clock)
    for interval_s in [9.0] * 3 + [0.25] * N_FRAMES:
        clock.now_s += interval_s
        timer.count()
    assert timer.facts()["frames_per_s"] == 4.0


@pytest.mark.parametrize(("later_s", "rate"), [(PAUSE_S, 4.0), (PAUSE_S + 0.01, None)])
def test_after_a_pause_there_is_no_rate_any_more(
    clock: Clock, later_s: float, rate: float | None
) -> None:
    timer = FrameTimer(clock)
    for _ in range(3):
        clock.now_s += 0.25
        timer.count()
    clock.now_s += later_s
    assert timer.facts()["frames_per_s"] == rate


def test_a_stage_is_told_as_a_running_mean_of_milliseconds(clock: Clock) -> None:
    timer = FrameTimer(clock)
    with timer.stage("look"):
        clock.now_s += 0.02
    assert timer.facts()["stages_ms"] == {"look": 20.0}
    timer.note("look", 0.04)
    timer.note("keep", 0.001)
    assert timer.facts()["stages_ms"] == {"look": 22.0, "keep": 1.0}
