from dataclasses import replace

import numpy as np
import pytest
from tests.edge.counting.detections import PICTURE, detection

from leukoscope_edge.counting.cells import BIN_PX, MAX_KEPT, MERGE_RADII, CellRegistry
from leukoscope_edge.types import Call, CallName


def test_an_empty_album_has_no_cell() -> None:
    assert CellRegistry().cells() == ()


def test_the_same_place_in_many_frames_is_one_cell() -> None:
    registry = CellRegistry()
    for i in range(10):
        registry.add([detection(f"f{i}", 100 + i % 3, 50)])
    (cell,) = registry.cells()
    assert cell.n_sightings == 10
    assert len(cell.sightings) == MAX_KEPT


def test_only_what_is_kept_is_cut_out_and_for_people_the_sharpest() -> None:
    registry = CellRegistry()
    cut: list[str] = []
    shown: list[str] = []
    for name, sharpness in zip("abcdef", [5.0, 4.0, 3.0, 3.0, 2.0, 6.0], strict=True):
        one = replace(
            detection(name, 0, 0, sharpness=sharpness),
            cut=lambda name=name: (cut.append(name), PICTURE)[1],
            cut_view=lambda name=name: (shown.append(name), PICTURE)[1],
        )
        registry.add([one])
    (cell,) = registry.cells()
    assert cut == ["a", "b", "c", "f"]
    assert shown == ["a", "f"]
    assert [s.frame for s in cell.sightings] == ["f", "a", "b"]
    assert cell.n_sightings == 6


def test_the_sharpest_sightings_are_kept_first() -> None:
    registry = CellRegistry()
    for i, sharpness in enumerate([3.0, 9.0, 1.0, 5.0]):
        registry.add([detection(f"f{i}", 0, 0, sharpness=sharpness)])
    (cell,) = registry.cells()
    assert [s.sharpness for s in cell.sightings] == [9.0, 5.0, 3.0]
    assert cell.best.sharpness == 9.0


def test_two_cells_of_one_frame_stay_two_even_where_they_touch() -> None:
    registry = CellRegistry()
    for i in range(5):
        registry.add([detection(f"f{i}", 0, 0), detection(f"f{i}", 15, 0)])
    assert [c.n_sightings for c in registry.cells()] == [5, 5]


def test_cells_across_the_border_of_a_bin_are_one() -> None:
    registry = CellRegistry()
    registry.add([detection("a", 63.5, 63.5)])
    registry.add([detection("b", 64.5, 64.5)])
    assert len(registry.cells()) == 1


def test_cells_of_two_islands_are_never_one_until_the_islands_are_joined() -> None:
    registry = CellRegistry()
    registry.add([detection("a", 0, 0), detection("a", 500, 0)], island=0)
    registry.add([detection("b", 100, 50), detection("b", 900, 50)], island=1)
    assert len(registry.cells()) == 4
    registry.join(1, into=0, shift_px=(-100.0, -50.0))
    found = registry.cells()
    assert [(c.id, c.n_sightings, c.island) for c in found] == [
        (1, 2, 0),
        (2, 1, 0),
        (4, 1, 0),
    ]
    assert [c.best.slide_px for c in found] == [(0, 0), (500, 0), (800, 0)]
    assert [s.slide_px for s in found[0].sightings] == [(0, 0), (0, 0)]
    registry.add([detection("c", 800, 0)], island=0)
    assert len(registry.cells()) == 3


def test_a_count_goes_on_after_earlier_cells() -> None:
    first = CellRegistry()
    first.add([detection("a", 0, 0)], island=3)
    second = CellRegistry(first.cells())
    second.add([detection("a", 0, 0)], island=4)
    assert [(c.id, c.island) for c in second.cells()] == [(1, 3), (2, 4)]
    third = CellRegistry(second.cells())
    third.add([detection("a", 500, 0)], island=4)
    assert [c.id for c in third.cells()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("sharpness", "is_kept"), [(1.0, True), (2.0, True), (2.5, False), (9.0, False)]
)
def test_a_call_stands_until_another_picture_of_the_cell_is_kept(
    sharpness: float, *, is_kept: bool
) -> None:
    registry = CellRegistry()
    for i, known in enumerate([4.0, 3.0, 2.0]):
        registry.add([detection(f"f{i}", 0, 0, sharpness=known)])
    (cell,) = registry.cells()
    call = Call(name=CallName.NORMAL, p_blast=0.1)
    registry.keep_calls([replace(cell, call=call)])
    registry.add([detection("f9", 0, 0, sharpness=sharpness)])
    (cell,) = registry.cells()
    assert cell.call == (call if is_kept else None)


@pytest.mark.parametrize("sharpest", ["a", "b"])
def test_cells_that_join_show_people_the_sharpest_of_both(sharpest: str) -> None:
    registry, views = (
        CellRegistry(),
        {n: np.full((2, 2, 3), ord(n), np.uint8) for n in "ab"},
    )
    for island, name in enumerate("ab"):
        one = detection(name, 0, 0, sharpness=2.0 if name == sharpest else 1.0)
        registry.add([replace(one, cut_view=lambda name=name: views[name])], island)
    registry.join(1, 0, (0.0, 0.0))
    (cell,) = registry.cells()
    assert cell.best.frame == sharpest
    assert cell.view is views[sharpest]


def test_of_two_cells_within_reach_the_nearer_is_seen_again() -> None:
    registry = CellRegistry()
    registry.add([detection("a", 0, 0), detection("a", 20, 0)])
    registry.add([detection("b", 12, 0)])
    assert [c.n_sightings for c in registry.cells()] == [1, 2]


@pytest.mark.parametrize(("beyond_px", "n_cells"), [(0.0, 1), (0.01, 2)])
def test_what_lies_within_reach_to_the_last_is_one_cell(
    beyond_px: float, n_cells: int
) -> None:
    registry = CellRegistry()
    for frame, x in (("a", 0.0), ("b", MERGE_RADII * 20 + beyond_px)):
        registry.add([detection(frame, x, 0)])
    assert len(registry.cells()) == n_cells


def test_a_cell_that_was_seen_once_is_near_its_place_alone() -> None:
    registry = CellRegistry()
    assert not registry.has_near((0, 0), 0, 10.0)
    registry.add([detection("a", 0, 0)])
    assert registry.has_near((5, 0), 0, 10.0)
    assert not registry.has_near((15, 0), 0, 10.0)


def test_large_nuclei_are_compared_beyond_the_next_bin() -> None:
    registry = CellRegistry()
    registry.add([detection("a", 10, 0, radius_px=180)])
    registry.add([detection("b", 165, 0, radius_px=180)])
    assert len(registry.cells()) == 1


@pytest.mark.parametrize(
    ("island", "reach_px", "expected"), [(0, 29.9, 0), (0, 30.0, 3), (1, 30.0, 0)]
)
def test_says_how_often_the_cell_near_a_place_was_seen(
    island: int, reach_px: float, expected: int
) -> None:
    registry = CellRegistry()
    for i in range(3):
        registry.add([detection(f"f{i}", 100, 50)])
    assert registry.n_sightings_near((130, 50), island, reach_px) == expected


@pytest.mark.parametrize("way", [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)])
def test_a_cell_is_known_across_the_rim_of_a_bin(way: tuple[int, int]) -> None:
    registry = CellRegistry()
    middle = 3.5 * BIN_PX
    for frame, part in (("a", 0.51), ("b", 0.49)):
        x, y = (middle + part * BIN_PX * step for step in way)
        registry.add([detection(frame, x, y)])
    assert len(registry.cells()) == 1


def test_a_cell_is_seen_again_on_the_first_island_where_none_is_named() -> None:
    registry = CellRegistry()
    registry.add([detection("a", 0, 0)])
    registry.see_again([detection("b", 0, 0)])
    assert [c.n_sightings for c in registry.cells()] == [2]


@pytest.mark.parametrize("radius_px", [9.0, 43.0, 60.0])
def test_no_cell_within_reach_is_left_out_of_those_beside(radius_px: float) -> None:
    """At a fine scale the reach is longer than a bin."""
    reach_radii, rng = 1.5, np.random.default_rng(7)
    registry, others = CellRegistry(), CellRegistry()
    for i, (x, y) in enumerate(rng.uniform(0, 3000, (120, 2))):
        registry.add([detection(f"a{i}", x, y, radius_px=radius_px)], i % 2)
    for i, (x, y) in enumerate(rng.uniform(0, 3000, (400, 2))):
        others.add([detection(f"b{i}", x, y, radius_px=radius_px)], i % 2)
    reach_px = reach_radii * radius_px
    within = [
        c
        for c in others.cells()
        if registry.has_near(c.best.slide_px, c.island, reach_px)
    ]
    beside = registry.beside(others.cells(), reach_radii)
    assert len(within) > 0
    assert {c.id for c in within} <= {c.id for c in beside}
    assert CellRegistry().beside(others.cells(), reach_radii) == []
