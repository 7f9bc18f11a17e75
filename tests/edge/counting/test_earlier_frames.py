"""What the frames before one decide about it."""

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.counting.earlier_frames import (
    GUIDANCE,
    MIN_PROVEN,
    N_AGREEING,
    OTHER_OBJECTIVE,
    EarlierFrames,
    told_apart,
)
from leukoscope_edge.counting.gathered import MEASURED_AT_ONCE, is_measured
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import Message, message
from leukoscope_edge.types import Fault, Frame
from leukoscope_edge.vision import TrackingState
from leukoscope_edge.vision.scale import FrameScale


def frame(name: str, seed: int, *, height_px: int = 60, width_px: int = 80) -> Frame:
    random = np.random.default_rng(seed)
    shape = (height_px, width_px, 3)
    return Frame(name=name, pixels=random.integers(0, 255, shape, np.uint8), time_s=0.0)


def fields(scale_um_per_px: float | None = 0.1) -> EarlierFrames:
    return EarlierFrames(scale_um_per_px, is_sequence=False, first_island=0)


def test_a_fault_has_no_place_and_is_no_copy() -> None:
    turn = fields().turn(Fault(name="f0", reason="cannot be read"))
    assert (turn.place, turn.copy_of, turn.scale_um_per_px) == (None, "", None)
    assert [turn.measures, turn.speaks, turn.is_off_scale] == [False] * 3


def test_a_field_that_came_before_is_a_copy_of_it() -> None:
    earlier = fields()
    turns = [earlier.turn(frame(f"{i}.png", seed)) for i, seed in enumerate((1, 2, 1))]
    assert [t.copy_of for t in turns] == ["", "", "0.png"]
    assert [t.place for t in turns] == [None] * 3
    assert [t.speaks for t in turns] == [True, True, False]
    assert [t.sizes is not None for t in turns] == [True, True, False]


def test_a_field_from_before_an_interruption_is_known_again_and_measures_nothing() -> (
    None
):
    earlier = fields()
    earlier.pass_over(frame("0.png", 1))
    earlier.pass_over(Fault(name="1.png", reason="cannot be read"))
    turns = [earlier.turn(frame(f"{i}.png", seed)) for i, seed in ((2, 1), (3, 2))]
    assert [t.copy_of for t in turns] == ["0.png", ""]
    assert [t.measures for t in turns] == [True, True]


def test_a_given_scale_holds_for_every_frame() -> None:
    earlier = fields(0.25)
    first = earlier.turn(frame("a", 1))
    assert (first.scale_um_per_px, first.is_scale_given) == (0.25, True)
    assert earlier.turn(frame("b", 2)).measures


def test_where_no_cell_says_a_scale_none_is_known() -> None:
    turn = fields(None).turn(frame("a", 1))
    assert turn.scale_um_per_px is None
    assert not turn.measures


def test_what_the_cells_say_of_the_scale_is_kept_where_none_was_given() -> None:
    earlier, given = fields(None), fields(0.1)
    pixels = camera_on("simulated:seed=2,cells=30").render(0)
    shown = Frame(name="a", pixels=pixels, time_s=0.0)
    turn = earlier.turn(shown)
    given.turn(shown)
    said = earlier.scale_estimate()
    assert said is not None
    assert said.um_per_px == turn.scale_um_per_px
    assert not turn.is_scale_given
    assert 0 < (said.low or 0) < (said.um_per_px or 0) < (said.high or 0)
    assert given.scale_estimate() is None


def test_a_sequence_takes_one_size_and_fields_take_all() -> None:
    sequence = EarlierFrames(0.1, is_sequence=True, first_island=3)
    place = sequence.turn(frame("a", 1)).place
    assert place is not None
    assert place.island == 3
    with pytest.raises(SourceError, match=r"84 x 60 pixels.*80 x 60"):
        sequence.turn(frame("b", 1, width_px=84))
    other = fields()
    other.turn(frame("a", 1))
    assert other.turn(frame("b", 2, width_px=84)).copy_of == ""


def test_the_frames_whose_cells_are_measured_are_counted_from_the_first() -> None:
    earlier = fields()
    numbers = range(MEASURED_AT_ONCE + 2)
    turns = [earlier.turn(frame(f"{i}.png", i)) for i in numbers]
    assert [t.measures for t in turns] == [is_measured(i) for i in numbers]
    assert [t.sizes is not None for t in turns] == [is_measured(i) for i in numbers]
    assert not all(t.measures for t in turns)


def drawn(number: int, factor: float = 1.0, across: float = 0.0) -> Frame:
    """A field of the simulated slide, magnified and moved by part of itself."""
    pixels = camera_on(f"simulated:seed={number},cells=30").render(0)
    height, width = (int(side / factor) for side in pixels.shape[:2])
    left = int(across * width)
    part = pixels[:height, left : left + width]
    shown = cv2.resize(part, pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
    return Frame(name=str(number), pixels=np.asarray(shown, np.uint8), time_s=0.0)


def speaks(earlier: EarlierFrames, shown: Frame, *, is_judged: bool = True) -> bool:
    """Say whether a frame is asked, and have it heard where it is judged."""
    turn = earlier.turn(shown)
    earlier.listen(turn, None if is_judged else message("test"))
    return turn.speaks


@pytest.mark.parametrize("is_judged", [True, False])
def test_after_a_frame_that_contradicts_every_one_is_asked_until_some_agree(
    *, is_judged: bool
) -> None:
    earlier = fields(0.1)
    for number in range(MEASURED_AT_ONCE):
        assert speaks(earlier, frame(f"{number}.png", number))
    speaks(earlier, frame("one in ten", 50))
    assert not speaks(earlier, frame("not asked", 51))
    for number in range(8):
        speaks(earlier, frame(f"more {number}", 60 + number))
    assert speaks(earlier, drawn(1, 1.8), is_judged=is_judged)
    later = [speaks(earlier, drawn(number)) for number in range(2, 9)]
    assert later == [is_judged] * N_AGREEING + [False] * 2


def test_a_frame_that_is_not_judged_silences_none_at_the_same_place() -> None:
    earlier = EarlierFrames(0.1, is_sequence=True, first_island=0)
    judged = [False, True, True]
    assert [speaks(earlier, drawn(1), is_judged=one) for one in judged] == [
        True,
        True,
        False,
    ]
    assert earlier.turn(drawn(1)).sizes is not None  # it is measured all the same


def test_an_island_is_asked_until_enough_have_told_and_then_now_and_then() -> None:
    earlier = EarlierFrames(0.1, is_sequence=True, first_island=0)
    for _ in range(MEASURED_AT_ONCE + 1):
        speaks(earlier, drawn(1))
    earlier.new_area()
    asked = [speaks(earlier, drawn(2)) for _ in range(2)]
    assert asked == [True, False]  # the same cells again say nothing more


AT, OFF = FrameScale("red cells", 75.0, 4), FrameScale("red cells", 150.0, 4)
LOST = GUIDANCE[TrackingState.LOST]


def on_a_slide(*before: FrameScale) -> EarlierFrames:
    """A slide under a moving stage that was begun before an interruption."""
    return EarlierFrames(0.1, is_sequence=True, first_island=1, spoken=before)


def reason(earlier: EarlierFrames, shown: Frame) -> Message | None:
    """Why a frame is not judged, by the frames so far and itself."""
    turn = earlier.turn(shown)
    lost = turn.place is not None and turn.place.state is TrackingState.LOST
    why_not = LOST if lost else None
    return earlier.listen(turn, why_not).reason(why_not)


def walked(earlier: EarlierFrames, number: int, factor: float) -> list[Message | None]:
    """Why frames are not judged, the last of which shows other cells than the first."""
    ways = (0.0, 0.35, 0.7) if factor > 1 else (0.0, 0.0, 0.0)
    return [reason(earlier, drawn(number, factor, way)) for way in ways]


def lost(earlier: EarlierFrames, factor: float) -> list[Message | None]:
    """Lose the place, and say why a frame that is asked and the next are not judged."""
    elsewhere = [drawn(number, factor) for number in range(3, 10)]
    return [reason(earlier, shown) for shown in elsewhere][-2:]


@pytest.mark.parametrize(
    ("before", "factor", "is_held"),
    [
        ([AT] * MIN_PROVEN, 1.8, True),
        ([AT] * MIN_PROVEN, 1.0, False),
        ([AT] * (MIN_PROVEN - 1), 1.8, False),  # what the scale is was not proven
        ([OFF] * 9, 1.8, False),  # the scale is wrong, or the patient's cells are
        ([], 1.8, False),
    ],
)
def test_an_island_through_another_objective_is_not_judged(
    before: list[FrameScale], factor: float, *, is_held: bool
) -> None:
    earlier = on_a_slide(*before)
    found = walked(earlier, 1, factor)
    assert found == [None, None, OTHER_OBJECTIVE if is_held else None]
    assert earlier.off_scale() == ({1} if is_held else set())


def test_one_frame_that_contradicts_names_no_objective() -> None:
    earlier = on_a_slide(*[AT] * MIN_PROVEN)
    assert [reason(earlier, drawn(1, 1.8)) for _ in range(3)] == [None] * 3
    earlier.new_area()
    assert reason(earlier, drawn(2)) is None
    assert not earlier.off_scale()


def test_after_the_objective_is_turned_back_the_count_goes_on() -> None:
    earlier = on_a_slide(*[AT] * MIN_PROVEN)
    assert reason(earlier, drawn(1)) is None
    earlier.new_area()
    assert walked(earlier, 2, 1.8)[-1] == OTHER_OBJECTIVE
    earlier.new_area()
    assert reason(earlier, drawn(2)) is None
    assert earlier.off_scale() == {2}


def test_where_a_lost_place_contradicted_the_first_frame_of_a_new_area_is_enough() -> (
    None
):
    earlier = on_a_slide(*[AT] * MIN_PROVEN)
    assert reason(earlier, drawn(1)) is None
    assert OTHER_OBJECTIVE in lost(earlier, 1.8)
    earlier.new_area()
    assert reason(earlier, drawn(2, 1.8)) == OTHER_OBJECTIVE
    earlier.new_area()
    assert reason(earlier, drawn(2)) is None


@pytest.mark.parametrize("factor", [1.0, 1.8])
def test_who_lost_the_place_for_another_objective_is_told_so(factor: float) -> None:
    earlier = on_a_slide(*[AT] * MIN_PROVEN)
    assert reason(earlier, drawn(1)) is None
    assert lost(earlier, factor) == [OTHER_OBJECTIVE if factor > 1 else LOST] * 2
    earlier.new_area()
    assert reason(earlier, drawn(1)) is None


def test_a_frame_that_is_poor_says_that_first() -> None:
    earlier, blurred = on_a_slide(*[AT] * MIN_PROVEN), message("out-of-focus")
    assert walked(earlier, 1, 1.8)[-1] == OTHER_OBJECTIVE
    turn = earlier.turn(drawn(1, 1.8, 0.7))
    assert earlier.listen(turn, blurred).reason(blurred) == blurred


@pytest.mark.parametrize(
    ("before", "islands", "suspect", "off", "is_proven"),
    [
        ((0, 0), {}, set(), set(), False),
        ((0, MIN_PROVEN), {}, set(), set(), True),
        ((1, MIN_PROVEN), {}, set(), set(), False),
        ((0, MIN_PROVEN), {1: (2, 2)}, set(), {1}, True),
        ((0, MIN_PROVEN - 1), {1: (2, 2)}, set(), set(), False),
        ((0, MIN_PROVEN), {1: (1, 1)}, set(), set(), True),
        ((0, MIN_PROVEN), {1: (1, 1)}, {1}, {1}, True),
        ((0, MIN_PROVEN), {1: (1, 1)}, {2}, set(), True),
        ((0, MIN_PROVEN), {1: (2, 10)}, set(), {1}, True),  # a fifth more
        ((0, MIN_PROVEN), {1: (2, 11)}, set(), set(), True),
        ((5, 10), {1: (7, 10)}, set(), {1}, True),
        ((5, 10), {1: (6, 10)}, set(), set(), True),  # no more than before it
        ((0, 0), {1: (0, MIN_PROVEN), 2: (2, 2)}, set(), {2}, True),
        ((0, 0), {2: (2, 2), 1: (0, MIN_PROVEN)}, set(), {2}, True),
        ((0, 0), {1: (2, 2), 2: (0, MIN_PROVEN)}, set(), set(), True),
        ((0, MIN_PROVEN), {1: (4, 4), 2: (2, 4)}, set(), {1, 2}, True),
    ],
)
def test_an_island_is_held_against_those_before_it(
    before: tuple[int, int],
    islands: dict[int, tuple[int, int]],
    suspect: set[int],
    off: set[int],
    *,
    is_proven: bool,
) -> None:
    assert told_apart(before, islands, suspect) == (off, is_proven)


def test_where_no_scale_was_given_none_is_held_against_an_island() -> None:
    earlier = EarlierFrames(None, is_sequence=True, first_island=1)
    for number in range(1, 5):
        assert reason(earlier, drawn(number)) is None
        earlier.new_area()
    assert walked(earlier, 5, 1.8) == [None] * 3
    assert not earlier.off_scale()


def test_a_lost_place_names_no_objective_where_the_scale_is_not_proven() -> None:
    earlier = on_a_slide()
    assert reason(earlier, drawn(1)) is None
    assert lost(earlier, 1.8) == [LOST] * 2


def test_a_new_area_that_agrees_is_not_suspect_for_the_lost_place_before_it() -> None:
    earlier = on_a_slide(*[AT] * MIN_PROVEN)
    assert reason(earlier, drawn(1)) is None
    assert OTHER_OBJECTIVE in lost(earlier, 1.8)
    earlier.new_area()
    assert [reason(earlier, drawn(2)) for _ in range(2)] == [None] * 2
    earlier.new_area()
    assert reason(earlier, drawn(4, 1.8)) is None
    assert not earlier.off_scale()
