from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.vision.keyframes import coarse
from leukoscope_edge.vision.matching import Match, prepare, resemblance
from leukoscope_edge.vision.motion import (
    MIN_OVERLAP_RESEMBLANCE,
    StageTracker,
    TrackingState,
)


def test_the_first_frame_is_the_origin() -> None:
    camera = camera_on("simulated:cells=12,frames=1")
    found = StageTracker().update(camera.render(0))
    assert (found.state, found.x_px, found.y_px) == (TrackingState.TRACKING, 0.0, 0.0)


def test_a_walk_is_followed_to_within_a_few_pixels() -> None:
    camera = camera_on("simulated:cells=30,jerks=0,seed=6,frames=60")
    tracker = StageTracker()
    errors = []
    for number in range(60):
        found = tracker.update(camera.render(number))
        assert found.state is TrackingState.TRACKING
        true = camera.places_px[number] - camera.places_px[0]
        errors.append(np.hypot(found.x_px - true[0], found.y_px - true[1]))
    assert max(errors) < 6


def test_a_jerk_is_not_followed_and_the_place_is_found_again() -> None:
    camera = camera_on("simulated:cells=30,jerks=0,seed=6,frames=40")
    far = camera_on("simulated:cells=30,jerks=0,seed=7,frames=40")
    tracker = StageTracker()
    for number in range(20):
        tracker.update(camera.render(number))
    assert tracker.update(far.render(30)).state is not TrackingState.TRACKING
    found = tracker.update(camera.render(19))
    true = camera.places_px[19] - camera.places_px[0]
    assert found.state is TrackingState.TRACKING
    assert np.hypot(found.x_px - true[0], found.y_px - true[1]) < 6


def test_an_empty_field_is_not_tracked() -> None:
    camera = camera_on("simulated:cells=12,frames=2")
    tracker = StageTracker()
    tracker.update(camera.render(0))
    flat = np.full((480, 640, 3), 220, np.uint8)
    assert tracker.update(flat).state is not TrackingState.TRACKING


def test_dust_that_stays_does_not_read_as_standing_still() -> None:
    camera = camera_on("simulated:cells=30,jerks=0,seed=8,frames=30")
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


def test_thick_dust_pauses_the_count_until_it_is_known() -> None:
    camera = camera_on("simulated:cells=30,jerks=0,seed=8,frames=40")
    random = np.random.default_rng(0)
    dust = np.ones((480, 640), np.float32)
    for x, y in random.integers(20, 440, (60, 2)):
        cv2.circle(dust, (int(x), int(y)), int(random.integers(5, 14)), 0.4, -1)
    dust = cv2.GaussianBlur(dust, (0, 0), 1.5)[..., None]
    tracker = StageTracker()
    for number in range(40):
        found = tracker.update((camera.render(number) * dust).astype(np.uint8))
        true = camera.places_px[number] - camera.places_px[0]
        if found.state is TrackingState.TRACKING:
            assert np.hypot(found.x_px - true[0], found.y_px - true[1]) < 6
    assert found.state is TrackingState.TRACKING


def test_a_changing_lamp_is_not_motion() -> None:
    camera = camera_on("simulated:cells=30,jerks=0,seed=6,frames=2")
    tracker = StageTracker()
    tracker.update(camera.render(0))
    found = tracker.update((camera.render(0) * 0.7).astype(np.uint8))
    assert found.state is TrackingState.TRACKING
    assert np.hypot(found.x_px, found.y_px) < 1


def test_a_new_area_is_an_island_until_it_is_seen_to_overlap() -> None:
    camera = camera_on("simulated:cells=30,jerks=0,seed=6,frames=60")
    tracker = StageTracker()
    for number in range(20):
        tracker.update(camera.render(number))
    tracker.new_area()
    joined = []
    for number in range(40, 10, -1):
        found = tracker.update(camera.render(number))
        joined += [found.joined] if found.joined else []
    assert [(j.island, j.into) for j in joined] == [(1, 0)]
    true = camera.places_px[11] - camera.places_px[0]
    assert found.island == 0
    assert np.hypot(found.x_px - true[0], found.y_px - true[1]) < 6
    back = [tracker.update(camera.render(number)) for number in range(12, 40)]
    assert {place.island for place in back} == {0}


class CountingTracker(StageTracker):
    """Counts how often two views are matched at full working scale."""

    n_matched = 0

    def _match(self, *views: Any) -> Match:
        self.n_matched += 1
        return super()._match(*views)


def test_an_area_elsewhere_costs_no_closer_look_at_the_first() -> None:
    grown, alone = CountingTracker(), CountingTracker()
    first = camera_on("simulated:cells=30,jerks=0,seed=6,frames=8")
    other = camera_on("simulated:cells=30,jerks=0,seed=7,frames=30")
    for number in range(8):
        grown.update(first.render(number))
    grown.new_area()
    n_before = grown.n_matched
    for number in range(30):
        for tracker in (grown, alone):
            tracker.update(other.render(number))
    n_more = grown.n_matched - n_before - alone.n_matched
    assert n_more < 30 / 2  # four a frame, were all the likeliest looked at


def test_where_two_areas_are_one_place_their_coarse_views_resemble_each_other() -> None:
    camera = camera_on("simulated:cells=30,jerks=0,seed=6,frames=40")
    shown = [coarse(prepare(camera.render(n))) for n in range(0, 40, 4)]
    likes = [resemblance(a, b, (0, 0)) for a, b in pairwise(shown)]
    assert min(likes) > MIN_OVERLAP_RESEMBLANCE + 0.1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sparse_film_pauses_rather_than_misplaces(seed: int) -> None:
    """Five red cells a frame."""
    random = np.random.default_rng(seed)
    film = np.full((2000, 2000), 215, np.float32)
    for x, y in random.uniform(0, 2000, (65, 2)):
        cv2.circle(film, (int(x), int(y)), int(random.normal(36, 2)), 150.0, -1)
    film = cv2.GaussianBlur(film, (0, 0), 2)
    tracker, place, step = StageTracker(), np.array([300.0, 300.0]), np.zeros(2)
    origin = None
    for _ in range(60):
        step = np.clip(step + random.normal(4, 12, 2), -40, 40)
        place = np.clip(place + step, 10, 1300)
        seen = cv2.getRectSubPix(
            film, (640, 480), (float(place[0]) + 319.5, float(place[1]) + 239.5)
        )
        noisy = np.clip(seen + random.normal(0, 2, seen.shape), 0, 255)
        found = tracker.update(np.repeat(noisy.astype(np.uint8)[..., None], 3, 2))
        if found.state is TrackingState.TRACKING:
            offset = np.array([found.x_px, found.y_px]) - place
            origin = offset if origin is None else origin
            assert np.hypot(*(offset - origin)) < 12
