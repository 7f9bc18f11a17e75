"""The light of a slide: the median of a few of its frames."""

import numpy as np

from leukoscope_edge.capture import SimulatedCamera, SlidePlan
from leukoscope_edge.quality.illumination import (
    EVERY_N_FRAMES,
    MEASURES,
    MIN_FRAMES,
    LightLog,
)


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
