"""A cell in two pictures of separate fields is known by what lies around it."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.counting.seen_twice import doubts_of_twice, n_seen_before
from leukoscope_edge.types import Cell, Sighting


def clouds() -> U8:
    """Coloured clouds as large as cells: no place of them is like another."""
    random = np.random.default_rng(0)
    field = cv2.GaussianBlur(random.normal(0, 1, (480, 640, 3)), (0, 0), 8.0)
    return np.asarray(cv2.normalize(field, None, 60, 230, cv2.NORM_MINMAX), np.uint8)


PIXELS = clouds()
SIDE_PX = 96
PLACES = tuple((x, y) for y in range(60, 400, 110) for x in range(60, 560, 100))


def view_at(pixels: U8, x: int, y: int) -> U8:
    return np.maximum(pixels[y : y + SIDE_PX, x : x + SIDE_PX], 1)


def cell(frame: str, view: U8) -> Cell:
    sighting = Sighting(
        frame=frame,
        box_px=(0, 0, 1, 1),
        centre_px=(0.0, 0.0),
        slide_px=(0.0, 0.0),
        sharpness=1.0,
        crop=np.zeros((1, 1, 3), np.uint8),
        radius_px=9.0,
    )
    return Cell(id=1, sightings=(sighting,), n_sightings=1, view=view)


def again(pixels: U8) -> U8:
    """The same field once more: darker, redder, less sharp, with noise, as a JPEG."""
    random = np.random.default_rng(1)
    other = cv2.GaussianBlur(pixels, (0, 0), 1.0) * np.array([0.95, 0.92, 0.9])
    noisy = np.clip(other + random.normal(0, 3, pixels.shape), 0, 255)
    _, data = cv2.imencode(
        ".jpg", noisy.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80]
    )
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


AGAIN = again(PIXELS)
FIRST = [cell("a", view_at(PIXELS, x, y)) for x, y in PLACES]
SHIFTED = [cell("b", view_at(AGAIN, x + 2, y - 1)) for x, y in PLACES]


@pytest.mark.real
def test_hardly_a_cell_of_another_picture_is_the_same(real_data: Path) -> None:
    """Of 300 on pale ground few agree to more than 0.92; three or four stand twice."""
    pictures = sorted((real_data / "wbc-crops-120" / "images").iterdir())
    cells = [cell(p.name, np.asarray(cv2.imread(str(p)), np.uint8)) for p in pictures]
    assert len(cells) == 300
    assert n_seen_before(cells) <= 4
    assert doubts_of_twice(cells) == ()


@pytest.mark.parametrize("cells", [[], FIRST[:1], FIRST])
def test_cells_of_one_field_are_each_their_own(cells: list[Cell]) -> None:
    assert n_seen_before(cells) == 0
    assert doubts_of_twice(cells) == ()


def test_other_cells_in_another_picture_are_others() -> None:
    others = [cell("b", c.view) for c in FIRST[1::2]]
    assert n_seen_before([*FIRST[::2], *others]) == 0


def test_a_field_that_was_taken_again_shows_the_same_cells() -> None:
    assert n_seen_before([*FIRST, *SHIFTED]) == len(PLACES)
    (doubt,) = doubts_of_twice([*FIRST, *SHIFTED])
    assert doubt.reason.id == "seen-twice"
    assert dict(doubt.reason.params) == {"k": len(PLACES), "n": 2 * len(PLACES)}
    assert not doubt.spoils_calls  # blasts are blasts, and are said with it


def test_a_cell_in_three_pictures_is_two_too_many() -> None:
    thrice = [replace(c, sightings=(replace(c.best, frame="c"),)) for c in SHIFTED]
    assert n_seen_before([*FIRST, *SHIFTED, *thrice]) == 2 * len(PLACES)


def test_one_in_twenty_is_let_pass() -> None:
    assert doubts_of_twice([*FIRST[1:], *SHIFTED[:1]]) == ()
    assert doubts_of_twice([*FIRST, *SHIFTED[:1]]) == ()
    assert doubts_of_twice([*FIRST, *SHIFTED[:2]]) != ()


def test_places_beyond_the_frame_are_no_likeness() -> None:
    """Of a cell at the edge the most of its view is black, as of any other there."""
    at_edge = []
    for frame, place in (("a", 0), ("b", 7)):
        view = FIRST[place].view.copy()
        view[SIDE_PX // 3 :] = 0
        at_edge.append(cell(frame, view))
    assert n_seen_before(at_edge) == 0
    nothing = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    assert n_seen_before([cell("a", nothing), cell("b", nothing)]) == 0


def test_many_are_compared_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leukoscope_edge.counting.seen_twice.AT_ONCE", 3)
    assert n_seen_before([*FIRST, *SHIFTED]) == len(PLACES)
