"""Cells of simulated slides, cut by the device's own code, know their truth."""

import numpy as np
import pytest

from leukoscope_edge.vision import CropSpec
from leukoscope_train.data import BLAST, NORMAL, CropSet, simulated
from leukoscope_train.data.simulated import FIRST_SEED, crops_of_slides

SPEC = CropSpec(side_px=32, scale_um_per_px=0.5, colour="masked")


@pytest.fixture(scope="module")
def cells() -> CropSet:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated, "EVERY", 60)
        return crops_of_slides(1, SPEC)


def test_both_classes_are_cut_as_the_spec_asks(cells: CropSet) -> None:
    assert cells.pixels.shape == (len(cells), 32, 32, 3)
    assert set(cells.labels.tolist()) == {BLAST, NORMAL}
    assert (cells.pixels.reshape(len(cells), -1).max(axis=1) > 0).all()
    assert set(cells.sources.tolist()) == {"simulated"}


def test_a_slide_is_a_person_and_no_demonstration_shows_it(cells: CropSet) -> None:
    assert set(cells.people.tolist()) == {f"slide {FIRST_SEED}"}


def test_a_cell_is_as_large_as_a_white_cell(cells: CropSet) -> None:
    assert 20 < np.median(cells.areas_um2) < 400


@pytest.mark.parametrize(
    ("labels", "truth"), [([0], 0), ([0, 0, 3], 0), ([0, 3, 3], 3), ([2, 2, 2, 5], 2)]
)
def test_the_truth_is_the_cell_under_most_of_a_nucleus(
    labels: list[int], truth: int
) -> None:
    assert simulated._truth(np.array(labels)) == truth
