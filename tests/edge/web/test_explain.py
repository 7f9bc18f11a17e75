"""The explanation of one cell: numbers, a map, cells that look alike."""

import numpy as np
import pytest
from tests.edge.records.bench import MISSED_CELL
from tests.edge.web.stand_ins import NAME, fill_slide

from leukoscope_edge.records import from_png
from leukoscope_edge.records.slides import CellRecord
from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.explain import N_ALIKE, explanation, heat_png, sharpest_crop


@pytest.fixture
def slide(device: Device) -> str:
    return fill_slide(device, n_blast=1)


@pytest.fixture
def cell(device: Device, slide: str) -> CellRecord:
    [found] = device.store.reader.slide(slide).cells
    return found


@pytest.fixture
def added(device: Device, slide: str) -> CellRecord:
    """A cell that no model has seen."""
    device.store.review.add_missed(slide, MISSED_CELL, NAME, key="missed-01")
    return device.store.reader.slide(slide).cells[-1]


def test_it_says_what_the_model_said_and_a_person(
    device: Device, slide: str, cell: CellRecord
) -> None:
    found = explanation(device, slide, cell)
    assert (found["call"], found["p_blast"], found["word"]) == ("blast", 0.97, None)
    device.store.review.judge_cell(slide, "1", Reading.NORMAL, NAME, key="judge-01")
    [judged] = device.store.reader.slide(slide).cells
    found = explanation(device, slide, judged)
    assert (found["word"], found["judged_by"]) == ("normal", NAME)


def test_it_measures_the_crop_that_the_model_judged(
    device: Device, slide: str, cell: CellRecord
) -> None:
    features = explanation(device, slide, cell)["features"]
    crop = sharpest_crop(device, slide, cell)
    assert crop is not None
    assert crop.shape == (64, 64, 3)
    widest_um = np.hypot(64, 64) * device.bundle.card.input.scale_um_per_px
    assert 0 < features["nucleus_um"] <= features["cell_um"] <= widest_um


def test_the_stored_cells_that_look_alike_are_of_the_bundle(
    device: Device, slide: str, cell: CellRecord
) -> None:
    alike = explanation(device, slide, cell)["alike"]
    places = [one["golden"] for one in alike]
    assert len(set(places)) == N_ALIKE
    assert set(places) <= set(range(len(device.bundle.golden.crops)))
    assert {one["call"] for one in alike} <= {"blast", "normal", "unclear"}


def test_the_map_lies_over_the_picture_for_people(
    device: Device, slide: str, cell: CellRecord
) -> None:
    data = heat_png(device, slide, cell)
    assert data is not None
    view = from_png(device.store.pictures.read(slide, cell.view))
    assert from_png(data).shape == view.shape


def test_of_a_cell_that_a_person_added_nothing_is_measured(
    device: Device, slide: str, added: CellRecord
) -> None:
    found = explanation(device, slide, added)
    assert (found["call"], found["p_blast"], found["n_crops"]) == (None, None, 0)
    assert (found["features"], found["alike"]) == (None, [])
    assert sharpest_crop(device, slide, added) is None
    assert heat_png(device, slide, added) is None
