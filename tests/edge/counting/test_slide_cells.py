"""Whole cells, smudges and those that an edge cuts off."""

import weakref
from dataclasses import replace

import numpy as np
import pytest
from tests.edge.counting.detections import PICTURE, detection

from leukoscope_edge.arrays import U8
from leukoscope_edge.counting.slide_cells import (
    SMUDGE_MAJORITY,
    SlideCells,
    keep_calls_to_scale,
    never_counted,
)
from leukoscope_edge.screening_result import ScaleByCells
from leukoscope_edge.types import Call, CallName, Cell, LazyDetection
from leukoscope_edge.vision import Followed, FrameDetections, Joined


def uncut(frame: int, x: float) -> LazyDetection:
    """Return one that must not be cut out."""

    def cut() -> U8:
        pytest.fail("its picture was cut out")

    return replace(detection(frame, x), cut=cut, cut_view=cut)


def test_a_slide_of_which_nothing_was_seen_has_nothing() -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(), 0)
    assert (cells.whole(), cells.n_smudges) == ((), 0)
    assert cells.never_whole() == []


@pytest.mark.parametrize(
    ("n_as_smudge", "n_cells"), [(SMUDGE_MAJORITY, 1), (SMUDGE_MAJORITY + 1, 0)]
)
def test_what_most_frames_show_as_a_smudge_is_no_cell(
    n_as_smudge: int, n_cells: int
) -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=(detection(0, 100),)), 0)
    for i in range(n_as_smudge):
        cells.add(FrameDetections(smudges=(detection(i + 1, 100),)), 0)
    assert len(cells.whole()) == n_cells
    assert cells.n_smudges == 1


def test_a_cell_cut_off_counts_once_a_frame_shows_it_whole() -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(cut_off=(detection(0, 100), detection(0, 300))), 0)
    cells.add(FrameDetections(whole=(detection(1, 100),)), 0)
    (never,) = cells.never_whole()
    assert never.best.slide_px == (300, 50)
    assert never.id == 2


def test_a_piece_in_a_separate_field_is_a_cell_beside_whatever_cell() -> None:
    cells = SlideCells(is_sequence=False)
    cells.add(FrameDetections(cut_off=(detection(0, 100),)), 0)
    cells.add(FrameDetections(whole=(detection(1, 100),)), 0)
    assert [c.id for c in cells.never_whole()] == [2]


def test_pieces_of_a_whole_cell_are_not_cut_out_and_kept_ones_let_go() -> None:
    cells, picture = SlideCells(is_sequence=True), np.zeros((4, 4, 3), np.uint8)
    kept = weakref.ref(picture)

    def cut(picture: U8 = picture) -> U8:
        return picture

    piece = replace(detection(0, 100), cut=cut, cut_view=cut)
    del picture, cut
    cells.add(FrameDetections(cut_off=(piece,)), 0)
    del piece
    assert kept() is not None
    cells.add(FrameDetections(whole=(detection(1, 100),)), 0)
    assert kept() is None
    cells.add(FrameDetections(cut_off=(uncut(2, 100),)), 0)
    assert cells.never_whole() == []


def test_a_smudge_is_counted_and_nothing_of_it_cut_out() -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(smudges=(uncut(0, 100),)), 0)
    assert cells.n_smudges == 1


def test_a_cell_that_is_followed_was_seen_once_more_and_keeps_its_pictures() -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=(detection(0, 100),)), 0)
    (before,) = cells.whole()
    cells.see_again(Followed(whole=(uncut(1, 101), uncut(1, 300))), 0)
    cells.see_again(Followed(whole=(uncut(2, 100),)), 1)
    (after,) = cells.whole()
    assert after == replace(before, n_sightings=2)


def test_a_frame_in_which_a_cell_was_followed_is_not_counted_again_by_its_search() -> (
    None
):
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=(detection(0, 100),)), 0)
    for frame in (1, 2):
        cells.see_again(Followed(whole=(uncut(frame, 101),)), 0)
    cells.add(FrameDetections(whole=(detection(1, 101),)), 0)
    (searched_late,) = cells.whole()
    assert searched_late.n_sightings == 3
    assert len(searched_late.sightings) == 2
    cells.add(FrameDetections(whole=(detection(3, 101),)), 0)
    (after,) = cells.whole()
    assert after.n_sightings == 4


def test_a_smudge_that_is_followed_has_as_much_to_say_as_one_that_is_found() -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=(detection(0, 100),)), 0)
    cells.add(FrameDetections(smudges=(detection(1, 100),)), 0)
    assert len(cells.whole()) == 1
    for i in range(SMUDGE_MAJORITY):
        cells.see_again(Followed(smudges=(uncut(i + 2, 100),)), 0)
    assert cells.whole() == ()


def test_islands_that_join_keep_each_cell_once() -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=(detection(0, 100),)), 0)
    cells.add(FrameDetections(whole=(detection(1, 10),)), 1)
    assert len(cells.whole()) == 2
    cells.join(Joined(island=1, into=0, shift_px=(90.0, 0.0)))
    (one,) = cells.whole()
    assert one.n_sightings == 2


def test_half_a_cell_is_not_judged() -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=(detection(0, 100),)), 0)
    called = Call(name=CallName.BLAST, p_blast=0.9)
    cells.keep_calls([replace(cells.whole()[0], call=called)])
    (half,) = never_counted(cells.whole())
    assert half.call is not None
    assert (half.call.name, half.call.p_blast) == (CallName.UNCLEAR, 0.9)


@pytest.mark.parametrize("n_whole", [0, 1, 3])
def test_what_was_never_whole_is_numbered_after_the_last_cell(n_whole: int) -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=[detection(0, 300 * i) for i in range(n_whole)]), 0)
    cells.add(FrameDetections(cut_off=(detection(0, 2000),)), 0)
    assert [c.id for c in cells.never_whole()] == [n_whole + 1]


@pytest.mark.parametrize("box_px", [(0, 0, 40, 4), (0, 0, 4, 40)])
def test_the_rest_of_a_piece_lies_within_its_longer_side(
    box_px: tuple[int, int, int, int],
) -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=(detection(0, 100),)), 0)
    near, far = (replace(detection(1, x), box_px=box_px) for x in (138, 142))
    cells.add(FrameDetections(cut_off=(near, far)), 0)
    assert [c.best.slide_px[0] for c in cells.never_whole()] == [142]


def test_half_a_cell_without_a_call_is_likely_to_be_nothing() -> None:
    cells = SlideCells(is_sequence=True)
    cells.add(FrameDetections(whole=(detection(0, 100),)), 0)
    (half,) = never_counted(cells.whole())
    assert half.call == Call(name=CallName.UNCLEAR, p_blast=0)


SAID = ScaleByCells(um_per_px=0.2, low=0.18, high=0.22)
BLAST = Call(name=CallName.BLAST, p_blast=0.9)
WITHHELD = Call(name=CallName.UNCLEAR, p_blast=0.9, is_off_scale=True)


def blast(*cut_at_um_per_px: float | None) -> Cell:
    """Return a cell that was cut at so many scales, None for a given one."""
    sightings = tuple(
        replace(detection(n, 0), by_cells_um_per_px=scale).sighting()
        for n, scale in enumerate(cut_at_um_per_px)
    )
    return Cell(
        id=1, sightings=sightings, n_sightings=len(sightings), view=PICTURE, call=BLAST
    )


def test_of_no_cell_no_call_is_withheld() -> None:
    assert keep_calls_to_scale((), SAID) == ()


@pytest.mark.parametrize(
    ("cut_at", "call"),
    [
        ((None,), BLAST),
        ((0.2,), BLAST),
        ((0.2 * 1.149,), BLAST),
        ((0.2 * 1.151,), WITHHELD),
        ((0.2 / 1.149,), BLAST),
        ((0.2 / 1.151,), WITHHELD),
        ((0.2, 0.1), WITHHELD),  # one of its pictures
    ],
)
def test_a_call_on_a_picture_of_another_scale_than_the_slides_does_not_stand(
    cut_at: tuple[float | None, ...], call: Call
) -> None:
    (cell,) = keep_calls_to_scale([blast(*cut_at)], SAID)
    assert cell.call == call


@pytest.mark.parametrize("said", [None, ScaleByCells()])
def test_where_all_cells_together_say_no_scale_most_of_their_frames_do(
    said: ScaleByCells | None,
) -> None:
    cells = keep_calls_to_scale([blast(0.1), blast(0.3), blast(0.31)], said)
    assert [c.call for c in cells] == [WITHHELD, BLAST, BLAST]


@pytest.mark.parametrize(
    ("off_scale", "call"),
    [((), BLAST), (("elsewhere",), BLAST), (("second",), WITHHELD)],
)
def test_a_call_on_a_frame_of_another_objective_does_not_stand_at_a_given_scale(
    off_scale: tuple[str, ...], call: Call
) -> None:
    cell = blast(None, None)
    first, second = cell.sightings
    seen = replace(cell, sightings=(first, replace(second, frame="second")))
    (kept,) = keep_calls_to_scale([seen], None, frozenset(off_scale))
    assert kept.call == call


def test_a_cell_from_before_an_interruption_is_in_no_frame_that_is_named_since() -> (
    None
):
    before, since = blast(None), replace(blast(None), id=2, island=1)
    names = frozenset(s.frame for s in before.sightings)
    kept = keep_calls_to_scale([before, since], None, names, 1)
    assert [c.call for c in kept] == [BLAST, WITHHELD]


@pytest.mark.parametrize(("island", "call"), [(0, BLAST), (1, WITHHELD)])
def test_a_call_on_a_stretch_through_another_objective_does_not_stand(
    island: int, call: Call
) -> None:
    seen = replace(blast(None), island=island)
    (kept,) = keep_calls_to_scale([seen], None, off_islands={1})
    assert kept.call == call
