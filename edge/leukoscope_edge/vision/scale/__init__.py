"""Micrometres per pixel: estimated from cells, or measured on a stage micrometer."""

from leukoscope_edge.vision.scale.eyepiece import filled, outside_of
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
    "FrameSizes",
    "SourceScale",
    "check_red_cells",
    "estimate_scale",
    "estimate_source_scale",
    "filled",
    "measure_sizes",
    "outside_of",
    "scale_from_lines",
    "scale_from_two_points",
]
