"""Simulated slides, which take up to a second to draw: drawn once a process."""

from copy import copy
from functools import cache, lru_cache

from leukoscope_edge.capture import SimulatedCamera, parse_simulated
from leukoscope_edge.types import Frame

SOURCE = "simulated:seed=5,cells=20"
drawn = lru_cache(maxsize=8)(parse_simulated)


def camera_on(source: str = SOURCE) -> SimulatedCamera:
    """Return a camera at the beginning of a slide that others look at as well."""
    return copy(drawn(source))


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
