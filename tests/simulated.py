"""Frames of a simulated slide, which takes a second to draw: drawn once a process."""

from functools import cache

from leukoscope_edge.capture import parse_simulated
from leukoscope_edge.types import Frame

SOURCE = "simulated:seed=5"


@cache
def first_frames(n: int, source: str = SOURCE) -> tuple[Frame, ...]:
    """Return the first frames, (480, 640, 3) uint8 RGB that nobody can write into."""
    found = []
    with parse_simulated(source) as camera:
        while len(found) < n:
            frame = camera.read()
            assert isinstance(frame, Frame)
            frame.pixels.flags.writeable = False
            found.append(frame)
    return tuple(found)
