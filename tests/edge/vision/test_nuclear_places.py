"""Where a nucleus could stand: nothing that a search finds lies elsewhere."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import SCALE_UM_PER_PX
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import segment
from leukoscope_edge.vision.nuclear_places import near_nuclei, places_along

SPACING_UM = 4.0
COUNTED = CellKind.WBC, CellKind.BORDER, CellKind.SMUDGE
ALL_BUT_AN_EDGE = 0.9


def shares_near(pixels: U8, scale_um_per_px: float) -> list[float]:
    """Return by nucleus that a search finds how much of it lies near the places."""
    near = near_nuclei(pixels, scale_um_per_px, SPACING_UM)
    found, step_px = segment(pixels, scale_um_per_px), SPACING_UM / scale_um_per_px
    shares = []
    for index, kind in enumerate(found.kinds):
        if kind in COUNTED:
            at = np.argwhere(found.nucleus_labels == index + 1) / step_px
            rows, columns = np.minimum(at.astype(int), np.array(near.shape) - 1).T
            shares.append(float(near[rows, columns].mean()))
    return shares


@pytest.mark.parametrize(
    "slide",
    ["seed=3", "seed=4,tones=0.6,corners=0.4", "seed=5,cells=120", "seed=9,blasts=1"],
)
def test_every_drawn_nucleus_lies_near_them(slide: str) -> None:
    camera = camera_on(f"simulated:{slide}")
    shares = [
        share
        for number in range(0, 40, 8)
        for share in shares_near(camera.render(number), SCALE_UM_PER_PX)
    ]
    assert len(shares) >= 10
    assert min(shares) >= ALL_BUT_AN_EDGE


@pytest.mark.parametrize(
    ("files", "scale_um_per_px"),
    [
        ("wbc-fields/**/*.jpg", 0.082),
        ("wbc-crops-300/**/*.png", 0.09),
        ("taleqani/*/*.jpg", 0.2),
    ],
)
def test_every_real_nucleus_lies_near_them(
    real_data: Path, files: str, scale_um_per_px: float
) -> None:
    paths = [p for p in sorted(real_data.glob(files)) if "masks" not in p.parts]
    shares = [
        share
        for path in paths[:: len(paths) // 12]
        for share in shares_near(picture(path), scale_um_per_px)
    ]
    assert len(shares) >= 10
    assert min(shares) >= ALL_BUT_AN_EDGE


def picture(path: Path) -> U8:
    bgr = cv2.imread(str(path))
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


@pytest.mark.parametrize("grey", [128, 230, 255])
def test_in_an_empty_frame_there_is_none(grey: int) -> None:
    blank = np.full((480, 640, 3), grey, np.uint8)
    assert not near_nuclei(blank, SCALE_UM_PER_PX, SPACING_UM).any()


def test_plain_plasma_and_red_cells_are_no_nuclei() -> None:
    near = near_nuclei(with_discs((200, 120, 130)), SCALE_UM_PER_PX, SPACING_UM)
    assert not near.any()


def test_a_nucleus_among_red_cells_is_told_from_them() -> None:
    field = with_discs((200, 120, 130))
    cv2.circle(field, (320, 240), 40, (90, 40, 140), -1)
    near = near_nuclei(field, SCALE_UM_PER_PX, SPACING_UM)
    assert near[5:7, 7:9].all()
    assert not near[:4].any()
    assert not near[9:].any()


def with_discs(colour: tuple[int, int, int]) -> U8:
    """Return plain plasma with discs of a red cell's size in it."""
    field = np.full((480, 640, 3), 230, np.uint8)
    for x in range(60, 640, 120):
        for y in (60, 420):
            cv2.circle(field, (x, y), 38, colour, -1)
    return field


@pytest.mark.parametrize("shape", [(480, 640), (5, 7), (1, 1), (961, 1283)])
@pytest.mark.parametrize("scale_um_per_px", [SCALE_UM_PER_PX, 0.5, 0.8])
def test_there_are_as_many_as_the_sides_hold(
    shape: tuple[int, int], scale_um_per_px: float
) -> None:
    empty, step_px = np.full((*shape, 3), 230, np.uint8), SPACING_UM / scale_um_per_px
    near = near_nuclei(empty, scale_um_per_px, SPACING_UM)
    assert near.shape == tuple(len(places_along(side, step_px)) for side in shape)


@pytest.mark.parametrize(
    ("length_px", "places"),
    [(10, [5]), (40, [20]), (100, [20, 60]), (120, [20, 60, 100])],
)
def test_places_begin_half_a_step_from_the_side(
    length_px: int, places: list[float]
) -> None:
    assert places_along(length_px, 40.0).tolist() == places
