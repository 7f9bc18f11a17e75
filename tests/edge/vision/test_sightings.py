"""From a segmented frame to sightings: each cell at its place, cut when asked for."""

from dataclasses import replace

import numpy as np
import pytest

from leukoscope_edge.types import CellKind, Frame, Segmentation
from leukoscope_edge.vision import CropSpec
from leukoscope_edge.vision.sightings import (
    NOTHING_SEEN,
    VIEW_CELLS,
    VIEW_SIDES_PX,
    FrameDetections,
    find_sightings,
    view_spec,
)

SCALE = 0.2
SPEC = CropSpec(side_px=64, scale_um_per_px=SCALE, colour="masked")
BOXES = [(20, 30, 40, 50), (100, 60, 120, 80), (0, 0, 10, 10), (150, 10, 170, 30)]
KINDS = (CellKind.WBC, CellKind.WBC, CellKind.BORDER, CellKind.SMUDGE)
INNER_PX = 4
"""Of a box, that is cytoplasm all around the nucleus."""


def frame() -> Frame:
    pixels = np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8)
    return Frame(name="field", pixels=pixels, time_s=0.0)


def segmentation(*chosen: int) -> Segmentation:
    nuclei, cells = (np.zeros((120, 200), np.int32) for _ in range(2))
    for number, index in enumerate(chosen, start=1):
        x0, y0, x1, y1 = BOXES[index]
        cells[y0:y1, x0:x1] = number
        inner = np.s_[y0 + INNER_PX : y1 - INNER_PX, x0 + INNER_PX : x1 - INNER_PX]
        nuclei[inner] = number
    boxes = np.array([BOXES[i] for i in chosen], np.int32).reshape(-1, 4)
    return Segmentation(
        kinds=tuple(KINDS[i] for i in chosen),
        boxes_px=boxes,
        centres_px=((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.float32),
        nucleus_labels=nuclei,
        cell_labels=cells,
        scale_um_per_px=SCALE,
    )


def found(*chosen: int, origin: tuple[float, float] = (0, 0)) -> FrameDetections:
    return find_sightings(frame(), segmentation(*chosen), origin, SPEC)


def test_a_frame_without_objects_shows_nothing() -> None:
    assert found() == NOTHING_SEEN


def test_each_kind_stands_apart() -> None:
    seen = found(0, 1, 2, 3)
    assert [s.box_px for s in seen.whole] == BOXES[:2]
    assert [s.box_px for s in seen.cut_off] == BOXES[2:3]
    assert [s.box_px for s in seen.smudges] == BOXES[3:]


def test_a_place_on_the_slide_is_that_in_the_frame_and_the_frames_own() -> None:
    (detection,) = found(1, origin=(1000.5, -20.0)).whole
    assert detection.frame == "field"
    assert detection.centre_px == (110.0, 70.0)
    assert detection.slide_px == (1110.5, 50.0)


def test_the_radius_is_that_of_a_disc_with_the_nucleuss_own_area() -> None:
    first, second = found(0, 1).whole
    side_px = 20 - 2 * INNER_PX
    for detection in (first, second):  # the second's label is another one
        assert detection.radius_px == pytest.approx(side_px / np.sqrt(np.pi))


def test_pictures_are_cut_as_the_model_and_as_people_want_them() -> None:
    (detection,) = found(0).whole
    sighting = detection.sighting()
    assert sighting.crop.shape == (64, 64, 3)
    assert detection.cut_view().shape == (96, 96, 3)
    assert (sighting.crop[32, 32] == frame().pixels[40, 30]).all()


@pytest.mark.parametrize(
    ("scale", "side_px"),
    [
        (0.2, VIEW_SIDES_PX[0]),  # 64 pixels of 0.2 um would be too small to see
        (0.1, 128),
        (0.05, VIEW_SIDES_PX[1]),
        (0.01, VIEW_SIDES_PX[1]),
    ],
)
def test_the_picture_for_people_has_the_cameras_own_pixels_within_limits(
    scale: float, side_px: int
) -> None:
    spec = view_spec(SPEC, scale)
    assert spec.side_px == side_px
    view_um = spec.side_px * spec.scale_um_per_px
    assert view_um == pytest.approx(SPEC.side_px * SPEC.scale_um_per_px)


@pytest.mark.parametrize(
    ("scale", "box_side_px", "expected_px"),
    [
        (0.02, None, 640),  # the scale was given: what the model's crop spans
        (0.02, 40, VIEW_CELLS[1] * 40),  # said far too fine: half the field
        (0.2, 40, 64),
        (0.6, 40, VIEW_CELLS[0] * 40),  # said far too coarse: a part of the cell
    ],
)
def test_by_a_scale_that_cells_say_a_picture_shows_the_cell_and_little_more(
    scale: float, box_side_px: int | None, expected_px: float
) -> None:
    spec = view_spec(SPEC, scale, box_side_px)
    assert spec.side_px * spec.scale_um_per_px / scale == pytest.approx(expected_px)
    least, largest = VIEW_SIDES_PX
    assert least <= spec.side_px <= largest


@pytest.mark.parametrize("is_given", [True, False])
def test_a_cell_knows_by_which_scale_it_is_cut_where_only_cells_said_it(
    *, is_given: bool
) -> None:
    off = replace(segmentation(0), scale_um_per_px=SCALE / 8)
    (cell,) = find_sightings(frame(), off, (0, 0), SPEC, is_scale_given=is_given).whole
    assert cell.by_cells_um_per_px == (None if is_given else SCALE / 8)
    has_darkness_beyond_the_frame = not cell.cut_view().all()
    assert has_darkness_beyond_the_frame == is_given
