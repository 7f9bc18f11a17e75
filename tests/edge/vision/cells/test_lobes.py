"""Parts of stain are lobes of one nucleus where one cell body holds them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.edge.vision.cells.drawn_masks import NOTHING, SCALE_UM_PER_PX, Disc, discs

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.vision import parts_of
from leukoscope_edge.vision.cells.lobes import (
    MAX_LOBE_ROUNDNESS,
    NO_LIMITS,
    Group,
    LobeLimits,
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


def n_joined(nuclei: BoolArray, body: BoolArray, limits: LobeLimits = NO_LIMITS) -> int:
    groups = groups_of(nuclei)
    join_lobes(groups, lambda: body, SCALE_UM_PER_PX, limits=limits)
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
    assert n_joined(discs(*LOBES), body, LobeLimits(gap_um=max_gap_um)) == n


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


TOUCH_UM, APART_UM = 0.0, 1.1
"""Between rims: of what was one part, and of neighbours."""


def two(
    radii_um: tuple[float, float],
    *,
    gap_um: float = APART_UM,
    depths_um: tuple[float, float] | None = None,
    n_thick: int = 0,
    round_ones: tuple[bool, bool] = (True, True),
) -> list[Group]:
    """Two discs side by side, said to be as thick and as round as asked."""
    (a, b), (x, y) = radii_um, (120, 100)
    step = (a + b + gap_um) / SCALE_UM_PER_PX
    places = ((round(x - step / 2), y, a), (round(x + step / 2), y, b))
    groups = [groups_of(discs(place))[0] for place in places]
    return [
        replace(
            group,
            depth_px=depth / SCALE_UM_PER_PX,
            n_thick=int(i < n_thick),
            is_round=is_round,
        )
        for i, (group, depth, is_round) in enumerate(
            zip(groups, depths_um or radii_um, round_ones, strict=True)
        )
    ]


def hull_of(groups: list[Group]) -> BoolArray:
    mask = NOTHING.astype("uint8")
    hull = cv2.convexHull(np.concatenate([g.outline for g in groups]))
    cv2.fillConvexPoly(mask, hull, 1)
    return mask.view(np.bool_)


def body_filling(groups: list[Group], share: float) -> BoolArray:
    """A body as deep everywhere, whose upper rim leaves so much of the hull in it."""
    hull, body = hull_of(groups), ~NOTHING
    row = 0
    while body[hull].mean() > share:
        body[row] = False
        row += 1
    return body


def n_of(groups: list[Group], body: BoolArray, limits: LobeLimits = NO_LIMITS) -> int:
    join_lobes(groups, lambda: body, SCALE_UM_PER_PX, limits=limits)
    return len(groups)


@pytest.mark.parametrize(
    ("gap_um", "filled", "n"),
    [(TOUCH_UM, 1.0, 1), (TOUCH_UM, 0.92, 2), (APART_UM, 1.0, 2)],
)
def test_two_thick_cores_are_one_where_they_touch_and_body_fills_their_hull(
    gap_um: float, filled: float, n: int
) -> None:
    cores = two((3.6, 3.6), gap_um=gap_um, n_thick=2)
    assert n_of(cores, body_filling(cores, filled)) == n


def test_two_thick_cores_in_a_hull_wider_than_a_nucleus_are_two() -> None:
    cores = two((6.0, 6.0), gap_um=TOUCH_UM, n_thick=2)
    assert n_of(cores, ~NOTHING) == 2


def test_of_two_thick_cores_and_a_third_no_nucleus_is_made() -> None:
    cores = two((3.6, 3.6), gap_um=TOUCH_UM, n_thick=2)
    cores[0] = replace(cores[0], n_thick=2)
    assert n_of(cores, ~NOTHING) == 2


def test_a_neck_parts_large_cores_and_none_is_asked_of_small_ones() -> None:
    for radius_um, n in ((4.2, 2), (3.6, 1)):
        cores = two((radius_um, radius_um), gap_um=TOUCH_UM, n_thick=2)
        left, right = (
            (round(float(g.outline[:, 0, 0].mean())), 100, radius_um + 0.7)
            for g in cores
        )
        assert n_of(cores, discs(left, right) | hull_of(cores)) == n


@pytest.mark.parametrize("deep_end", [0, 1])
def test_a_neck_is_measured_at_the_shallower_of_two(deep_end: int) -> None:
    cores = two((4.2, 4.2), gap_um=TOUCH_UM, n_thick=2)
    x = round(float(cores[deep_end].outline[:, 0, 0].mean()))
    assert n_of(cores, discs((x, 100, 13.5))) == 1


@pytest.mark.parametrize(
    ("depths_um", "filled", "n"),
    [
        ((2.5, 2.9), 1.0, 1),
        ((2.5, 2.9), 0.95, 1),
        ((2.5, 2.9), 0.9, 2),
        ((2.0, 2.5), 0.9, 1),
        ((2.0, 3.2), 0.95, 1),
        ((2.0, 3.2), 0.9, 2),
        ((2.7, 3.2), 0.95, 2),
        ((2.7, 3.2), 1.0, 1),
        ((2.7, 3.6), 1.0, 2),
    ],
)
def test_what_is_as_thick_as_a_cell_is_no_lobe_but_through_its_body(
    depths_um: tuple[float, float], filled: float, n: int
) -> None:
    lobes = two((2.0, 2.0), depths_um=depths_um)
    assert n_of(lobes, body_filling(lobes, filled)) == n


@pytest.mark.parametrize(
    ("round_ones", "filled", "n"),
    [
        ((True, True), 0.8, 1),
        ((True, True), 0.7, 2),
        ((True, False), 0.7, 1),
        ((False, True), 0.7, 1),
        ((True, False), 0.6, 2),
    ],
)
def test_round_parts_are_lobes_where_body_fills_most_of_their_hull(
    round_ones: tuple[bool, bool], filled: float, n: int
) -> None:
    lobes = two((2.4, 2.4), depths_um=(1.5, 1.5), round_ones=round_ones)
    assert n_of(lobes, body_filling(lobes, filled)) == n


def test_the_hull_alone_is_to_be_filled_not_its_corners() -> None:
    lobes = two((2.0, 2.0), depths_um=(2.5, 2.9))
    assert n_of(lobes, hull_of(lobes)) == 1


def test_what_joined_is_as_thick_as_its_thickest_part() -> None:
    drawn: list[Disc] = [(100, 100, 3.0), (130, 100, 1.2), (160, 100, 2.6)]
    groups = [groups_of(discs(one))[0] for one in drawn]
    for group, thick_um in zip(groups, (3.6, 1.2, 2.7), strict=True):
        group.depth_px = thick_um / SCALE_UM_PER_PX
    assert n_of(groups, ~NOTHING) == 2


@pytest.mark.parametrize(("max_gap_um", "n"), [(1.0, 1), (0.2, 2)])
def test_a_gap_is_measured_downwards_too(max_gap_um: float, n: int) -> None:
    lobes = discs(*((y, x, radius) for x, y, radius in LOBES))
    body = discs((100, 114, 6.0))
    assert n_joined(lobes, body, LobeLimits(gap_um=max_gap_um)) == n


@pytest.mark.parametrize(
    ("radius_um", "gap_um", "n"), [(2.4, 1.1, 1), (2.4, 2.4, 2), (5.0, 0.5, 2)]
)
def test_parts_that_are_not_round_are_lobes_where_they_lie_close_within_a_cell(
    radius_um: float, gap_um: float, n: int
) -> None:
    lobes = two(
        (radius_um, radius_um),
        gap_um=gap_um,
        depths_um=(1.5, 1.5),
        round_ones=(False, False),
    )
    assert n_of(lobes, body_filling(lobes, 0.7)) == n


CUT_UM = 0.3
"""Between rims where a clump was cut: two pixels."""


@pytest.mark.parametrize(
    ("name", "radii_um", "gap_um", "filled", "most_um2", "n"),
    [
        ("as small as lobes", (3.4, 3.4), 0.6, 0.95, 80.0, 1),
        ("one too large", (4.0, 3.4), 0.6, 0.95, 80.0, 2),
        ("nobody limits it", (4.0, 3.4), 0.6, 0.95, NO_LIMITS.area_um2, 1),
        ("the smaller no cell's nucleus", (4.6, 2.2), 0.6, 0.95, 80.0, 1),
        ("of a clump that was cut", (4.0, 3.4), CUT_UM, 0.95, 80.0, 1),
        ("nothing but body in the hull", (4.0, 3.4), 0.6, 1.0, 80.0, 1),
    ],
)
def test_lobes_together_are_no_larger_than_a_lobed_nucleus(
    name: str,
    radii_um: tuple[float, float],
    gap_um: float,
    filled: float,
    most_um2: float,
    n: int,
) -> None:
    lobes = two(radii_um, gap_um=gap_um, depths_um=(1.8, 1.8))
    found = n_of(lobes, body_filling(lobes, filled), LobeLimits(area_um2=most_um2))
    assert found == n, name
