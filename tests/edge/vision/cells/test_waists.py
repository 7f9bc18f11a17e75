"""A line from notch to notch is a waist where it is short, or parts unlike stains."""

import cv2
import numpy as np
import pytest
from tests.edge.vision.cells.drawn_masks import SCALE_UM_PER_PX, Disc, discs

from leukoscope_edge.arrays import U8
from leukoscope_edge.vision.cells.waists import (
    UNLIKE,
    WAIST,
    WAIST_OF_UNLIKE,
    cuts_at_waists,
)

ALONE: list[Disc] = [(100, 100, 4.0)]
NARROW: list[Disc] = [(100, 100, 4.0), (144, 100, 4.0)]
"""Two discs whose common chord is 0.5 of their width; below it is 0.75."""
WIDE: list[Disc] = [(100, 100, 4.0), (134, 100, 4.0)]
BROAD: list[Disc] = [(100, 100, 4.0), (118, 100, 4.0)]
RED = 140


def mask_of(drawn: list[Disc]) -> U8:
    return discs(*drawn).view(np.uint8)


def colours(contrast: float = 0.0) -> U8:
    """Red that falls by so much of optical density in the right half."""
    seen = np.full((200, 240, 3), RED, np.uint8)
    seen[:, 118:, 0] = round(RED * float(np.exp(-contrast)))
    return seen


def n_cuts(own: U8, contrast: float = 0.0) -> int:
    return len(cuts_at_waists(own, colours(contrast), SCALE_UM_PER_PX))


def test_what_has_no_notch_has_no_waist() -> None:
    assert n_cuts(mask_of(ALONE)) == 0


def test_a_speck_too_small_for_a_hull_has_no_waist() -> None:
    speck = np.zeros((9, 9), np.uint8)
    speck[4, 4] = 1
    assert cuts_at_waists(speck, colours()[:9, :9], SCALE_UM_PER_PX) == []


@pytest.mark.parametrize(
    ("name", "drawn", "contrast", "n"),
    [
        ("narrow", NARROW, 0.0, 1),
        ("wide, alike", WIDE, 0.0, 0),
        ("wide, a little unlike", WIDE, UNLIKE - 0.1, 0),
        ("wide, unlike", WIDE, UNLIKE + 0.1, 1),
        ("hardly a waist, unlike", BROAD, UNLIKE + 0.1, 0),
    ],
)
def test_a_waist_is_narrow_or_parts_unlike_stains(
    name: str, drawn: list[Disc], contrast: float, n: int
) -> None:
    assert WAIST < WAIST_OF_UNLIKE
    assert n_cuts(mask_of(drawn), contrast) == n, name


def test_the_sides_are_the_two_nuclei_without_the_line() -> None:
    own = mask_of(NARROW)
    ((left, right),) = cuts_at_waists(own, colours(), SCALE_UM_PER_PX)
    assert not (left & right).any()
    assert not ((left | right) & (1 - own)).any()
    assert int(own.sum()) - int((left | right).sum()) < 100
    assert (left[100, 100], right[100, 144]) in {(1, 1), (0, 0)}


def test_a_bean_has_one_notch_and_is_not_cut() -> None:
    bean = mask_of([(100, 100, 5.0)])
    cv2.circle(bean, (100, 76), 16, 0, cv2.FILLED)
    assert n_cuts(bean) == 0


@pytest.mark.parametrize("radius_um", [1.3, 1.8])
def test_what_is_smaller_than_a_nucleus_is_not_cut_off(radius_um: float) -> None:
    small: Disc = (100 + round((3.9 + radius_um) / SCALE_UM_PER_PX), 100, radius_um)
    assert n_cuts(mask_of([(100, 100, 4.0), small])) == 0


def test_an_outline_that_touches_itself_is_looked_at_like_any_other() -> None:
    for seed in range(40):
        random = np.random.default_rng(seed)
        own = mask_of(NARROW)
        for _ in range(8):
            ends = random.integers(60, 160, (2, 2)).tolist()
            cv2.line(own, ends[0], ends[1], 1, 1)
        cuts_at_waists(own, colours(), SCALE_UM_PER_PX)
