"""Nuclei that touch are parted where stain is weaker; single ones stay whole."""

import itertools

import cv2
import numpy as np
import pytest

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment
from leukoscope_edge.vision.cells.clumps import cut_clumps

SCALE_UM_PER_PX = 0.16
RIM, INSIDE = 90, 130
PLASMA, GREY, BLUE = (225, 222, 215), (165, 160, 165), (95, 60, 170)
BLACK = (25, 12, 60)
Disc = tuple[int, int, int]


def stain_of(*discs: Disc) -> U8:
    """Discs at x, y and radius whose stain is weaker towards their rims."""
    stain = np.zeros((160, 200), np.uint8)
    for level, shrunk_px in ((RIM, 0), (INSIDE, 6)):
        for x, y, radius in discs:
            cv2.circle(stain, (x, y), radius - shrunk_px, level, cv2.FILLED)
    return np.asarray(cv2.GaussianBlur(stain, (0, 0), 1.0), np.uint8)


def grey(stain: U8) -> U8:
    """Colours that are alike wherever the stain is."""
    return np.full((*stain.shape, 3), 90, np.uint8)


def n_parts(stain: U8) -> int:
    cut = cut_clumps(stain > RIM // 2, stain, grey(stain), SCALE_UM_PER_PX)
    return int(cv2.connectedComponents(cut.view(np.uint8))[0]) - 1


@pytest.mark.parametrize(
    ("name", "discs", "n"),
    [
        ("nothing", [], 0),
        ("one", [(90, 80, 30)], 1),
        ("two that overlap", [(60, 80, 30), (114, 80, 30)], 2),
        ("a small one beside a large one", [(60, 80, 34), (112, 80, 22)], 2),
        ("three", [(60, 56, 26), (108, 56, 26), (84, 98, 26)], 3),
        ("an oval of two that are almost one", [(80, 80, 30), (88, 80, 30)], 1),
    ],
)
def test_a_clump_falls_into_its_nuclei(name: str, discs: list[Disc], n: int) -> None:
    assert n_parts(stain_of(*discs)) == n, name


def test_nuclei_are_parted_at_a_neck_as_dark_as_themselves() -> None:
    stain = np.zeros((160, 200), np.uint8)
    cv2.circle(stain, (60, 80), 30, INSIDE, cv2.FILLED)
    cv2.circle(stain, (130, 80), 30, INSIDE, cv2.FILLED)
    cv2.rectangle(stain, (60, 74), (130, 86), INSIDE, cv2.FILLED)
    assert n_parts(stain) == 2


def test_nuclei_are_parted_at_a_waist_too_wide_to_be_opened() -> None:
    stain = np.zeros((160, 200), np.uint8)
    for x in (70, 111):
        cv2.circle(stain, (x, 80), 24, INSIDE, cv2.FILLED)
    assert n_parts(stain) == 2


def test_a_nucleus_thinner_than_a_lymphocytes_is_parted_from_a_large_one() -> None:
    stain = np.zeros((160, 200), np.uint8)
    for level, shrunk_px in ((RIM, 0), (INSIDE, 2)):
        cv2.circle(stain, (70, 80), 30 - shrunk_px, level, cv2.FILLED)
        size = (11 - shrunk_px, 34 - shrunk_px)
        cv2.ellipse(stain, (110, 80), size, 0, 0, 360, level, cv2.FILLED)
    assert n_parts(stain) == 2


def test_a_seam_takes_little_and_adds_nothing() -> None:
    stain = stain_of((60, 80, 30), (114, 80, 30))
    nuclei = stain > RIM // 2
    cut = cut_clumps(nuclei, stain, grey(stain), SCALE_UM_PER_PX)
    assert not (cut & ~nuclei).any()
    assert 0 < int((nuclei & ~cut).sum()) < 60


def test_torn_chromatin_is_no_clump() -> None:
    stain = stain_of((90, 80, 34))
    stain[::9] = RIM
    stain[:, ::9] = RIM
    assert n_parts(stain) == 1


def marrow(*nuclei: tuple[int, int, int, tuple[int, int, int]]) -> U8:
    """Nuclei at x, y and radius in a colour, on plasma with grey red cells."""
    pixels = np.full((300, 400, 3), PLASMA, np.uint8)
    for x in range(30, 400, 90):
        cv2.circle(pixels, (x, 270), 37, GREY, cv2.FILLED)
    for x, y, radius, colour in nuclei:
        cv2.circle(pixels, (x, y), radius, colour, cv2.FILLED)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.2), np.uint8)


def whole(pixels: U8, *, in_marrow: bool) -> int:
    return len(segment(pixels, 0.1, in_marrow=in_marrow).indices(CellKind.WBC))


def test_a_nucleus_too_dark_for_any_blue_is_a_cell_in_marrow() -> None:
    pixels = marrow((120, 120, 36, BLACK), (280, 120, 45, BLUE))
    assert whole(pixels, in_marrow=True) == 2
    assert whole(pixels, in_marrow=False) < 2


def test_the_scale_of_what_is_found_is_that_of_the_frame() -> None:
    found = segment(marrow((200, 120, 45, BLUE)), 0.1, in_marrow=True)
    (index,) = found.indices(CellKind.WBC)
    assert found.scale_um_per_px == pytest.approx(0.1)
    assert found.centres_px[index] == pytest.approx([200, 120], abs=2.0)
    area_px = int((found.nucleus_labels == index + 1).sum())
    assert area_px == pytest.approx(np.pi * 45**2, rel=0.1)


def test_what_is_hardly_more_violet_than_grey_red_cells_is_no_cell_in_marrow() -> None:
    pixels = np.full((300, 400, 3), PLASMA, np.uint8)
    for x, y in itertools.product(range(30, 400, 90), (50, 140, 230, 290)):
        cv2.circle(pixels, (x, y), 37, (180, 175, 180), cv2.FILLED)
    cv2.circle(pixels, (200, 120), 30, (180, 145, 180), cv2.FILLED)
    even = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.2), np.uint8)
    assert whole(even, in_marrow=True) == 0
