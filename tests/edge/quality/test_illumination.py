"""The light of a slide: the median of a few of its frames."""

import numpy as np

from leukoscope_edge.capture import SimulatedCamera, SlidePlan
from leukoscope_edge.quality.illumination import (
    EVERY_N_FRAMES,
    MEASURES,
    MIN_FRAMES,
    LightLog,
)
from leukoscope_edge.types import Frame


def test_the_light_of_a_slide_is_the_median_of_a_few_frames() -> None:
    camera, log = SimulatedCamera(SlidePlan(cells=12, jerks=0)), LightLog()
    assert log.figures() == {}
    pixels = camera.render(3)
    for _ in range((MIN_FRAMES - 1) * EVERY_N_FRAMES):
        log.see(pixels)
    assert log.figures() == {}
    log.see(pixels)
    log.see(np.zeros_like(pixels))  # between two measured ones
    assert set(log.figures()) == set(MEASURES)
    assert log.figures()["plasma_level"] > 150


def test_a_slide_that_goes_on_has_the_light_from_before_the_stop_too() -> None:
    before = {"plasma_level": (100.0, 100.0, 100.0)}
    log, camera = LightLog(before), SimulatedCamera(SlidePlan(cells=12, jerks=0))
    with camera:
        frame = camera.read()
    assert isinstance(frame, Frame)
    seen = log.see(frame.pixels)
    assert set(seen) == set(MEASURES)
    assert log.see(frame.pixels) == {}
    assert log.figures() == {"plasma_level": 100.0}
