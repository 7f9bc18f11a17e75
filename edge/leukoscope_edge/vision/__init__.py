"""Seeing: calibration, quality, segmentation, motion and crops.

Pure: arrays in, values out. Nothing here opens a file, reads a clock or keeps state.

Offers the steps of a frame's road: its light and colours (`even_out`, `order_of`),
whether it is good enough (`assess`), its cells (`segment`, `find_sightings`), where the
stage stands (`StageTracker`) and the crop that a model is shown (`CropSpec`, `cut`).
`vision.cells` and `vision.scale` are rooms of their own.
"""

from leukoscope_edge.vision.colour import plasma_colour, white_balance
from leukoscope_edge.vision.colour_order import FrameColours, measure_colours, order_of
from leukoscope_edge.vision.compression import quality_from_pixels
from leukoscope_edge.vision.crop import (
    COVER,
    MIN_STD,
    TARGET_MEAN,
    TARGET_STD,
    WHITE_LEVEL,
    Colour,
    CropSpec,
    Light,
    cut,
    cut_labelled,
    cut_view,
    finish,
)
from leukoscope_edge.vision.features import Features, measure, nearest
from leukoscope_edge.vision.flatfield import FlatField, even_out, record_flat_field
from leukoscope_edge.vision.morphology import dilate, parts_of
from leukoscope_edge.vision.motion import (
    Joined,
    Placement,
    StageTracker,
    TrackingState,
    Visited,
)
from leukoscope_edge.vision.quality import QualityReport, assess
from leukoscope_edge.vision.segmentation import NOTHING, segment, threshold
from leukoscope_edge.vision.sightings import (
    NOTHING_SEEN,
    FrameDetections,
    find_sightings,
    view_spec,
)
from leukoscope_edge.vision.tiles import search
from leukoscope_edge.vision.view import look

__all__ = [
    "COVER",
    "MIN_STD",
    "NOTHING",
    "NOTHING_SEEN",
    "TARGET_MEAN",
    "TARGET_STD",
    "WHITE_LEVEL",
    "Colour",
    "CropSpec",
    "Features",
    "FlatField",
    "FrameColours",
    "FrameDetections",
    "Joined",
    "Light",
    "Placement",
    "QualityReport",
    "StageTracker",
    "TrackingState",
    "Visited",
    "assess",
    "cut",
    "cut_labelled",
    "cut_view",
    "dilate",
    "even_out",
    "find_sightings",
    "finish",
    "look",
    "measure",
    "measure_colours",
    "nearest",
    "order_of",
    "parts_of",
    "plasma_colour",
    "quality_from_pixels",
    "record_flat_field",
    "search",
    "segment",
    "threshold",
    "view_spec",
    "white_balance",
]
