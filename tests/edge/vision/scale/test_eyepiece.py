"""The circle of an eyepiece is a border, as the edge of the picture is."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on, first_frames

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import CellKind
from leukoscope_edge.vision import (
    StageTracker,
    TrackingState,
    assess,
    plasma_colour,
    segment,
)
from leukoscope_edge.vision.scale.eyepiece import (
    filled,
    outside_of,
    window_of,
    with_border,
)

SCALE = 0.1
N_FRAMES = 24


def cells(pixels: U8, kind: CellKind) -> list[tuple[float, float]]:
    found = segment(pixels, SCALE)
    return [
        (float(found.centres_px[i][0]), float(found.centres_px[i][1]))
        for i in found.indices(kind)
    ]


FIELD = first_frames(1, "simulated:seed=5,cells=16")[0].pixels


def through_eyepiece(
    pixels: U8, centre: tuple[int, int], radius: int, level: int = 0
) -> U8:
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.circle(mask, centre, radius, 1, -1)
    return np.where(mask[..., None] > 0, pixels, level).astype(np.uint8)


def between_bars(pixels: U8) -> U8:
    barred = pixels.copy()
    barred[:, :80] = barred[:, -80:] = 0
    return barred


def cell_on(level: int) -> U8:
    """A cell that is cut out: no field, and nothing of it is outside a circle."""
    return through_eyepiece(FIELD, (320, 240), 60, level)


SEEN: dict[str, Callable[[U8], U8]] = {
    "in a black circle": lambda p: through_eyepiece(p, (320, 240), 236),
    "in a white circle": lambda p: through_eyepiece(p, (320, 240), 236, 255),
    "in a small circle": lambda p: through_eyepiece(p, (320, 240), 180),
    "between bars": between_bars,
}


@pytest.mark.parametrize(
    ("pixels", "share"),
    [
        (FIELD, 0.0),
        (np.full((480, 640, 3), 255, np.uint8), 0.0),
        (through_eyepiece(FIELD, (320, 240), 220), 0.5),
        (through_eyepiece(FIELD, (320, 240), 220, 255), 0.5),
        (between_bars(FIELD), 0.25),
        (cell_on(0), 0.0),
        (cell_on(255), 0.0),
        (np.maximum(FIELD, 245) + np.uint8(10), 0.0),  # plasma that is too bright
    ],
)
def test_the_outside_is_what_was_never_seen(pixels: U8, share: float) -> None:
    outside = outside_of(pixels)
    found = 0.0 if outside is None else float(outside.mean())
    assert found == pytest.approx(share, abs=0.06)


def test_a_cell_that_the_circle_cuts_is_cut_off() -> None:
    x, y = cells(FIELD, CellKind.WBC)[0]
    radius = 220
    inward = np.array([320 - x, 240 - y])
    inward /= max(float(np.hypot(*inward)), 1.0)
    cx, cy = np.array([x, y]) + (radius - 3) * inward  # its rim lies on the nucleus
    seen = through_eyepiece(FIELD, (int(cx), int(cy)), radius)
    bordered = with_border(segment(seen, SCALE), outside_of(seen))
    near = [
        kind
        for kind, (a, b) in zip(bordered.kinds, bordered.centres_px, strict=True)
        if np.hypot(a - x, b - y) < 40 and kind in (CellKind.WBC, CellKind.BORDER)
    ]
    assert CellKind.WBC not in near


def test_without_a_circle_nothing_changes() -> None:
    found = segment(FIELD, SCALE)
    assert with_border(found, outside_of(FIELD)) is found
    assert filled(FIELD, outside_of(FIELD)) is FIELD


@pytest.mark.parametrize("how", SEEN)
def test_what_was_seen_is_judged_as_if_it_were_all(how: str) -> None:
    seen = SEEN[how](FIELD)
    outside = outside_of(seen)
    assert outside is not None
    assert not outside[window_of(outside)].any() or how != "between bars"
    assert assess(seen).instruction is None
    whole = filled(seen, outside)
    known = np.array(cells(FIELD, CellKind.WBC) + cells(FIELD, CellKind.BORDER))
    for place in cells(whole, CellKind.WBC):  # no cell is made of the rim
        assert np.hypot(*(known - place).T).min() < 40
    assert np.abs(plasma_colour(whole) - plasma_colour(FIELD)).max() < 6


@pytest.mark.parametrize("how", SEEN)
def test_a_stage_is_followed_through_it(how: str) -> None:
    assert followed(SEEN[how]) == N_FRAMES


@pytest.mark.parametrize("place", [(14, 30), (14, 466)])
def test_a_clock_that_is_burnt_in_moves_nothing(place: tuple[int, int]) -> None:
    seconds = iter(range(N_FRAMES))

    def with_clock(pixels: U8) -> U8:
        shown, (x, y) = pixels.copy(), place
        shown[y - 26 : y + 9, x - 4 : x + 316] = 0
        text = f"2026-03-11 12:00:{next(seconds):02d}"
        cv2.putText(shown, text, place, 0, 0.75, (255, 255, 255), 2)
        return shown

    assert followed(with_clock) == N_FRAMES


@cache
def walk() -> list[tuple[U8, tuple[float, float]]]:
    """Frames of a walk, and where each lies."""
    camera = camera_on(f"simulated:cells=30,jerks=0,seed=6,frames={N_FRAMES}")
    places = camera.places_px - camera.places_px[0]
    return [(camera.render(i), (places[i][0], places[i][1])) for i in range(N_FRAMES)]


def followed(change: Callable[[U8], U8]) -> int:
    """Return in how many frames of a walk the place is known, and right."""
    tracker, n = StageTracker(), 0
    for pixels, (x, y) in walk():
        shown = change(pixels)
        found = tracker.update(shown, outside_of(shown))
        is_right = np.hypot(found.x_px - x, found.y_px - y) < 6
        n += int(found.state is TrackingState.TRACKING and is_right)
    return n
