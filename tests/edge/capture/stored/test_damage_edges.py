"""Where damage begins to be damage: the edges of each rule, on small drawn pictures."""

import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored import damage
from leukoscope_edge.capture.stored.damage import damage_of
from leukoscope_edge.messages import message

WIDTH, HEIGHT = 100, 20


def motley() -> U8:
    """(20, 100, 3) uint8 in which no two neighbours have one colour."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    grey = (rows * 7 + columns * 13) % 97
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def with_run(start: int, end: int) -> U8:
    """One colour from a pixel to another, in the order in which they are stored."""
    pixels = motley()
    pixels.reshape(-1, 3)[start:end] = 128
    return pixels


@pytest.mark.parametrize(
    ("start", "end", "is_blank"),
    [
        (500, 900, False),  # whole rows: a bar
        (530, 900, True),  # begins inside a row
        (501, 900, True),
        (130, 900, True),  # in the second row, below the first
        (30, 900, False),  # in the first row, above which there is nothing
        (500, 930, True),  # ends inside a row
        (500, 901, True),
        (1500, 1930, False),  # in the last row, below which there is nothing
        (1500, 2000, False),
        (510, 550, False),  # short: a fiftieth of all pixels
        (510, 551, True),
    ],
)
def test_a_run_of_one_colour_is_blank_where_it_begins_or_ends_alone(
    start: int, end: int, *, is_blank: bool
) -> None:
    assert damage._has_blank(with_run(start, end)) == is_blank


def test_a_run_under_another_of_its_colour_is_a_burnt_in_edge() -> None:
    pixels = with_run(530, 900)
    pixels[4, 65:] = 128  # the next row's edge, some pixels off
    assert not damage._has_blank(pixels)


def test_a_blank_end_of_a_picture_whose_rows_go_upwards_is_found() -> None:
    pixels = with_run(530, 900)[::-1]
    assert not damage._has_blank(pixels)
    assert damage_of(pixels) == message("damage-blank")


@pytest.mark.parametrize(
    ("colour", "is_blank"), [((128, 128, 255), True), ((255, 255, 255), False)]
)
def test_white_alone_may_be_blank(colour: tuple[int, ...], is_blank: bool) -> None:
    pixels = motley()
    pixels.reshape(-1, 3)[530:900] = colour
    assert damage._has_blank(pixels) == is_blank


@pytest.mark.parametrize(("n_other", "is_picture"), [(0, 0), (1, 0), (2, 0), (3, 1)])
def test_more_than_half_of_a_row_is_a_picture(n_other: int, is_picture: int) -> None:
    colour = np.full(3, 128, np.uint8)
    row = np.full((4, 3), 128, np.uint8)
    row[:n_other] = 7
    assert damage._is_picture(row, colour) == bool(is_picture)
    assert not damage._is_picture(row[:0], colour)


@pytest.mark.parametrize("shape", [(1, 90), (90, 1), (1, 1)])
def test_a_line_of_pixels_has_no_damage(shape: tuple[int, int]) -> None:
    pixels = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(*shape, 1)
    assert damage_of(np.repeat(pixels, 3, axis=2)) is None


def in_steps(levels: list[int], width: int = 90) -> U8:
    """Rows whose neighbours differ by so many levels each, and are alike below.

    They move by one level from row to row: none is blank.
    """
    pixels = np.zeros((len(levels), width, 3), np.uint8)
    pixels[:, 1::2] = np.array(levels, np.uint8)[:, None, None]
    pixels += (np.arange(len(levels), dtype=np.uint8) % 2)[:, None, None]
    return pixels


NOISE = message("damage-noise")


@pytest.mark.parametrize(
    ("levels", "is_noise"),
    [
        ([61] * 3 + [20] * 97, True),
        ([61] * 2 + [20] * 98, False),  # a fiftieth of the rows
        ([60] * 3 + [20] * 97, False),
        ([61] * 3 + [29] * 97, True),
        ([61] * 3 + [30] * 97, False),  # all of it is lively
    ],
)
def test_what_is_livelier_than_any_smear_in_a_calm_picture_is_noise(
    levels: list[int], *, is_noise: bool
) -> None:
    assert (damage_of(in_steps(levels)) == NOISE) == is_noise


def test_noise_is_sought_in_all_columns() -> None:
    """A wide picture of few rows, and one of two columns."""
    wide = in_steps([20] * 40, 400)
    wide[10:20, 41::2] = 200
    assert damage_of(wide) == NOISE
    assert damage_of(in_steps([61] * 3 + [20] * 97, 2)) == NOISE


def rows_with_a_step(step: list[int]) -> U8:
    """Ten rows that rise by one level each, but from the fifth to the sixth."""
    rise = np.ones((9, len(step)), np.int64)
    rise[4] = step
    rows = np.vstack([np.zeros((1, len(step)), np.int64), rise.cumsum(axis=0)])
    return np.repeat(rows[..., None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("step", "is_step"),
    [
        ([10, 10, 10, 10], True),
        ([8, 8, 8, 8], False),  # eight times the usual one
        ([9, 9, 10, 20], False),  # half of the columns at nine and a half
        ([9, 10, 10, 20], True),
        ([1, 10, 10, 11], False),
    ],
)
def test_a_step_is_high_and_wide(step: list[int], *, is_step: bool) -> None:
    found = damage._is_step(rows_with_a_step(step))
    assert found.tolist() == [False] * 4 + [is_step] + [False] * 4


@pytest.mark.parametrize(("step", "is_step"), [(16, False), (17, True)])
def test_a_step_is_high_above_the_usual_one(step: int, *, is_step: bool) -> None:
    rise = np.full(9, 2)
    rise[4] = step
    column = np.concatenate([[0], rise.cumsum()])[:, None, None]
    rows = np.broadcast_to(column, (10, 4, 3)).astype(np.uint8)
    assert damage._is_step(rows)[4] == is_step


def early(at: int, height: int, n_rows: int = 40, colour: int | None = None) -> U8:
    """Only the first blocks are whole: what follows is 60 levels brighter."""
    rows, columns = np.indices((n_rows, 300))
    grey = rows % 2 + columns % 3 + 60
    grey[:height, :at] -= 60
    if colour is not None:
        grey[:height, :at] = colour
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("at", "height", "is_seam"),
    [
        (64, 8, True),
        (64, 16, True),
        (104, 16, True),
        (56, 8, False),
        (65, 8, False),
        (64, 9, False),
    ],
)
def test_an_early_seam_lies_at_the_edge_of_a_block(
    at: int, height: int, *, is_seam: bool
) -> None:
    assert damage._has_early_seam(early(at, height)) == is_seam


def test_a_label_in_the_corner_and_the_last_row_of_blocks_are_no_seam() -> None:
    assert not damage._has_early_seam(early(64, 8, colour=0))
    for n_rows in (8, 16):
        assert not damage._has_early_seam(early(64, n_rows, n_rows))
