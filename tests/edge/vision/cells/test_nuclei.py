"""From stain to whole nuclei: cores that touch are parted, lobes are joined."""

from typing import Any

import numpy as np
import pytest
from tests.edge.vision.cells.drawn_masks import NOTHING, SCALE_UM_PER_PX, Disc, discs

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.vision.cells.lobes import LobeLimits
from leukoscope_edge.vision.cells.nuclei import MIN_LOBE_UM2, label_nuclei

ONE, BESIDE = (80, 100, 4.6), (132, 100, 4.6)
"""Two nuclei that overlap a little."""


def labelled(
    nuclei: BoolArray, body: BoolArray | None = None, **more: Any
) -> tuple[np.ndarray, int]:
    held = nuclei if body is None else body
    labels, places = label_nuclei(nuclei, lambda: held, SCALE_UM_PER_PX, **more)
    assert set(np.unique(labels)) - {0} == places.keys()
    for label, place in places.items():
        rows, columns = place.window
        assert (labels[rows, columns] == label).sum() == place.area_px
        assert (labels == label).sum() == place.area_px
    return labels, len(places)


def test_where_there_is_no_stain_there_is_no_nucleus() -> None:
    labels, n = labelled(NOTHING)
    assert n == 0
    assert labels.dtype == np.int32


@pytest.mark.parametrize(
    ("drawn", "n"),
    [
        ([ONE], 1),
        ([ONE, BESIDE], 2),
        ([ONE, (180, 100, 4.6)], 2),
        ([(80, 100, 4.6), (92, 100, 4.6)], 1),  # an oval
    ],
)
def test_thick_cores_that_touch_are_nuclei_of_their_own(
    drawn: list[Disc], n: int
) -> None:
    assert labelled(discs(*drawn))[1] == n


def test_nuclei_that_touch_are_parted_midway() -> None:
    labels, _ = labelled(discs(ONE, BESIDE))
    assert labels[100, 104] != labels[100, 108]
    assert labels[100, 80] == labels[100, 104]


@pytest.mark.parametrize(("red", "n"), [(90, 1), (104, 1), (114, 2), (40, 2)])
def test_lobes_of_one_nucleus_are_stained_alike(red: int, n: int) -> None:
    """The optical density in red may differ by 0.2: red of 90 and of 110."""
    lobes, body = discs((100, 100, 2.0), (128, 100, 2.0)), discs((114, 100, 6.0))
    colours = np.full((*lobes.shape, 3), 230, np.uint8)
    colours[:, :114] = (90, 60, 150)
    colours[:, 114:] = (red, 60, 150)
    assert labelled(lobes, body, colours=colours)[1] == n
    assert labelled(lobes, body)[1] == 1


def test_lobes_of_one_body_have_one_label() -> None:
    lobes = discs((100, 100, 2.0), (128, 100, 2.0))
    body = discs((114, 100, 6.0))
    labels, n = labelled(lobes, body)
    assert n == 1
    assert labels[100, 100] == labels[100, 128] > 0
    assert labels[100, 114] == 0  # the gap is no nucleus
    assert labelled(lobes, body, limits=LobeLimits(gap_um=0.2))[1] == 2


def test_a_granule_joins_nothing_and_keeps_its_label() -> None:
    radius_um = 0.9 * float(np.sqrt(MIN_LOBE_UM2 / np.pi))
    granule = (114, 118, radius_um)
    nuclei = discs((100, 100, 2.0), (128, 100, 2.0), granule)
    assert labelled(nuclei, discs((114, 104, 6.2)))[1] == 2


def test_more_parts_than_a_frame_can_hold_are_left_as_they_are() -> None:
    nuclei = np.zeros((400, 400), np.bool_)
    for y in range(0, 400, 16):
        for x in range(0, 400, 16):
            nuclei[y : y + 10, x : x + 10] = True
    _, n = labelled(nuclei, np.ones_like(nuclei))
    assert n == 25 * 25
