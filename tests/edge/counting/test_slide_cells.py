"""Whole cells, smudges and those that an edge cuts off."""

from dataclasses import replace

import numpy as np
import pytest

from leukoscope_edge.counting.slide_cells import (
    SMUDGE_MAJORITY,
    SlideCells,
    never_counted,
)
from leukoscope_edge.types import Call, CallName, Glimpse
from leukoscope_edge.vision.motion import Joined
from leukoscope_edge.vision.sightings import FrameDetections

PICTURE = np.zeros((4, 4, 3), np.uint8)


def glimpse(frame: int, x: float, y: float = 50) -> Glimpse:
    return Glimpse(
        frame=f"f{frame}",
        box_px=(0, 0, 40, 40),
        centre_px=(20.0, 20.0),
        slide_px=(x, y),
        sharpness=1.0,
        radius_px=20,
        cut=lambda: (PICTURE, PICTURE),
    )


def test_a_slide_of_which_nothing_was_seen_has_nothing() -> None:
    cells = SlideCells()
    cells.add(FrameDetections(), 0)
    assert (cells.whole(), cells.n_smudges) == ((), 0)
    assert cells.never_whole(is_sequence=True) == []


@pytest.mark.parametrize(
    ("n_as_smudge", "n_cells"), [(SMUDGE_MAJORITY, 1), (SMUDGE_MAJORITY + 1, 0)]
)
def test_what_most_frames_show_as_a_smudge_is_no_cell(
    n_as_smudge: int, n_cells: int
) -> None:
    cells = SlideCells()
    cells.add(FrameDetections(whole=(glimpse(0, 100),)), 0)
    for i in range(n_as_smudge):
        cells.add(FrameDetections(smudges=(glimpse(i + 1, 100),)), 0)
    assert len(cells.whole()) == n_cells
    assert cells.n_smudges == 1


def test_a_cell_cut_off_counts_once_a_frame_shows_it_whole() -> None:
    cells = SlideCells()
    cells.add(FrameDetections(cut_off=(glimpse(0, 100), glimpse(0, 300))), 0)
    cells.add(FrameDetections(whole=(glimpse(1, 100),)), 0)
    (never,) = cells.never_whole(is_sequence=True)
    assert never.best.slide_px == (300, 50)
    assert never.id == 2
    assert len(cells.never_whole(is_sequence=False)) == 2


def test_islands_that_join_keep_each_cell_once() -> None:
    cells = SlideCells()
    cells.add(FrameDetections(whole=(glimpse(0, 100),)), 0)
    cells.add(FrameDetections(whole=(glimpse(1, 10),)), 1)
    assert len(cells.whole()) == 2
    cells.join(Joined(island=1, into=0, shift_px=(90.0, 0.0)))
    (one,) = cells.whole()
    assert one.n_sightings == 2


def test_half_a_cell_is_not_judged() -> None:
    cells = SlideCells()
    cells.add(FrameDetections(whole=(glimpse(0, 100),)), 0)
    called = Call(name=CallName.BLAST, p_blast=0.9)
    cells.keep_calls([replace(cells.whole()[0], call=called)])
    (half,) = never_counted(cells.whole())
    assert half.call is not None
    assert (half.call.name, half.call.p_blast) == (CallName.UNCLEAR, 0.9)
