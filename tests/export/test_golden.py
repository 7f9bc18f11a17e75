"""Stored cells are drawn by code: always the same, and of both classes."""

import numpy as np
import pytest

from leukoscope_edge.arrays import F64, U8
from leukoscope_edge.vision import CropSpec
from leukoscope_export.golden import (
    N_DRAWN,
    N_GOLDEN,
    at_both_ends,
    drawn_crops,
    golden_cells,
)
from leukoscope_train.data import BLAST, NORMAL, simulated

SPEC = CropSpec(side_px=32, scale_um_per_px=0.5, colour="masked")


@pytest.fixture(autouse=True)
def _fewer_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "EVERY", 60)


def brightness(crops: U8) -> F64:
    return np.asarray(crops.mean(axis=(1, 2, 3)) / 255, np.float64)


def test_every_domain_has_as_many_cells_of_the_card_s_side() -> None:
    for cells in (
        golden_cells("real", SPEC, brightness),
        golden_cells("simulated", SPEC, brightness),
    ):
        assert (cells.shape, cells.dtype) == ((N_GOLDEN, 32, 32, 3), np.uint8)
        assert (cells.reshape(N_GOLDEN, -1).max(axis=1) > 0).all()


def test_a_simulated_slide_s_blasts_come_first() -> None:
    found = simulated.crops_of_slides(1, SPEC)
    cells = golden_cells("simulated", SPEC, brightness)
    own = [found.labels[(found.pixels == c).all(axis=(1, 2, 3))][0] for c in cells]
    assert own == [BLAST] * (N_GOLDEN // 2) + [NORMAL] * (N_GOLDEN // 2)


def test_the_likeliest_blasts_come_first_and_the_least_likely_behind() -> None:
    crops = drawn_crops(32, "masked")
    chosen = brightness(at_both_ends(crops, brightness))
    ordered = np.sort(brightness(crops))[::-1]
    half = N_GOLDEN // 2
    assert chosen.tolist() == [*ordered[:half], *ordered[-half:]]


def test_drawn_cells_are_the_same_each_time_and_differ_among_themselves() -> None:
    cells = drawn_crops(48, "masked")
    assert np.array_equal(cells, drawn_crops(48, "masked"))
    assert len({cell.tobytes() for cell in cells}) == N_DRAWN
    assert (cells[:, 0, 0] == 0).all()  # outside of every cell
    sizes = (cells.max(axis=3) > 0).mean(axis=(1, 2))
    assert sizes.max() > 1.5 * sizes.min()
    assert not np.array_equal(cells, drawn_crops(48, "masked", seed=17))
