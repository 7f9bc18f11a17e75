"""A detection whose pictures are black."""

import numpy as np

from leukoscope_edge.types import LazyDetection

PICTURE = np.zeros((4, 4, 3), np.uint8)


def detection(
    frame: int | str,
    x: float,
    y: float = 50,
    *,
    sharpness: float = 1.0,
    radius_px: float = 20,
) -> LazyDetection:
    """Return what a frame, by its name or number, shows at a place of the slide."""
    return LazyDetection(
        frame=frame if isinstance(frame, str) else f"f{frame}",
        box_px=(0, 0, 40, 40),
        centre_px=(20.0, 20.0),
        slide_px=(x, y),
        sharpness=sharpness,
        radius_px=radius_px,
        cut=lambda: PICTURE,
        cut_view=lambda: PICTURE,
    )
