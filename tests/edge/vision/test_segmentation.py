from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulated import camera_on

from leukoscope_edge.capture.stored import decode_image
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import assess
from leukoscope_edge.vision.otsu import otsu3
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


def test_a_notched_nucleus_in_one_round_cell_is_one() -> None:
    notched = ((152, 120, 40), (220, 120, 40))
    assert n_white(field(*notched)) == 2
    pixels = field()
    cv2.circle(pixels, (186, 120), 88, (205, 190, 220), cv2.FILLED)
    for x, y, radius in notched:
        cv2.circle(pixels, (x, y), radius, VIOLET, cv2.FILLED)
    assert n_white(cv2.GaussianBlur(pixels, (0, 0), 1.2)) == 1


@pytest.mark.parametrize("n_in_clumps", [0, 2, 3])
def test_clumps_of_nuclei_leave_the_estimated_scale_alone(n_in_clumps: int) -> None:
    pixels = np.full((300, 400, 3), PLASMA, np.uint8)
    for x in range(50, 400, 90):
        cv2.circle(pixels, (x, 250), 37, RED, cv2.FILLED)
    for i in range(2 * n_in_clumps):
        at = (50 + 70 * (i // 2), 60 + 70 * (i % 2))
        cv2.circle(pixels, at, 40, VIOLET, cv2.FILLED)
    found = segment(cv2.GaussianBlur(pixels, (0, 0), 1.2))
    assert found.scale_um_per_px == pytest.approx(SCALE, rel=0.1)


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


def red_field() -> np.ndarray:
    """Only red cells: pale in the middle, dark where two lie over each other."""
    random = np.random.default_rng(3)
    density = np.zeros((300, 400), np.float32)
    for y in range(40, 300, 85):
        for x in range(40, 400, 80):
            dx, dy = random.integers(-14, 15, 2)
            cell = np.zeros_like(density)
            cv2.circle(cell, (x + int(dx), y + int(dy)), 37, 1, cv2.FILLED)
            cv2.circle(cell, (x + int(dx), y + int(dy)), 14, 0.4, cv2.FILLED)
            density += cell * float(random.uniform(0.7, 1.2))
    density = cv2.GaussianBlur(density, (0, 0), 2.0)[..., None]
    absorbed = np.array([0.10, 0.32, 0.12], np.float32)
    pixels = np.array(PLASMA, np.float32) * np.exp(-density * absorbed)
    noise = random.standard_normal(pixels.shape) * 2
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("gamma", [0.6, 1.0, 1.6])
@pytest.mark.parametrize("scale", [SCALE, None])
def test_red_cells_alone_hold_no_white_cell(gamma: float, scale: float | None) -> None:
    bent = np.rint(255 * (red_field() / 255) ** gamma).astype(np.uint8)
    found = segment(bent, scale)
    assert not {CellKind.WBC, CellKind.BORDER} & set(found.kinds)


def test_one_white_cell_in_a_wide_view_of_red_cells_is_found() -> None:
    pixels = np.tile(red_field(), (4, 4, 1))
    cv2.circle(pixels, (1003, 707), 40, VIOLET, cv2.FILLED)
    found = segment(cv2.GaussianBlur(pixels, (0, 0), 1.2), SCALE)
    (index,) = found.indices(CellKind.WBC)
    assert found.centres_px[index] == pytest.approx([1003, 707], abs=2)
    assert found.indices(CellKind.BORDER) == []


def test_the_lobes_of_an_eosinophil_are_one_cell() -> None:
    pixels = field()
    cv2.circle(pixels, (200, 130), 72, (190, 140, 150), cv2.FILLED)
    for x, angle in ((168, 100), (232, 80)):
        cv2.ellipse(pixels, (x, 130), (44, 24), angle, 0, 360, VIOLET, cv2.FILLED)
    assert n_white(cv2.GaussianBlur(pixels, (0, 0), 1.2)) == 1


@pytest.mark.parametrize("is_filled", [True, False])
def test_large_lobes_apart_are_one_where_body_fills_their_hull(is_filled: bool) -> None:
    pixels, lobes = field(), ((157, 120), (247, 120))
    bodies = ((202, 120, 88),) if is_filled else ((155, 120, 40), (249, 120, 40))
    for x, y, radius in bodies:
        cv2.circle(pixels, (x, y), radius, (190, 140, 200), cv2.FILLED)
    for x, y in lobes:
        cv2.circle(pixels, (x, y), 31, VIOLET, cv2.FILLED)
    n_cells = n_white(cv2.GaussianBlur(pixels, (0, 0), 1.2))
    assert n_cells == (1 if is_filled else 2)


def test_a_large_platelet_is_no_cell_where_the_scale_is_known() -> None:
    found = segment(field((100, 100, 45), (300, 100, 23)), SCALE)
    assert len(found.indices(CellKind.WBC)) == 1
    assert len(found.indices(CellKind.PLATELET)) == 1


def test_red_cells_that_adhere_stay_out_of_the_cell() -> None:
    pixels = np.full((300, 400, 3), PLASMA, np.uint8)
    for x, y in ((120, 150), (200, 70), (280, 150), (200, 230)):
        cv2.circle(pixels, (x, y), 37, (200, 130, 150), cv2.FILLED)
    cv2.circle(pixels, (200, 150), 52, (165, 160, 215), cv2.FILLED)
    cv2.circle(pixels, (200, 150), 40, VIOLET, cv2.FILLED)
    found = segment(cv2.GaussianBlur(pixels, (0, 0), 1.2), SCALE)
    (index,) = found.indices(CellKind.WBC)
    area_px = int((found.cell_labels == index + 1).sum())
    assert area_px == pytest.approx(np.pi * 52**2, rel=0.12)


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
    camera = camera_on("simulated:seed=4,blasts=0")
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


def test_one_frame_is_seen_alike_by_a_finer_camera() -> None:
    pixels = field((150, 120, 45), (320, 120, 45))
    fine = cv2.resize(pixels, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    coarse, found = segment(pixels, SCALE), segment(fine, SCALE / 5)
    assert found.kinds == coarse.kinds
    assert found.centres_px / 5 == pytest.approx(coarse.centres_px, abs=1.5)
    assert found.scale_um_per_px == pytest.approx(SCALE / 5)


def test_values_that_are_no_numbers_raise_nothing() -> None:
    pixels = field((200, 120, 45)).astype(np.float32)
    pixels[0, :, 0] = np.nan
    pixels[1, :, 1] = np.inf
    assert len(segment(pixels, SCALE).indices(CellKind.WBC)) == 1


def test_two_cells_that_touch_with_lobed_nuclei_stay_two() -> None:
    pixels = field()
    for x in (140, 262):
        cv2.circle(pixels, (x, 130), 60, (205, 190, 220), cv2.FILLED)
        for dy in (-16, 16):
            cv2.circle(pixels, (x, 130 + dy), 20, VIOLET, cv2.FILLED)
    assert n_white(cv2.GaussianBlur(pixels, (0, 0), 1.2)) == 2


def test_a_frame_full_of_cells_is_refused_and_raises_nothing() -> None:
    discs = [(x, y, 40) for x in range(40, 400, 84) for y in range(40, 300, 84)]
    pixels = field(*discs)
    segment(pixels, SCALE)
    instruction = assess(pixels).instruction
    assert instruction is not None
    assert "plasma" in instruction.said()


@pytest.mark.real
@pytest.mark.parametrize("number", [49, 59, 159])
def test_a_scale_that_makes_cells_too_small_is_doubted(
    number: int, real_data: Path
) -> None:
    path = real_data / "wbc-fields" / "images" / f"BloodImage_{number:05d}.jpg"
    found = segment(decode_image(path.read_bytes()))
    assert 0.06 < found.scale_um_per_px < 0.14
    assert len(found.indices(CellKind.WBC)) == 1
