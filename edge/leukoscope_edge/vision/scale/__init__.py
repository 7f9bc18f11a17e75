"""Micrometres per pixel: estimated from cells, or measured on a stage micrometer."""

from leukoscope_edge.vision.scale.eyepiece import filled, outside_of
from leukoscope_edge.vision.scale.frame_scale import (
    FrameScale,
    are_mixed,
    frames_off_scale,
    n_contradicting,
    scale_of_frame,
)
from leukoscope_edge.vision.scale.pixel_shape import stretch_of
from leukoscope_edge.vision.scale.red_cells import RED_CELL_UM, estimate_scale
from leukoscope_edge.vision.scale.scale_estimate import (
    MAX_MISMATCH,
    PLAUSIBLE_UM_PER_PX,
    FrameSizes,
    SourceScale,
    estimate_source_scale,
    measure_sizes,
)
from leukoscope_edge.vision.scale.stage_micrometer import (
    SCALE_RANGE_UM_PER_PX,
    Calibration,
    check_red_cells,
    scale_from_lines,
    scale_from_two_points,
)

__all__ = [
    "MAX_MISMATCH",
    "PLAUSIBLE_UM_PER_PX",
    "RED_CELL_UM",
    "SCALE_RANGE_UM_PER_PX",
    "Calibration",
    "FrameScale",
    "FrameSizes",
    "SourceScale",
    "are_mixed",
    "check_red_cells",
    "estimate_scale",
    "estimate_source_scale",
    "filled",
    "frames_off_scale",
    "measure_sizes",
    "n_contradicting",
    "outside_of",
    "scale_from_lines",
    "scale_from_two_points",
    "scale_of_frame",
    "stretch_of",
]
