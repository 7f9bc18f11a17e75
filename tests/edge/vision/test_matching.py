import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.vision.matching import NO_MATCH, match, prepare


def views(dx: int, dy: int) -> tuple[np.ndarray, np.ndarray]:
    frame = camera_on("simulated:cells=12,seed=2,frames=1").render(0)
    wide = prepare(np.pad(frame, ((160, 160), (160, 160), (0, 0)), mode="wrap"))
    wide = wide[:240, :320] if wide.shape[0] < 240 else wide
    h, w = wide.shape[0] * 2 // 3, wide.shape[1] * 2 // 3
    y, x = (wide.shape[0] - h) // 2, (wide.shape[1] - w) // 2
    return wide[y : y + h, x : x + w], wide[y + dy : y + dy + h, x + dx : x + dx + w]


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (17, -9), (-30, 12)])
def test_a_shift_is_found(dx: int, dy: int) -> None:
    found = match(*views(dx, dy))
    assert found.is_sound
    assert found.shift_px == pytest.approx((dx, dy), abs=0.5)


def test_a_far_shift_is_found_where_it_is_expected() -> None:
    before, after = views(34, 0)
    assert match(before, after, (30.0, 0.0), 10).shift_px == pytest.approx(
        (34, 0), abs=0.5
    )


def test_views_that_share_nothing_have_no_match() -> None:
    before, after = views(0, 0)
    assert match(before, after, (10_000.0, 0.0)) is NO_MATCH


def test_nothing_matches_a_blank_view() -> None:
    before, _ = views(0, 0)
    assert match(before, np.zeros_like(before)) is NO_MATCH


def test_one_round_cell_is_not_taken_for_another() -> None:
    yy, xx = np.mgrid[:160, :240].astype(np.float32)

    def one_cell(x: int, y: int) -> np.ndarray:
        far = np.hypot(xx - x, yy - y)
        return np.asarray(-0.2 * (far < 14), np.float32)

    assert not match(one_cell(150, 70), one_cell(118, 82)).is_sound


def test_light_and_shading_drop_out() -> None:
    frame = camera_on("simulated:cells=12,seed=2,frames=1").render(0)
    shade = np.linspace(0.6, 1, frame.shape[1])[None, :, None]
    darker = (frame * shade).astype(np.uint8)
    assert np.abs(prepare(frame) - prepare(darker)).mean() < 0.01
