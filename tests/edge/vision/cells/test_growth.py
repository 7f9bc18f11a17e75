"""From a nucleus to its whole cell, and no further than the next one's half."""

import numpy as np
import pytest
from tests.edge.vision.cells.drawn_masks import SCALE_UM_PER_PX, SHAPE, Disc, discs

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.vision import parts_of, view_of
from leukoscope_edge.vision.cells import Masks
from leukoscope_edge.vision.cells.growth import REACH_UM, territory, whole_cell
from leukoscope_edge.vision.cells.masks import EVERYWHERE

PLASMA = np.full((*SHAPE, 3), 225, np.uint8)
NUCLEUS: Disc = (120, 100, 3.5)
CELL: Disc = (120, 100, 6.0)
MARGIN_PX = round(REACH_UM / SCALE_UM_PER_PX) + 2


def grown(
    body: BoolArray, *others: BoolArray, nucleus: Disc = NUCLEUS, ragged: float = 0.0
) -> U8:
    nuclei = discs(nucleus)
    masks = Masks(
        nuclei=nuclei,
        body=body | nuclei,
        scale_um_per_px=SCALE_UM_PER_PX,
        low=0,
        high=0,
        min_violet=0.0,
        is_coarse=False,
        other_bodies=tuple(other | nuclei for other in others),
        ragged=ragged,
    )
    view = view_of(PLASMA, SCALE_UM_PER_PX)
    own = nuclei.view(np.uint8)
    cell, _ = whole_cell(view, masks, own, np.True_, EVERYWHERE)
    return cell


def area_um2(mask: U8 | BoolArray) -> float:
    return float(np.count_nonzero(mask)) * SCALE_UM_PER_PX**2


def test_without_cytoplasm_the_cell_is_its_nucleus() -> None:
    cell = grown(discs())
    assert area_um2(cell) == pytest.approx(area_um2(discs(NUCLEUS)), rel=0.1)


def test_a_cell_is_the_body_around_its_nucleus() -> None:
    cell = grown(discs(CELL))
    assert area_um2(cell) == pytest.approx(area_um2(discs(CELL)), rel=0.05)


def test_a_cell_reaches_no_further_beyond_its_nucleus_than_cells_do() -> None:
    cell = grown(np.ones(SHAPE, np.bool_))
    radius_um = np.sqrt(area_um2(cell) / np.pi)
    assert radius_um == pytest.approx(NUCLEUS[2] + REACH_UM, rel=0.06)


def test_what_hangs_on_by_a_neck_is_cut_off() -> None:
    body = discs(CELL, (190, 100, 3.0))
    body[98:103, 120:190] = True
    assert not grown(body)[100, 190]


def test_of_several_bodies_the_one_that_makes_the_cell_round_counts() -> None:
    ragged = discs(CELL)
    ragged[60:140:6, 80:116] = False
    ragged[60:140:6, 130:160] = False
    spoilt, mended = grown(ragged), grown(ragged, discs(CELL))
    assert area_um2(mended) == pytest.approx(area_um2(discs(CELL)), rel=0.05)
    assert area_um2(mended) > area_um2(spoilt)


def test_a_nucleus_without_a_rival_near_has_all_its_window() -> None:
    labels, places = parts_of(discs((60, 100, 3.5)).view(np.uint8))
    assert territory(labels, 1, places, MARGIN_PX) is np.True_


def test_between_two_nuclei_each_has_its_half() -> None:
    labels, places = parts_of(discs((90, 100, 3.5), (150, 100, 3.5)).view(np.uint8))
    window = places[1].grown(MARGIN_PX)
    own = territory(labels, 1, places, MARGIN_PX)
    assert own.shape == labels[window].shape
    assert np.nonzero(own)[1].max() + window[1].start == pytest.approx(120, abs=2)
    here = labels[window]
    assert own[here == 1].all()
    assert not own[here == 2].any()


def test_what_is_too_small_for_a_nucleus_is_no_rival() -> None:
    labels, places = parts_of(discs((90, 100, 3.5), (150, 100, 3.5)).view(np.uint8))
    alone = {1: places[1]}
    assert territory(labels, 1, alone, MARGIN_PX) is np.True_
