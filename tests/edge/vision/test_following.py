"""Known cells in frames that are not searched: by motion, where they show."""

from dataclasses import replace

import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import SimulatedCamera
from leukoscope_edge.types import Detection, Frame
from leukoscope_edge.vision import (
    NOTHING_SEEN,
    CropSpec,
    FrameDetections,
    find_sightings,
    segment,
)
from leukoscope_edge.vision.following import (
    NOTHING_FOLLOWED,
    NOTHING_KNOWN,
    Followed,
    Known,
    follow,
    remember,
)

SPEC = CropSpec(side_px=64, scale_um_per_px=0.2, colour="masked")
HERE, NEXT = 20, 22
NEAR_PX = 6.0
"""A tenth of a nucleus: two searches place a cell no nearer."""
Place = tuple[float, float]
PIXELS = np.random.default_rng(3).integers(0, 255, (30, 40, 3), np.uint8)


@pytest.fixture(scope="module")
def slide() -> SimulatedCamera:
    return camera_on("simulated:cells=12,frames=30,seed=4,jerks=0")


def frame(slide: SimulatedCamera, number: int) -> tuple[Frame, Place]:
    x, y = (float(v) for v in slide.places_px[number])
    return Frame(name=str(number), pixels=slide.render(number), time_s=0.0), (x, y)


def searched(slide: SimulatedCamera, number: int) -> FrameDetections:
    one, place = frame(slide, number)
    return find_sightings(one, segment(one.pixels, 0.1), place, SPEC)


@pytest.fixture(scope="module")
def known(slide: SimulatedCamera) -> Known:
    return remember(searched(slide, HERE), frame(slide, HERE)[0].pixels)


def test_of_nothing_nothing_is_followed(slide: SimulatedCamera) -> None:
    one, place = frame(slide, NEXT)
    assert remember(NOTHING_SEEN, one.pixels) == NOTHING_KNOWN
    assert follow(NOTHING_KNOWN, one, place) == NOTHING_FOLLOWED


def test_a_cell_is_followed_to_where_a_search_finds_it(
    slide: SimulatedCamera, known: Known
) -> None:
    one, place = frame(slide, NEXT)
    followed, again = follow(known, one, place), searched(slide, NEXT)
    assert followed.whole
    for cell in followed.whole:
        assert cell.frame == str(NEXT)
        nearest = min(again.whole, key=lambda g: np.hypot(*apart(g, cell)))
        assert np.abs(apart(nearest, cell)).max() < NEAR_PX
        assert np.abs(np.subtract(nearest.box_px, cell.box_px)).max() < 3 * NEAR_PX


def apart(a: Detection, b: Detection) -> np.ndarray:
    return np.subtract(a.centre_px, b.centre_px)


def test_a_cell_is_followed_no_farther_than_the_rim(
    slide: SimulatedCamera, known: Known
) -> None:
    one, (x, y) = frame(slide, HERE)
    assert len(follow(known, one, (x, y)).whole) == len(known.cells.whole)
    for cell in known.cells.whole:
        left = cell.box_px[0]
        beyond = Frame(name="on", pixels=np.roll(one.pixels, -left, 1), time_s=0.0)
        moved = follow(known, beyond, (x + left, y)).whole
        assert cell.slide_px not in [g.slide_px for g in moved]


@pytest.mark.parametrize("off_px", [60.0, -60.0])
def test_where_the_place_is_wrong_no_cell_is_followed(
    slide: SimulatedCamera, known: Known, off_px: float
) -> None:
    one, (x, y) = frame(slide, HERE)
    assert follow(known, one, (x + off_px, y)).whole == ()


def test_a_burst_cell_is_followed_as_one_and_a_piece_is_not(
    slide: SimulatedCamera,
) -> None:
    one, place = frame(slide, HERE)
    seen = searched(slide, HERE)
    burst = replace(seen, whole=(), smudges=seen.whole, cut_off=seen.whole)
    found = follow(remember(burst, one.pixels), one, place)
    assert isinstance(found, Followed)
    assert found.whole == ()
    assert len(found.smudges) == len(seen.whole) > 0


def test_what_is_remembered_holds_on_to_no_frame(known: Known) -> None:
    assert all(type(g) is Detection for g in known.cells.whole)
    assert all(green.base is None for green in known.greens)


def in_a_frame(box_px: tuple[int, int, int, int], pixels: U8) -> int:
    """How many of one cell are followed in a frame where it did not move."""
    cell = Detection(
        frame="0",
        box_px=box_px,
        centre_px=(10.0, 10.0),
        slide_px=(10.0, 10.0),
        sharpness=1.0,
        radius_px=8,
    )
    known = remember(FrameDetections(whole=(cell,)), PIXELS)
    one = Frame(name="1", pixels=pixels, time_s=0.0)
    return len(follow(known, one, (0.0, 0.0)).whole)


@pytest.mark.parametrize(
    ("box_px", "n"),
    [
        ((1, 1, 39, 29), 1),
        ((0, 1, 39, 29), 0),
        ((1, 0, 39, 29), 0),
        ((1, 1, 40, 29), 0),
        ((1, 1, 39, 30), 0),
    ],
)
def test_what_touches_the_rim_by_a_pixel_is_not_followed(
    box_px: tuple[int, int, int, int], n: int
) -> None:
    assert in_a_frame(box_px, PIXELS) == n


@pytest.mark.parametrize(("channel", "n"), [(0, 1), (1, 0), (2, 1)])
def test_a_cell_is_known_again_by_its_green(channel: int, n: int) -> None:
    changed = PIXELS.copy()
    changed[..., channel] = 255 - changed[..., channel]
    assert in_a_frame((1, 1, 39, 29), changed) == n
