import numpy as np

from leukoscope_edge.vision.keyframes import SPACING_PX, Keyframes, coarse
from leukoscope_edge.vision.matching import resemblance

VIEW = np.random.default_rng(0).normal(0, 0.1, (240, 320)).astype(np.float32)


def test_without_keyframes_none_is_near() -> None:
    assert Keyframes().near((0.0, 0.0), 0, 3) == []


def test_the_nearest_comes_first_and_other_islands_are_left_out() -> None:
    keyframes = Keyframes()
    for x, island in [(90.0, 0), (10.0, 0), (0.0, 1), (40.0, 0)]:
        keyframes.add(VIEW, (x, 0.0), island)
    assert [k.number for k in keyframes.near((0.0, 0.0), 0, 2)] == [1, 3, 0]


def test_the_search_near_a_place_does_not_grow_with_the_run() -> None:
    keyframes = Keyframes()
    for i in range(600):
        keyframes.add(VIEW[:8, :8], (i * SPACING_PX, 0.0), 0)
    assert len(keyframes.near((300 * SPACING_PX, 0.0), 0, 2)) == 5


def test_a_stored_view_is_as_good_as_the_view() -> None:
    keyframes = Keyframes()
    keyframes.add(VIEW, (0.0, 0.0), 0)
    assert np.abs(keyframes[0].view - VIEW).max() < 0.003
    assert resemblance(keyframes[0].coarse, coarse(VIEW), (0.0, 0.0)) > 0.999


def test_joined_islands_share_their_places() -> None:
    keyframes = Keyframes()
    keyframes.add(VIEW, (0.0, 0.0), 0)
    keyframes.add(VIEW, (5.0, 5.0), 1)
    keyframes.join(1, 0, (100.0, 0.0))
    assert [k.place_px for k in keyframes.near((100.0, 0.0), 0, 2)] == [
        (105.0, 5.0),
        (0.0, 0.0),
    ]
