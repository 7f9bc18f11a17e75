"""Which frames are searched: what is new or sharper; no place is passed over."""

import weakref
from typing import Any

import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.counting import search_plan
from leukoscope_edge.counting.search_plan import (
    AS_SHARP,
    FAR,
    MAX_FOLLOWED,
    MIN_SURE,
    SPACING_UM,
    STEP,
    Candidate,
    Due,
    SearchPlan,
)
from leukoscope_edge.types import Frame
from leukoscope_edge.vision import Joined, Placement, TrackingState

WIDTH_PX, HEIGHT_PX = 640, 480
SCALE = 0.1
FOCUS = 0.4
RIM_PX = 40
SPACING_PX = round(SPACING_UM / SCALE)


def candidate(
    x: float, y: float = 0.0, *, focus: float = FOCUS, **more: Any
) -> Candidate:
    width, height = more.pop("size", (WIDTH_PX, HEIGHT_PX))
    pixels = np.zeros((height, width, 3), np.uint8)
    nuclear = more.pop("nuclear", everywhere(width, height))
    told = {"score": 1.0, "island": 0, **more}
    return Candidate(
        frame=Frame(name=f"{x:g},{y:g}", pixels=pixels, time_s=0.0),
        place=Placement(state=TrackingState.TRACKING, x_px=x, y_px=y, **told),
        focus=focus,
        nuclear=nuclear,
    )


def everywhere(width: int = WIDTH_PX, height: int = HEIGHT_PX) -> BoolArray:
    """Say of every place of a frame that a nucleus could stand there."""
    return np.ones((height // SPACING_PX, width // SPACING_PX), np.bool_)


def nowhere_but(*places: tuple[int, int]) -> BoolArray:
    """Say that a nucleus could stand at these places, by row and column."""
    nuclear = ~everywhere()
    for place in places:
        nuclear[place] = True
    return nuclear


def looked_at(*places: tuple[float, float]) -> SearchPlan:
    """A plan that has searched these places as often as it ever wants."""
    plan = SearchPlan(SCALE)
    for x, y in places:
        for _ in range(3):
            plan.interrupt()
            assert plan.due(candidate(x, y)).now
    return plan


def searched(plan: SearchPlan, candidates: list[Candidate]) -> list[str]:
    """Return the names of what is searched, held frames among them, in order."""
    names: list[str] = []
    for one in candidates:
        due = plan.due(one)
        names += [c.frame.name for c in due.before]
        names += [one.frame.name] * due.now
    return names


def left(plan: SearchPlan) -> list[str]:
    """Return the names of the held frames that are to be searched after all."""
    return [c.frame.name for c in plan.left()]


def test_where_nothing_was_seen_nothing_is_left() -> None:
    assert left(SearchPlan(SCALE)) == []


def test_the_first_frame_is_searched() -> None:
    assert SearchPlan(SCALE).due(candidate(0)) == Due(now=True, before=())


def test_of_frames_that_were_searched_no_picture_is_kept() -> None:
    plan, frame = SearchPlan(SCALE), candidate(0)
    pixels = weakref.ref(frame.frame.pixels)
    assert plan.due(frame).now
    del frame
    assert pixels() is None


def test_at_rest_a_place_is_searched_twice_and_then_now_and_then() -> None:
    plan = SearchPlan(SCALE)
    is_due = [plan.due(candidate(0)).now for _ in range(MAX_FOLLOWED + 9)]
    assert [i for i, due in enumerate(is_due) if due] == [
        0,
        1,
        MAX_FOLLOWED + 2,
    ]


@pytest.mark.parametrize(("part", "is_due"), [(0.9, False), (1.0, True), (1.1, True)])
@pytest.mark.parametrize("way", [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_a_frame_is_searched_once_the_stage_has_gone_on(
    part: float, way: tuple[int, int], *, is_due: bool
) -> None:
    plan = looked_at((0, 0))
    x, y = part * STEP * WIDTH_PX * way[0], part * STEP * HEIGHT_PX * way[1]
    assert plan.due(candidate(x, y)).now is is_due


def test_where_all_is_known_nothing_is_searched() -> None:
    around = [(x, y) for x in (-200.0, 0.0, 200.0) for y in (-150.0, 0.0, 150.0)]
    plan = looked_at(*around)
    assert not plan.due(candidate(10, 10)).now


def test_a_sharper_frame_is_searched_and_a_duller_one_is_not() -> None:
    assert looked_at((0, 0)).due(candidate(0, focus=1.1 * FOCUS)).now
    assert not looked_at((0, 0)).due(candidate(0, focus=0.9 * FOCUS)).now


def test_where_no_nucleus_could_stand_nothing_is_searched_again() -> None:
    plan = looked_at((0, 0))
    sharp = candidate(0, focus=2 * FOCUS, nuclear=nowhere_but())
    assert not plan.due(sharp).now
    assert not plan.due(candidate(1.1 * STEP * WIDTH_PX, nuclear=nowhere_but())).now
    assert left(plan) == []


@pytest.mark.parametrize(("part", "is_due"), [(0.98, False), (1.0, True)])
@pytest.mark.parametrize("way", [(1, 0), (0, -1)])
def test_far_on_a_frame_is_searched_though_no_nucleus_could_stand_there(
    part: float, way: tuple[int, int], *, is_due: bool
) -> None:
    x, y = part * FAR * WIDTH_PX * way[0], part * FAR * HEIGHT_PX * way[1]
    one = candidate(x, y, nuclear=nowhere_but())
    assert looked_at((0, 0)).due(one).now is is_due


def test_far_on_but_everywhere_seen_before_it_is_not() -> None:
    plan = looked_at((0, 0), (400, 0))
    assert not plan.due(candidate(0, nuclear=nowhere_but())).now


def test_one_place_that_came_into_view_is_enough() -> None:
    x = 1.1 * STEP * WIDTH_PX
    new, known = nowhere_but((5, 14)), nowhere_but((5, 7))
    assert looked_at((0, 0)).due(candidate(x, nuclear=new)).now
    assert not looked_at((0, 0)).due(candidate(x, nuclear=known)).now


@pytest.mark.parametrize(
    ("at", "is_searched"), [((5, 15), True), ((5, 9), False), ((0, 15), True)]
)
def test_what_is_held_is_searched_for_what_stands_near_its_rim_alone(
    at: tuple[int, int], *, is_searched: bool
) -> None:
    plan = looked_at((0, 0))
    assert not plan.due(candidate(60, nuclear=nowhere_but(at))).now
    assert bool(left(plan)) is is_searched


def test_only_places_that_matter_are_held_against_the_sharpest() -> None:
    plan = looked_at((0, 0), (320, 0))
    sharper = 1.1 * FOCUS
    for _ in range(2):
        plan.interrupt()
        assert plan.due(candidate(320, focus=sharper)).now
    left, right = nowhere_but((5, 2)), nowhere_but((5, 12))
    assert not plan.due(candidate(0, focus=sharper, nuclear=right)).now
    assert plan.due(candidate(0, focus=sharper, nuclear=left)).now


def test_a_plan_asks_the_picture_where_a_nucleus_could_stand() -> None:
    camera = camera_on("simulated:cells=12,frames=1,seed=4")
    frame = Frame(name="a", pixels=camera.render(0), time_s=0.0)
    one = SearchPlan(SCALE).candidate(frame, candidate(0).place, FOCUS)
    assert one.nuclear.shape == everywhere().shape
    assert 0 < one.nuclear.mean() < 1


@pytest.mark.parametrize(
    "unsure",
    [
        {"score": MIN_SURE - 0.01},
        {"island": 1},
        {"joined": Joined(island=2, into=0, shift_px=(5.0, 0.0))},
        {"size": (WIDTH_PX // 2, HEIGHT_PX // 2)},
    ],
)
def test_where_the_place_is_not_sure_the_frame_is_searched(
    unsure: dict[str, Any],
) -> None:
    assert looked_at((0, 0)).due(candidate(0, **unsure)).now


def test_after_a_frame_that_was_not_judged_the_next_is_searched() -> None:
    plan = looked_at((0, 0))
    assert not plan.due(candidate(0)).now
    plan.interrupt()
    assert plan.due(candidate(0)).now


def test_a_held_frame_waits_for_a_later_one_that_shows_as_much() -> None:
    plan = looked_at((0, 0))
    assert searched(plan, [candidate(x) for x in (10, 8, 9, 60, 59.5)]) == []
    assert left(plan) == ["60,0"]


def test_a_held_frame_is_let_go_where_the_next_shows_as_much() -> None:
    plan = looked_at((0, 0))
    assert searched(plan, [candidate(40), candidate(80)]) == []
    assert left(plan) == ["80,0"]


def test_a_held_frame_is_let_go_once_all_that_it_shows_was_searched() -> None:
    plan, sharp = looked_at((0, 0)), candidate(62, focus=2 * FOCUS)
    assert searched(plan, [candidate(60), candidate(0), sharp]) == ["62,0"]
    assert left(plan) == []


def test_a_held_frame_that_alone_shows_a_place_is_searched_in_the_end() -> None:
    plan = looked_at((0, 0))
    still = [candidate(0) for _ in range(MAX_FOLLOWED + 1)]
    assert searched(plan, [candidate(60), *still[:-2]]) == []
    assert searched(plan, still[-2:]) == ["0,0", "60,0"]
    assert left(plan) == []


def test_a_held_frame_is_not_left_behind_on_another_island() -> None:
    plan = looked_at((0, 0))
    assert searched(plan, [candidate(60), candidate(0, island=1)]) == ["60,0", "0,0"]


def test_a_held_frame_waits_while_others_are_not_judged_but_no_longer() -> None:
    plan = looked_at((0, 0))
    assert not plan.due(candidate(60)).now
    late = [plan.interrupt(candidate(0).place) for _ in range(MAX_FOLLOWED + 2)]
    assert [len(one) for one in late] == [0] * MAX_FOLLOWED + [1, 0]


def test_a_held_frame_is_searched_before_its_island_ends() -> None:
    joined = Joined(island=0, into=1, shift_px=(5.0, 0.0))
    plan = looked_at((0, 0))
    assert not plan.due(candidate(60)).now
    [held] = plan.interrupt(candidate(0, joined=joined).place)
    assert held.frame.name == "60,0"


AROUND = [(60.0, 0.0), (-60.0, 0.0), (0.0, 50.0), (0.0, -50.0)]


def test_where_there_is_no_room_the_frame_held_longest_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = looked_at((0, 0))
    assert searched(plan, [candidate(*at) for at in AROUND]) == []
    assert left(plan) == ["60,0", "-60,0", "0,50", "0,-50"]
    monkeypatch.setattr(search_plan, "MAX_HELD", 3)
    plan = looked_at((0, 0))
    assert searched(plan, [candidate(*at) for at in AROUND]) == ["60,0"]


def test_of_large_frames_one_is_held() -> None:
    plan, large = SearchPlan(SCALE), {"size": (2000, 1000)}
    is_due = [plan.due(candidate(0, **large)).now for _ in range(3)]
    assert is_due == [True, True, False]
    assert searched(plan, [candidate(*at, **large) for at in AROUND[:2]]) == ["60,0"]


@pytest.mark.parametrize("way", [(1, 0), (0, 1)])
@pytest.mark.parametrize(
    ("moved_px", "is_searched"), [(0.5, False), (1.0, False), (2, True)]
)
def test_what_is_held_is_searched_where_it_shows_a_pixel_more(
    moved_px: float, way: tuple[int, int], *, is_searched: bool
) -> None:
    plan = looked_at((0, 0))
    assert not plan.due(candidate(moved_px * way[0], moved_px * way[1])).now
    assert bool(left(plan)) is is_searched


@pytest.mark.parametrize("seed", range(20))
def test_no_place_is_passed_over_on_any_way(seed: int) -> None:
    random = np.random.default_rng(seed)
    steps = random.normal(0, 30, (40, 2)).cumsum(axis=0)
    frames = [candidate(float(x), float(y)) for x, y in steps]
    plan, done = SearchPlan(SCALE), []
    for one in frames:
        due = plan.due(one)
        done += [*due.before, *([one] if due.now else [])]
    done += plan.left()
    assert len(done) < len(frames)
    for x, y in random.uniform(
        steps.min(0), np.add(steps.max(0), (WIDTH_PX, HEIGHT_PX)), (300, 2)
    ):
        deepest = max(depth(one, x, y) for one in frames)
        if deepest >= RIM_PX:
            assert max(depth(one, x, y) for one in done) > deepest - RIM_PX


def depth(one: Candidate, x: float, y: float) -> float:
    """Return how far a place lies from a frame's rim, up to the largest cell's half."""
    left, top = one.place.x_px, one.place.y_px
    inside = (x - left, y - top, left + WIDTH_PX - x, top + HEIGHT_PX - y)
    return min(*inside, 100.0)


def test_it_asks_for_no_more_time_on_a_long_slide() -> None:
    plan = SearchPlan(SCALE)
    for x in range(0, 40_000, 200):
        plan.due(candidate(float(x)))
    assert len(plan._searched) <= 64


def test_three_looks_are_enough_though_the_stage_went_on() -> None:
    plan = looked_at((0, 0), (200, 0))
    assert not plan.due(candidate(0)).now


def test_a_frame_that_is_as_sharp_to_the_last_part_is_as_sharp() -> None:
    plan = SearchPlan(SCALE)
    for _ in range(3):
        plan.interrupt()
        assert plan.due(candidate(0, focus=AS_SHARP * FOCUS)).now
    assert not plan.due(candidate(0, focus=FOCUS)).now


def test_a_place_that_is_just_sure_is_sure() -> None:
    assert not looked_at((0, 0)).due(candidate(0, score=MIN_SURE)).now


@pytest.mark.parametrize("place", [(WIDTH_PX, 0), (0, HEIGHT_PX)])
def test_a_frame_beside_the_last_is_new(place: tuple[int, int]) -> None:
    assert looked_at((0, 0)).due(candidate(*place)).now


def test_a_frames_places_are_as_many_as_its_sides_hold() -> None:
    depths = SearchPlan(SCALE)._depths((HEIGHT_PX, WIDTH_PX, 3), np.array([(9.0, 5.0)]))
    assert depths.shape == (1, 12, 16)
    assert depths[0, 0, 5] == 25.0
    assert depths[0, 5, 0] == 29.0
    assert depths[0, -1, 5] == 15.0
    assert depths[0, 5, -1] == 11.0
    assert depths.max() == 100.0
