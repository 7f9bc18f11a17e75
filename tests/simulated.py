"""Simulated slides, which take up to a second to draw, and their model: once a process.

A frame of one takes as long as looking for its cells, and is exposed once as well.
"""

from copy import copy
from functools import cache, lru_cache

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import SimulatedCamera, SlidePlan, plan_of
from leukoscope_edge.inference import Bundle, open_bundle, shipped_bundle_for
from leukoscope_edge.types import Frame

SOURCE = "simulated:seed=5,cells=20"
N_KEPT = 40
"""Frames of each slide that is kept: some tests look at no more, and often."""


class DrawnOnce(SimulatedCamera):
    """A camera whose copies look at one slide."""

    def __init__(self, plan: SlidePlan) -> None:
        super().__init__(plan)
        self._exposed = lru_cache(maxsize=N_KEPT)(super().render)

    def render(self, number: int) -> U8:
        """Return a frame, (480, 640, 3) uint8 RGB, for the asker alone."""
        return self._exposed(number).copy()


_drawn = lru_cache(maxsize=8)(DrawnOnce)


def camera_on(source: str = SOURCE) -> SimulatedCamera:
    """Return a camera at the beginning of a slide that others look at as well."""
    return copy(_drawn(plan_of(source)))


@cache
def first_frames(n: int, source: str = SOURCE) -> tuple[Frame, ...]:
    """Return the first frames, (480, 640, 3) uint8 RGB that nobody can write into."""
    found = []
    with camera_on(source) as camera:
        while len(found) < n:
            frame = camera.read()
            assert isinstance(frame, Frame)
            frame.pixels.flags.writeable = False
            found.append(frame)
    return tuple(found)


@cache
def simulated_bundle() -> Bundle:
    """Return the shipped bundle that judges them."""
    return open_bundle(shipped_bundle_for("simulated"))
