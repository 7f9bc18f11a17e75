"""What single frames bear witness of, put together."""

from dataclasses import replace

import pytest
from tests.simulated import first_frames

from leukoscope_edge.counting import gather, together
from leukoscope_edge.counting.gathered import (
    MEASURED_AT_ONCE,
    MEASURED_EVERY,
    Bearing,
    bearing_of,
    is_asked,
    is_measured,
)
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.vision import FrameColours
from leukoscope_edge.vision.scale import FrameScale, FrameSizes, measure_sizes

SIZES = FrameSizes(red_px=(75.006, 75.006), nuclei_px=(), body_um_per_px=None)
(FRAME,) = first_frames(1)


def asked(*, speaks: bool = True) -> Bearing:
    return bearing_of(FRAME, measures=False, sizes=SIZES, speaks=speaks)


def test_every_frame_that_is_measured_is_asked_and_later_ones_now_and_then() -> None:
    assert all(is_asked(n) for n in range(1000) if is_measured(n))
    first = MEASURED_AT_ONCE + 100 * MEASURED_EVERY
    late = [n for n in range(first, first + 25) if is_asked(n)]
    assert late == [first, first + MEASURED_EVERY, first + 2 * MEASURED_EVERY]


def test_a_frame_that_is_not_asked_says_nothing_alone() -> None:
    assert asked(speaks=False).frame_scale is None
    assert bearing_of(FRAME, measures=False, sizes=SIZES).frame_scale is None
    said = asked().frame_scale
    assert said is not None
    assert said.n == 2


@pytest.mark.parametrize(("status", "n"), [("screened", 1), ("refused", 0)])
def test_what_judged_frames_say_alone_is_kept_short(status: str, n: int) -> None:
    report = ImageReport(name="a", status=status)  # type: ignore[arg-type]
    one = gather(report, asked(), 0)
    assert one.frame_scales == (FrameScale("red cells", 75.01, 2),) * n
    assert len(together(one, replace(one)).frame_scales) == 2 * n


def test_cells_are_measured_once_and_only_where_asked() -> None:
    assert bearing_of(FRAME, measures=True, sizes=SIZES).sizes == SIZES
    assert bearing_of(FRAME, measures=True).sizes == measure_sizes(FRAME.pixels)
    unasked = bearing_of(FRAME, measures=False, speaks=True)
    assert (unasked.sizes, unasked.frame_scale) == (None, None)


EXACT, KEPT = (0.12345, 0.2, 0.30049), (0.123, 0.2, 0.3)


@pytest.mark.parametrize(
    ("density", "negative", "kept"),
    [
        (None, None, (None, None)),
        (EXACT, None, (KEPT, None)),
        (None, EXACT, (None, KEPT)),
    ],
)
def test_colours_are_kept_to_the_last_bit_that_is_judged(
    density: tuple[float, float, float] | None,
    negative: tuple[float, float, float] | None,
    kept: tuple[object, object],
) -> None:
    colours = FrameColours(
        mode=200.00049, above=3.1, below=4.12351, density=density, negative=negative
    )
    report = ImageReport(name="a", status="screened")
    [found] = gather(report, replace(asked(), colours=colours), 0).colours.values()
    assert (found.mode, found.above, found.below) == (200.0, 3.1, 4.124)
    assert (found.density, found.negative) == kept


@pytest.mark.parametrize(("status", "n"), [("screened", 1), ("refused", 0)])
def test_what_was_not_judged_says_nothing_of_the_scale_of_the_slide(
    status: str, n: int
) -> None:
    report = ImageReport(name="a", status=status)  # type: ignore[arg-type]
    bearing = bearing_of(FRAME, measures=True, sizes=SIZES)
    assert len(gather(report, bearing, 0).sizes) == n
