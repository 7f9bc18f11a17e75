"""The cell-location test: whole cells alone, of a slide with a possible number."""

import numpy as np
import pytest
from tests.edge.web.stand_ins import NAME, Browser

from leukoscope_edge.errors import StepError
from leukoscope_edge.quality.cell_location import (
    SLIDE_NOTE,
    days,
    keep_quality_slide,
    locate_drawn,
    located_in,
    slide_trend,
    whole_labels,
)
from leukoscope_edge.records import Store
from leukoscope_edge.web.device import Device


def test_a_cell_that_any_edge_cuts_is_not_whole() -> None:
    cells = np.zeros((9, 9), np.int32)
    for label, place in enumerate([(0, 4), (8, 4), (4, 0), (4, 8)], start=2):
        cells[place] = label
    for label, place in enumerate([(1, 2), (7, 2), (2, 1), (2, 7)], start=6):
        cells[place] = label
    cells[4, 4] = 1
    assert whole_labels(cells, cells) == {1, 6, 7, 8, 9}


@pytest.mark.parametrize("located", [0, 1])
def test_a_quality_slide_may_hold_one_cell(store: Store, located: int) -> None:
    keep_quality_slide(store, 1, located, "ann")
    [day] = days(store, SLIDE_NOTE, 9)
    assert (day.n_present, day.n_located) == (1, located)


@pytest.mark.parametrize(("present", "located"), [(0, 0), (0, 1), (1, 2), (1, -1)])
def test_a_quality_slide_without_cells_or_with_more_than_there_are_is_none(
    store: Store, present: int, located: int
) -> None:
    with pytest.raises(StepError, match="count in the same fields"):
        keep_quality_slide(store, present, located, "ann")
    assert days(store, SLIDE_NOTE, 9) == []


def test_only_whole_cells_are_sought() -> None:
    cells = np.zeros((6, 8), np.int32)
    cells[0:2, 3:5] = 1
    cells[3:5, 2:4] = 2
    nuclei = np.where(cells == 2, 2, 0).astype(np.int32)
    nuclei[1, 3] = 1
    assert whole_labels(nuclei, cells) == {2}
    assert whole_labels(nuclei * 0, cells * 0) == set()


def test_a_cell_is_found_once_and_what_lies_beside_every_cell_is_none() -> None:
    cells = np.zeros((9, 12), np.int32)
    cells[2:4, 2:4], cells[2:4, 6:8], cells[6:9, 4:6] = 1, 2, 3  # the edge cuts 3
    twice_one_cut_two_beside = [(2.2, 3.1), (3.0, 2.0), (4.0, 7.0), (0, 0), (11, 8)]
    centres = np.array(twice_one_cut_two_beside, np.float32)
    assert located_in(cells, cells, centres) == (2, 1, 2)
    assert located_in(cells, cells, centres[:0]) == (2, 0, 0)


def test_the_cells_of_the_drawn_fields_are_found() -> None:
    n_present, n_located, n_extra = locate_drawn()
    assert n_present >= 40
    assert n_located >= 0.95 * n_present
    assert n_extra <= 0.05 * n_present


@pytest.mark.parametrize(("present", "located"), [(0, 0), (5, 6)])
def test_an_impossible_quality_slide_is_refused(
    device: Device, present: int, located: int
) -> None:
    with pytest.raises(StepError, match="count in the same fields"):
        keep_quality_slide(device.store, present, located, NAME)
    assert slide_trend(device.store) is None


def test_a_quality_slide_with_fewer_cells_found_is_a_drift(
    browser: Browser, device: Device
) -> None:
    for located in (49, 48, 50, 49, 50):
        keep_quality_slide(device.store, 50, located, NAME)
    assert "Clearly less" not in browser.get("/device").text
    body = {"n_present": 50, "n_located": 36}
    assert browser.post("/api/device/quality-slide", json=body).is_success
    text = browser.get("/device").text
    assert "Clearly less" in text
    assert "36 / 50" in text
