"""The scale of a camera: measured on a stage micrometer, kept in the records."""

import math

from leukoscope_edge.capture.simulated import SCALE_UM_PER_PX
from leukoscope_edge.capture.source import is_simulated
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.records.store import Store
from leukoscope_edge.vision.ruler import SCALE_RANGE_UM_PER_PX, scale_from_two_points

NOTE = "calibration"
MIN_LENGTH_PX = 50.0
"""Two taps are each a few pixels off; over a shorter line that is too much."""


def camera_scale(store: Store, camera: CameraEntry) -> float | None:
    """Return a camera's micrometres per pixel, None where nobody calibrated.

    The newest calibration of this camera counts, then the profile. The simulated slide
    brings its own scale.
    """
    if is_simulated(camera.source):
        return SCALE_UM_PER_PX
    kept = [e.body["facts"] for e in store.notes(NOTE)]
    own = [f["um_per_px"] for f in kept if f["camera"] == camera.source]
    return own[-1] if own else camera.scale_um_per_px


def measure_scale(
    start_px: tuple[float, float], end_px: tuple[float, float], length_um: float
) -> float:
    """Return the micrometres per pixel of a line between two taps.

    Raises:
        ConfigError: The line is too short, or the scale is none of a microscope.
    """
    length_px = math.dist(start_px, end_px)
    if length_px < MIN_LENGTH_PX:
        raise ConfigError(
            f"the line is {length_px:.0f} pixels long, expected {MIN_LENGTH_PX:.0f} or "
            "more: tap the ends of a longer one"
        )
    scale = scale_from_two_points(start_px, end_px, length_um)
    low, high = SCALE_RANGE_UM_PER_PX
    if not low <= scale <= high:
        raise ConfigError(
            f"{scale:.4f} µm per pixel, expected {low} to {high}: check the length"
        )
    return scale


def keep_scale(store: Store, camera: CameraEntry, um_per_px: float, by: str) -> None:
    """Keep a camera's scale."""
    store.note(NOTE, {"camera": camera.source, "um_per_px": um_per_px}, by)
