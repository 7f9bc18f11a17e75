"""Somebody turns the nosepiece in the middle of a count, and turns it back.

The slide is counted through an objective twice as strong as the one that is turned in,
which shows the whole of what the simulated camera sees.
"""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from tests.edge.live.test_going_on import Bench, gear  # noqa: F401
from tests.edge.live.told import instruction_in
from tests.edge.live.whole_count import order
from tests.edge.web.stand_ins import fill_slide

from leukoscope_edge.live import Command
from leukoscope_edge.live.states import ProcessState, start_count
from leukoscope_edge.messages import message
from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.types import CallName, Frame
from leukoscope_edge.web.device import Device

SLIDE = CameraEntry(
    source="simulated:seed=2,cells=60,blasts=0,jerks=0", frames_per_second=1000.0
)
CALIBRATED_UM_PER_PX = 0.05
TOLD = message("objective-turned").said()
N_BEFORE, N_OFF = 30, 14
N_MOVED = 60
"""Frames in which the stage moves on by half a frame, and more."""


class Nosepiece:
    """Turns the slide's own objective in, or one half as strong."""

    def __init__(self) -> None:
        self.is_own = True

    def __call__(self, frame: Frame) -> Frame:
        """Return the middle of a frame twice as large, or a frame as it is."""
        if not self.is_own:
            return frame
        height, width = frame.pixels.shape[:2]
        part = frame.pixels[height // 4 : -height // 4, width // 4 : -width // 4]
        return replace(frame, pixels=np.asarray(cv2.resize(part, (width, height))))


@pytest.fixture
def nosepiece(gear: Bench) -> Nosepiece:  # noqa: F811
    gear.profile = replace(gear.profile, camera=SLIDE)
    gear.spoil, gear.new_scale_um_per_px = Nosepiece(), CALIBRATED_UM_PER_PX
    return gear.spoil


def walk(state: ProcessState, n_frames: int) -> list[dict[str, Any]]:
    """Count frames, and return what the page was told of each."""
    told = []
    for _ in range(n_frames):
        assert state.step() is state
        assert state.count is not None
        told.append(dict(state.count.facts))
    return told


def test_an_objective_turned_in_is_named_and_nothing_is_counted_through_it(
    device: Device,
    gear: Bench,  # noqa: F811
    nosepiece: Nosepiece,
) -> None:
    slide = fill_slide(device, is_finished=False)
    state = start_count(gear, order(Command.COUNT, slide))
    before = walk(state, N_BEFORE)[-1]
    assert before["count"]["n_cells"] > 0
    nosepiece.is_own = False
    while_lost = walk(state, N_OFF)
    assert instruction_in(while_lost[-1]) == TOLD
    state.on(order(Command.NEW_AREA, slide))
    in_new_area = walk(state, N_OFF)
    assert {instruction_in(f) for f in in_new_area} == {TOLD}
    assert {f["tracking"] for f in in_new_area} == {""}
    assert in_new_area[-1]["count"] == before["count"]

    nosepiece.is_own = True
    state.on(order(Command.NEW_AREA, slide))
    back = walk(state, N_BEFORE)
    assert instruction_in(back[-1]) == ""
    assert back[-1]["count"]["n_cells"] > before["count"]["n_cells"]
    state.on(order(Command.FINISH, slide))
    record = device.store.reader.slide(slide)
    assert {c.call for c in record.machine_cells.values() if c.is_counted} == {
        CallName.NORMAL
    }
    assert record.doubts == ()


def test_an_objective_turned_in_during_a_power_cut_is_named_too(
    device: Device,
    gear: Bench,  # noqa: F811
    nosepiece: Nosepiece,
) -> None:
    slide = fill_slide(device, is_finished=False)
    state = start_count(gear, order(Command.COUNT, slide))
    walk(state, N_BEFORE)
    state.close()
    before = device.store.reader.slide(slide).machine_cells
    assert before
    nosepiece.is_own = False
    state = start_count(gear, order(Command.COUNT, slide))
    state = state.on(order(Command.GO_ON, slide))
    assert instruction_in(walk(state, N_MOVED)[-1]) == TOLD
    state.on(order(Command.FINISH, slide))
    after = dict(device.store.reader.slide(slide).machine_cells)
    assert {id_: after.pop(id_) for id_ in before} == before
    assert {c.call for c in after.values()} <= {CallName.UNCLEAR}
