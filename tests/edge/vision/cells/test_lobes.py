"""Parts of stain are lobes of one nucleus where one cell body holds them."""

import numpy as np
import pytest
from tests.edge.vision.cells.drawn_masks import NOTHING, SCALE_UM_PER_PX, Disc, discs

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.vision import parts_of
from leukoscope_edge.vision.cells.lobes import (
    MAX_LOBE_ROUNDNESS,
    Group,
    density_of,
    group_of,
    join_lobes,
)
from leukoscope_edge.vision.morphology import depth_of

WHOLE_UM = 3.8
"""Radius of a disc that is thick enough for a whole nucleus."""
LOBES = ((100, 100, 2.0), (128, 100, 2.0))
"""4.5 micrometres apart from middle to middle."""


def groups_of(nuclei: BoolArray) -> list[Group]:
    labels, places = parts_of(nuclei.astype("uint8"))
    groups = []
    for label, place in places.items():
        is_own = labels == label
        own = is_own[place.window].astype("uint8")
        depth = depth_of(is_own)[place.window]
        is_thick = float(depth.max()) * SCALE_UM_PER_PX > WHOLE_UM
        groups.append(group_of(label, own, place, depth, is_thick=is_thick))
    return groups


def n_joined(nuclei: BoolArray, body: BoolArray, **more: float) -> int:
    groups = groups_of(nuclei)
    join_lobes(groups, lambda: body, SCALE_UM_PER_PX, **more)
    return len(groups)


def test_no_parts_are_no_groups() -> None:
    assert n_joined(NOTHING, NOTHING) == 0


def test_a_part_knows_its_thickness_and_whether_it_is_round() -> None:
    round_one, long_one = discs((60, 60, 2.5)), discs()
    long_one[100:112, 60:120] = True
    (disc,), (bar,) = groups_of(round_one), groups_of(long_one)
    assert disc.depth_px == pytest.approx(2.5 / SCALE_UM_PER_PX, rel=0.1)
    assert disc.is_round
    assert not bar.is_round
    assert MAX_LOBE_ROUNDNESS < 1


def test_lobes_in_one_body_are_one_nucleus() -> None:
    assert n_joined(discs(*LOBES), discs((114, 100, 6.0))) == 1


def test_lobes_with_plasma_between_them_are_two() -> None:
    bodies = discs(*((x, y, radius + 0.3) for x, y, radius in LOBES))
    assert n_joined(discs(*LOBES), bodies) == 2


@pytest.mark.parametrize(("max_gap_um", "n"), [(1.0, 1), (0.2, 2)])
def test_no_wider_gap_is_bridged_than_is_allowed(max_gap_um: float, n: int) -> None:
    body = discs((114, 100, 6.0))
    assert n_joined(discs(*LOBES), body, max_gap_um=max_gap_um) == n


def test_the_density_of_joined_lobes_is_that_of_all_by_area() -> None:
    """So that a third lobe is compared with both."""
    groups = groups_of(discs((100, 100, 2.0), (128, 100, 2.0), (154, 100, 1.6)))
    for group, density in zip(groups, (1.0, 1.15, 1.25), strict=True):
        group.density = density
    body = discs((114, 100, 6.0), (140, 100, 6.0))
    join_lobes(groups, lambda: body, SCALE_UM_PER_PX)
    assert sorted(len(g.parts) for g in groups) == [3]
    areas = [(1.0, 2.0**2), (1.15, 2.0**2), (1.25, 1.6**2)]
    mean = sum(d * a for d, a in areas) / sum(a for _, a in areas)
    assert groups[0].density == pytest.approx(mean, rel=0.02)


@pytest.mark.parametrize(
    ("red", "density"), [(230, 0.0), (85, 0.995), (0, 5.44), (255, -0.1)]
)
def test_density_is_measured_in_red_under_the_mask(red: int, density: float) -> None:
    colours = np.full((9, 9, 3), 200, np.uint8)
    own = np.zeros((9, 9), np.uint8)
    own[3:6, 3:6] = 1
    colours[3:6, 3:6, 0] = red
    assert density_of(colours, own) == pytest.approx(density, abs=0.01)


def test_two_whole_nuclei_stay_two_though_their_cells_touch() -> None:
    nuclei = ((80, 100, 4.5), (150, 100, 4.5))
    bodies = discs(*((x, y, 5.6) for x, y, _ in nuclei))
    assert n_joined(discs(*nuclei), bodies) == 2


def test_a_chain_of_lobes_becomes_one() -> None:
    chain: list[Disc] = [(90, 90, 1.8), (112, 106, 1.8), (134, 92, 1.8)]
    groups = groups_of(discs(*chain))
    join_lobes(groups, lambda: discs((112, 98, 6.2)), SCALE_UM_PER_PX)
    (group,) = groups
    assert sorted(group.parts) == [1, 2, 3]


def test_the_body_is_not_asked_for_where_no_two_parts_are_near() -> None:
    far: list[Disc] = [(30, 30, 2.0), (210, 170, 2.0)]

    def body() -> BoolArray:
        raise AssertionError("asked for a body")

    groups = groups_of(discs(*far))
    join_lobes(groups, body, SCALE_UM_PER_PX)
    assert len(groups) == 2
