"""What the masks of a view show: whole cells, cut ones, smudges, what is no cell."""

import cv2
import numpy as np
import pytest
from tests.edge.vision.cells.drawn_masks import SCALE_UM_PER_PX, SHAPE, Disc, discs

from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision import view_of
from leukoscope_edge.vision.cells import Masks
from leukoscope_edge.vision.cells.objects import describe, is_nuclear
from leukoscope_edge.vision.colour import PLASMA_LEVEL
from leukoscope_edge.vision.view import View

VIOLET, PALE, RED = (95, 60, 170), (170, 150, 200), (190, 140, 150)
NUCLEUS: Disc = (120, 100, 4.0)
LOW, HIGH = 20, 60
"""Levels of violet: VIOLET has 110, PALE 50."""


def view_with(*drawn: Disc, colour: tuple[int, int, int], factor: int = 1) -> View:
    pixels = np.full((*SHAPE, 3), round(PLASMA_LEVEL), np.uint8)
    for x, y, radius_um in drawn:
        cv2.circle(pixels, (x, y), round(radius_um / SCALE_UM_PER_PX), colour, -1)
    size = (SHAPE[1] * factor, SHAPE[0] * factor)
    frame = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
    return view_of(np.asarray(frame, np.uint8), SCALE_UM_PER_PX / factor)


def described(
    *drawn: Disc,
    colour: tuple[int, int, int] = VIOLET,
    high: int = HIGH,
    min_violet: float = 40.0,
    factor: int = 1,
) -> Segmentation:
    nuclei = discs(*drawn)
    masks = Masks(
        nuclei=nuclei,
        body=nuclei,
        scale_um_per_px=SCALE_UM_PER_PX,
        low=LOW,
        high=high,
        min_violet=min_violet,
        is_coarse=False,
    )
    return describe(view_with(*drawn, colour=colour, factor=factor), masks)


def test_masks_without_stain_show_nothing() -> None:
    found = described()
    assert len(found) == 0
    assert found.boxes_px.shape == (0, 4)
    assert not found.cell_labels.any()


def test_a_nucleus_is_a_cell_at_its_place() -> None:
    found = described(NUCLEUS)
    assert found.kinds == (CellKind.WBC,)
    np.testing.assert_allclose(found.centres_px, [NUCLEUS[:2]], atol=1)
    x0, y0, x1, y1 = found.boxes_px[0].tolist()
    rows, columns = np.nonzero(found.cell_labels == 1)
    assert (x0, y0) == (columns.min(), rows.min())
    assert (x1, y1) == (columns.max() + 1, rows.max() + 1)
    assert ((found.nucleus_labels == 1) <= (found.cell_labels == 1)).all()


@pytest.mark.parametrize(
    ("drawn", "kind"),
    [
        ((120, 100, 0.9), CellKind.PLATELET),
        ((14, 100, 4.0), CellKind.BORDER),
        ((120, 190, 4.0), CellKind.BORDER),
    ],
)
def test_what_is_small_or_cut_by_the_border_is_no_whole_cell(
    drawn: Disc, kind: CellKind
) -> None:
    assert described(drawn).kinds == (kind,)


def test_a_speck_is_nothing() -> None:
    assert len(described((120, 100, 0.3))) == 0


def test_what_is_hardly_darker_than_the_upper_level_is_a_smudge() -> None:
    assert described(NUCLEUS, high=105).kinds == (CellKind.SMUDGE,)


def test_a_colour_that_no_nucleus_has_is_debris() -> None:
    found = described(NUCLEUS, colour=RED, min_violet=200.0)
    assert found.kinds == (CellKind.DEBRIS,)


def test_a_colour_that_is_nuclear_in_any_view_is_a_cell_all_the_same() -> None:
    assert described(NUCLEUS, min_violet=200.0).kinds == (CellKind.WBC,)


def test_a_finer_frame_gets_its_objects_at_its_own_size() -> None:
    coarse, fine = (described(NUCLEUS, factor=factor) for factor in (1, 2))
    assert fine.cell_labels.shape == (2 * SHAPE[0], 2 * SHAPE[1])
    assert fine.scale_um_per_px == pytest.approx(SCALE_UM_PER_PX / 2)
    np.testing.assert_allclose(fine.centres_px, 2 * coarse.centres_px, atol=2)
    areas = [np.count_nonzero(f.cell_labels) for f in (coarse, fine)]
    assert areas[1] == pytest.approx(4 * areas[0], rel=0.1)


@pytest.mark.parametrize(
    ("colour", "expected"), [(VIOLET, True), (RED, False), (PALE, False)]
)
def test_only_dark_violet_is_nuclear_in_any_view(
    colour: tuple[int, int, int], expected: bool
) -> None:
    assert is_nuclear(np.array([colour] * 3, np.uint8)) is expected
