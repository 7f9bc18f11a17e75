from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukoscope_edge.capture.decode import decode_image
from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision.calibration import otsu3
from leukoscope_edge.vision.quality import assess
from leukoscope_edge.vision.segmentation import segment

PLASMA, RED, VIOLET = (225, 222, 215), (190, 150, 160), (95, 60, 170)
SCALE = 0.1


def field(*discs: tuple[int, int, int]) -> np.ndarray:
    """Plasma with red cells and nuclei at (x, y, radius)."""
    pixels = np.full((300, 400, 3), PLASMA, np.uint8)
    for x in range(30, 400, 90):
        cv2.circle(pixels, (x, 280), 37, RED, cv2.FILLED)
    for x, y, radius in discs:
        cv2.circle(pixels, (x, y), radius, VIOLET, cv2.FILLED)
    return cv2.GaussianBlur(pixels, (0, 0), 1.2)


def n_white(pixels: np.ndarray) -> int:
    return len(segment(pixels, SCALE).indices(CellKind.WBC))


def test_one_nucleus_is_one_cell_at_its_place() -> None:
    found = segment(field((200, 120, 45)), SCALE)
    (index,) = found.indices(CellKind.WBC)
    assert found.centres_px[index] == pytest.approx([200, 120], abs=1.5)
    area = (found.nucleus_labels == index + 1).sum()
    assert area == pytest.approx(np.pi * 45**2, rel=0.1)


def test_two_nuclei_that_touch_are_two_cells() -> None:
    assert n_white(field((150, 120, 45), (236, 120, 45))) == 2


def test_lobes_that_lie_close_are_one_cell() -> None:
    assert n_white(field((180, 110, 18), (215, 125, 18), (190, 150, 18))) == 1


def test_a_nucleus_at_the_edge_is_a_cut_off_cell() -> None:
    found = segment(field((395, 120, 45)), SCALE)
    assert len(found.indices(CellKind.BORDER)) == 1
    assert found.indices(CellKind.WBC) == []


def test_a_small_violet_spot_is_a_platelet() -> None:
    found = segment(field((100, 100, 45), (300, 100, 10)), SCALE)
    assert len(found.indices(CellKind.PLATELET)) == 1
    assert len(found.indices(CellKind.WBC)) == 1


def test_red_cells_alone_hold_no_white_cell() -> None:
    assert n_white(field()) == 0


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((3, 4000, 3), np.uint8),
        np.zeros((120, 160, 3), np.uint8),
        np.full((120, 160, 3), 255, np.uint8),
        np.full((120, 160, 3), 127, np.uint8),
        np.full((120, 160, 3), VIOLET, np.uint8),
    ],
    ids=["1x1", "3x4000", "black", "white", "grey", "one colour"],
)
def test_an_impossible_frame_is_empty_and_no_error(pixels: np.ndarray) -> None:
    assert segment(pixels).indices(CellKind.WBC) == []
    assert assess(pixels).instruction is not None


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1), st.booleans())
def test_noise_of_any_size_never_raises(
    height: int, width: int, seed: int, is_scaled: bool
) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, 3), np.uint8)
    found = segment(pixels, SCALE if is_scaled else None)
    assert found.nucleus_labels.max(initial=0) <= len(found)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=200))
def test_thresholds_are_in_order(values: list[int]) -> None:
    low, high = otsu3(np.array([values], np.uint8))
    assert 0 <= low <= high <= 255


def test_smudges_of_a_simulated_slide_are_told_apart() -> None:
    camera = parse_simulated("simulated:seed=4,blasts=0")
    kinds = [
        kind
        for number in (180, 186, 192, 306, 312, 318)
        for kind in segment(camera.render(number), SCALE).kinds
    ]
    assert CellKind.SMUDGE in kinds


@pytest.mark.real
def test_real_fields_are_seen_like_a_person_sees_them(real_data: Path) -> None:
    folder = real_data / "wbc-fields"
    dice = []
    for path in sorted((folder / "images").iterdir())[::24]:
        mask = cv2.imread(str(folder / "masks" / f"{path.stem}.png"), 0)
        found = segment(decode_image(path.read_bytes()))
        white = found.indices(CellKind.WBC) + found.indices(CellKind.BORDER)
        nuclei = np.isin(found.nucleus_labels, np.array(white) + 1)
        dice.append(
            2 * (nuclei & (mask > 191)).sum() / (nuclei.sum() + (mask > 191).sum())
        )
    assert np.mean(dice) > 0.88
