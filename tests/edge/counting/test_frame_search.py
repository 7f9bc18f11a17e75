"""One frame on its road, and the cells that are followed where it is not searched."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest
from tests.simulated import camera_on
from tests.waiting import PATIENCE_S

from leukoscope_edge.capture import SimulatedCamera
from leukoscope_edge.counting import Due, SearchPlan
from leukoscope_edge.counting.earlier_frames import Turn
from leukoscope_edge.counting.frame_search import (
    GUIDANCE,
    SEARCHED_ITSELF,
    Asked,
    FrameResult,
    FrameSearch,
    Gated,
    SeenCells,
)
from leukoscope_edge.counting.search_plan import Candidate
from leukoscope_edge.inference import ServingSegmenter
from leukoscope_edge.messages import message
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.types import THRESHOLDS, Fault, Frame
from leukoscope_edge.vision import (
    NOTHING_FOLLOWED,
    NOTHING_SEEN,
    CropSpec,
    Placement,
    TrackingState,
)

SCALE = 0.1
SPEC = CropSpec(side_px=64, scale_um_per_px=0.2, colour="masked")
EARLIER, NOW = 20, 22
NOT_NOW = Due(now=False)
HOLD_STILL = Gated(why_not=message("moved-too-fast"), focus=0.4)


@pytest.fixture(scope="module")
def slide() -> SimulatedCamera:
    return camera_on("simulated:cells=12,frames=30,seed=4,jerks=0")


@pytest.fixture
def search() -> FrameSearch:
    return FrameSearch(ServingSegmenter(), SPEC, in_marrow=False)


def place_of(slide: SimulatedCamera, number: int, state: TrackingState) -> Placement:
    x, y = (float(v) for v in slide.places_px[number])
    return Placement(state=state, x_px=x, y_px=y, score=1.0, island=0)


def asked(
    slide: SimulatedCamera,
    number: int = NOW,
    *,
    due: Due = SEARCHED_ITSELF,
    state: TrackingState = TrackingState.TRACKING,
) -> Asked:
    frame = Frame(name=str(number), pixels=slide.render(number), time_s=0.0)
    turn = Turn(place=place_of(slide, number, state), scale_um_per_px=SCALE)
    return Asked(item=frame, turn=turn, due=due)


def candidate(slide: SimulatedCamera) -> Candidate:
    one = asked(slide, EARLIER)
    assert isinstance(one.item, Frame)
    assert one.turn.place is not None
    return SearchPlan(SCALE).candidate(one.item, one.turn.place, 0.4)


def test_a_fault_shows_nothing(search: FrameSearch) -> None:
    found = search.find(Asked(item=Fault(name="a", reason="is torn"), turn=Turn()))
    assert (found.report.status, found.seen, found.frame) == (
        "skipped",
        NOTHING_SEEN,
        None,
    )


def test_a_copy_is_not_searched(slide: SimulatedCamera, search: FrameSearch) -> None:
    one = asked(slide)
    found = search.find(replace(one, turn=Turn(copy_of="b")))
    assert (found.report.copy_of, found.found_by) == ("b", "")


def test_a_frame_that_is_due_is_searched(
    slide: SimulatedCamera, search: FrameSearch
) -> None:
    found = search.find(asked(slide))
    assert (found.found_by, found.late) == (THRESHOLDS, ())
    assert found.seen.whole


def test_cells_know_that_only_cells_said_the_scale(
    slide: SimulatedCamera, search: FrameSearch
) -> None:
    one = asked(slide)
    said = replace(one, turn=replace(one.turn, is_scale_given=False))
    for each, scale in ((one, None), (said, SCALE)):
        scales = {cell.by_cells_um_per_px for cell in search.find(each).seen.whole}
        assert scales == {scale}


def test_a_frame_that_is_not_due_is_judged_and_not_searched(
    slide: SimulatedCamera, search: FrameSearch
) -> None:
    found = search.find(asked(slide, due=NOT_NOW))
    assert (found.report.status, found.found_by) == ("screened", "")
    assert found.seen == NOTHING_SEEN
    assert found.frame is not None
    assert found.bearing is not None


def test_a_frame_that_is_not_judged_is_neither(
    slide: SimulatedCamera, search: FrameSearch
) -> None:
    found = search.find(replace(asked(slide), gated=HOLD_STILL))
    assert (found.report.status, found.report.reason) == ("refused", HOLD_STILL.why_not)
    assert (found.frame, found.found_by) == (None, "")


@pytest.mark.parametrize("is_busy", [True, False])
@pytest.mark.parametrize("state", TrackingState)
def test_a_pool_gates_a_frame_as_who_asks_does_and_keeps_nobody_waiting(
    slide: SimulatedCamera, search: FrameSearch, state: TrackingState, *, is_busy: bool
) -> None:
    one = asked(slide, state=state)
    assert isinstance(one.item, Frame)
    is_asked = Event()
    with ThreadPoolExecutor(1) as pool:
        if is_busy:
            pool.submit(is_asked.wait, PATIENCE_S)
        gated = search.gate_of(one.item, pool)(one.turn.place)
        is_asked.set()
    assert gated == search.gate(one.item, one.turn.place)
    assert gated.why_not == GUIDANCE.get(state)


@pytest.mark.parametrize("gated", [None, HOLD_STILL])
@pytest.mark.parametrize("now", [True, False])
def test_a_frame_that_was_held_is_searched_beside_whatever_comes(
    slide: SimulatedCamera, search: FrameSearch, gated: Gated | None, *, now: bool
) -> None:
    due = Due(now=now, before=(candidate(slide),))
    [late] = search.find(replace(asked(slide, due=due), gated=gated)).late
    assert (late.frame.name, late.found_by) == (str(EARLIER), THRESHOLDS)
    alone = search.find(asked(slide, EARLIER)).seen
    assert [g.slide_px for g in late.seen.whole] == [g.slide_px for g in alone.whole]


def test_nothing_that_is_held_is_nothing_to_search(search: FrameSearch) -> None:
    assert search.find_late((), SCALE) == ()


@pytest.mark.parametrize("state", TrackingState)
def test_a_frame_is_judged_where_its_place_is_known(
    slide: SimulatedCamera, search: FrameSearch, state: TrackingState
) -> None:
    frame = Frame(name="a", pixels=slide.render(NOW), time_s=0.0)
    gated = search.gate(frame, place_of(slide, NOW, state))
    assert gated.why_not == GUIDANCE.get(state)
    assert 0.13 < gated.focus < 1
    assert search.gate(frame, None).why_not is None


def test_a_frame_out_of_focus_is_not_judged(search: FrameSearch) -> None:
    plain = camera_on("simulated:cells=0").render(0)[:64, :64] // 64 * 64
    frame = Frame(name="a", pixels=plain, time_s=0.0)
    assert search.gate(frame, None).why_not is not None


def test_cells_are_followed_from_the_frame_that_was_searched_last(
    slide: SimulatedCamera, search: FrameSearch
) -> None:
    seen = SeenCells()
    first = seen.take_in(search.find(asked(slide, due=NOT_NOW)))
    assert first.followed == NOTHING_FOLLOWED
    before = seen.take_in(search.find(asked(slide, EARLIER)))
    assert (before.followed, bool(before.seen.whole)) == (NOTHING_FOLLOWED, True)
    after = seen.take_in(search.find(asked(slide, due=NOT_NOW)))
    known = {g.slide_px for g in before.seen.whole}
    assert after.followed.whole
    assert {g.slide_px for g in after.followed.whole} <= known


def test_cells_of_a_late_search_are_not_followed(
    slide: SimulatedCamera, search: FrameSearch
) -> None:
    found = search.find(asked(slide, due=Due(now=False, before=(candidate(slide),))))
    assert SeenCells().take_in(found).followed == NOTHING_FOLLOWED


def test_what_was_not_judged_changes_nothing() -> None:
    refused = FrameResult(report=ImageReport(name="a", status="refused"))
    assert SeenCells().take_in(refused) is refused


@pytest.mark.parametrize("missing", ["place", "frame"])
def test_without_a_place_or_a_frame_no_cell_is_followed(
    missing: str, slide: SimulatedCamera, search: FrameSearch
) -> None:
    found = search.find(asked(slide))
    cells = SeenCells()
    cells.take_in(found)
    later = replace(found, found_by="", seen=NOTHING_SEEN, **{missing: None})
    assert cells.take_in(later) is later
