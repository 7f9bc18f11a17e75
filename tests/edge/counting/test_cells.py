from dataclasses import replace

import numpy as np
import pytest

from leukoscope_edge.counting.cells import MAX_KEPT, MERGE_RADII, Album
from leukoscope_edge.types import Call, CallName, Glimpse

PICTURE = np.zeros((4, 4, 3), np.uint8)


def glimpse(
    frame: str, x: float, y: float, *, sharpness: float = 1.0, radius_px: float = 20
) -> Glimpse:
    return Glimpse(
        frame=frame,
        box_px=(0, 0, 40, 40),
        centre_px=(20.0, 20.0),
        slide_px=(x, y),
        sharpness=sharpness,
        radius_px=radius_px,
        cut=lambda: PICTURE,
        cut_view=lambda: PICTURE,
    )


def test_an_empty_album_has_no_cell() -> None:
    assert Album().cells() == ()


def test_the_same_place_in_many_frames_is_one_cell() -> None:
    album = Album()
    for i in range(10):
        album.add([glimpse(f"f{i}", 100 + i % 3, 50)])
    (cell,) = album.cells()
    assert cell.n_sightings == 10
    assert len(cell.sightings) == MAX_KEPT


def test_only_what_is_kept_is_cut_out_and_for_people_the_sharpest() -> None:
    album = Album()
    cut: list[str] = []
    shown: list[str] = []
    for name, sharpness in zip("abcdef", [5.0, 4.0, 3.0, 3.0, 2.0, 6.0], strict=True):
        one = replace(
            glimpse(name, 0, 0, sharpness=sharpness),
            cut=lambda name=name: (cut.append(name), PICTURE)[1],
            cut_view=lambda name=name: (shown.append(name), PICTURE)[1],
        )
        album.add([one])
    (cell,) = album.cells()
    assert cut == ["a", "b", "c", "f"]
    assert shown == ["a", "f"]
    assert [s.frame for s in cell.sightings] == ["f", "a", "b"]
    assert cell.n_sightings == 6


def test_the_sharpest_sightings_are_kept_first() -> None:
    album = Album()
    for i, sharpness in enumerate([3.0, 9.0, 1.0, 5.0]):
        album.add([glimpse(f"f{i}", 0, 0, sharpness=sharpness)])
    (cell,) = album.cells()
    assert [s.sharpness for s in cell.sightings] == [9.0, 5.0, 3.0]
    assert cell.best.sharpness == 9.0


def test_two_cells_of_one_frame_stay_two_even_where_they_touch() -> None:
    album = Album()
    for i in range(5):
        album.add([glimpse(f"f{i}", 0, 0), glimpse(f"f{i}", 15, 0)])
    assert [c.n_sightings for c in album.cells()] == [5, 5]


def test_cells_across_the_border_of_a_bin_are_one() -> None:
    album = Album()
    album.add([glimpse("a", 63.5, 63.5)])
    album.add([glimpse("b", 64.5, 64.5)])
    assert len(album.cells()) == 1


def test_cells_of_two_islands_are_never_one_until_the_islands_are_joined() -> None:
    album = Album()
    album.add([glimpse("a", 0, 0), glimpse("a", 500, 0)], island=0)
    album.add([glimpse("b", 100, 50), glimpse("b", 900, 50)], island=1)
    assert len(album.cells()) == 4
    album.join(1, into=0, shift_px=(-100.0, -50.0))
    found = album.cells()
    assert [(c.id, c.n_sightings, c.island) for c in found] == [
        (1, 2, 0),
        (2, 1, 0),
        (4, 1, 0),
    ]
    album.add([glimpse("c", 800, 0)], island=0)
    assert len(album.cells()) == 3


def test_a_count_goes_on_after_earlier_cells() -> None:
    first = Album()
    first.add([glimpse("a", 0, 0)], island=3)
    second = Album(first.cells())
    second.add([glimpse("a", 0, 0)], island=4)
    assert [(c.id, c.island) for c in second.cells()] == [(1, 3), (2, 4)]
    third = Album(second.cells())
    third.add([glimpse("a", 500, 0)], island=4)
    assert [c.id for c in third.cells()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("sharpness", "is_kept"), [(1.0, True), (2.0, True), (2.5, False), (9.0, False)]
)
def test_a_call_stands_until_another_picture_of_the_cell_is_kept(
    sharpness: float, *, is_kept: bool
) -> None:
    album = Album()
    for i, known in enumerate([4.0, 3.0, 2.0]):
        album.add([glimpse(f"f{i}", 0, 0, sharpness=known)])
    (cell,) = album.cells()
    call = Call(name=CallName.NORMAL, p_blast=0.1)
    album.keep_calls([replace(cell, call=call)])
    album.add([glimpse("f9", 0, 0, sharpness=sharpness)])
    (cell,) = album.cells()
    assert cell.call == (call if is_kept else None)


@pytest.mark.parametrize("sharpest", ["a", "b"])
def test_cells_that_join_show_people_the_sharpest_of_both(sharpest: str) -> None:
    album, views = Album(), {n: np.full((2, 2, 3), ord(n), np.uint8) for n in "ab"}
    for island, name in enumerate("ab"):
        one = glimpse(name, 0, 0, sharpness=2.0 if name == sharpest else 1.0)
        album.add([replace(one, cut_view=lambda name=name: views[name])], island)
    album.join(1, 0, (0.0, 0.0))
    (cell,) = album.cells()
    assert cell.best.frame == sharpest
    assert cell.view is views[sharpest]


def test_of_two_cells_within_reach_the_nearer_is_seen_again() -> None:
    album = Album()
    album.add([glimpse("a", 0, 0), glimpse("a", 20, 0)])
    album.add([glimpse("b", 12, 0)])
    assert [c.n_sightings for c in album.cells()] == [1, 2]


@pytest.mark.parametrize(("beyond_px", "n_cells"), [(0.0, 1), (0.01, 2)])
def test_what_lies_within_reach_to_the_last_is_one_cell(
    beyond_px: float, n_cells: int
) -> None:
    album = Album()
    for frame, x in (("a", 0.0), ("b", MERGE_RADII * 20 + beyond_px)):
        album.add([glimpse(frame, x, 0)])
    assert len(album.cells()) == n_cells


def test_a_cell_that_was_seen_once_is_near_its_place_alone() -> None:
    album = Album()
    assert not album.has_near((0, 0), 0, 10.0)
    album.add([glimpse("a", 0, 0)])
    assert album.has_near((5, 0), 0, 10.0)
    assert not album.has_near((15, 0), 0, 10.0)


def test_large_nuclei_are_compared_beyond_the_next_bin() -> None:
    album = Album()
    album.add([glimpse("a", 10, 0, radius_px=180)])
    album.add([glimpse("b", 165, 0, radius_px=180)])
    assert len(album.cells()) == 1


@pytest.mark.parametrize(
    ("island", "reach_px", "expected"), [(0, 29.9, 0), (0, 30.0, 3), (1, 30.0, 0)]
)
def test_says_how_often_the_cell_near_a_place_was_seen(
    island: int, reach_px: float, expected: int
) -> None:
    album = Album()
    for i in range(3):
        album.add([glimpse(f"f{i}", 100, 50)])
    assert album.n_sightings_near((130, 50), island, reach_px) == expected
