import numpy as np

from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.vision.motion import StageTracker, TrackingState


def test_the_first_frame_is_the_origin() -> None:
    camera = parse_simulated("simulated:cells=12,frames=1")
    found = StageTracker().update(camera.render(0))
    assert (found.state, found.x_px, found.y_px) == (TrackingState.TRACKING, 0.0, 0.0)


def test_a_walk_is_followed_to_within_a_few_pixels() -> None:
    camera = parse_simulated("simulated:cells=30,jerks=0,seed=6,frames=60")
    tracker = StageTracker()
    errors = []
    for number in range(60):
        found = tracker.update(camera.render(number))
        assert found.state is TrackingState.TRACKING
        true = camera.places_px[number] - camera.places_px[0]
        errors.append(np.hypot(found.x_px - true[0], found.y_px - true[1]))
    assert max(errors) < 6


def test_a_jerk_is_not_followed_and_the_place_is_found_again() -> None:
    camera = parse_simulated("simulated:cells=30,jerks=0,seed=6,frames=40")
    far = parse_simulated("simulated:cells=30,jerks=0,seed=7,frames=40")
    tracker = StageTracker()
    for number in range(20):
        tracker.update(camera.render(number))
    assert tracker.update(far.render(30)).state is not TrackingState.TRACKING
    found = tracker.update(camera.render(19))
    true = camera.places_px[19] - camera.places_px[0]
    assert found.state is TrackingState.TRACKING
    assert np.hypot(found.x_px - true[0], found.y_px - true[1]) < 6


def test_an_empty_field_is_not_tracked() -> None:
    camera = parse_simulated("simulated:cells=12,frames=2")
    tracker = StageTracker()
    tracker.update(camera.render(0))
    flat = np.full((480, 640, 3), 220, np.uint8)
    assert tracker.update(flat).state is not TrackingState.TRACKING


def test_dust_that_stays_does_not_read_as_standing_still() -> None:
    camera = parse_simulated("simulated:cells=30,jerks=0,seed=8,frames=30")
    dust = np.ones((480, 640, 1))
    random = np.random.default_rng(0)
    for x, y in random.integers(20, 440, (14, 2)):
        dust[y : y + 12, x : x + 12] = 0.6
    tracker = StageTracker()
    for number in range(30):
        pixels = (camera.render(number) * dust).astype(np.uint8)
        found = tracker.update(pixels)
    true = camera.places_px[29] - camera.places_px[0]
    assert found.state is not TrackingState.TRACKING or (
        np.hypot(found.x_px - true[0], found.y_px - true[1]) < 10
    )
