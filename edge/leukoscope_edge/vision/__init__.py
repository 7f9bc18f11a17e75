"""Seeing: calibration, quality, segmentation, motion and crops.

Pure: arrays in, values out. Nothing here opens a file, reads a clock or keeps state.

Offers the steps of a frame's road: its light and colours (`even_out`, `order_of`),
whether it is good enough (`assess`), its cells (`segment`, `find_sightings`), where the
stage stands (`StageTracker`) and the crop that a model is shown (`CropSpec`, `cut`).
`vision.cells` and `vision.scale` are rooms of their own.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.vision import baselines as baselines
    from leukoscope_edge.vision.colour import plasma_colour as plasma_colour
    from leukoscope_edge.vision.colour import white_balance as white_balance
    from leukoscope_edge.vision.colour_order import FrameColours as FrameColours
    from leukoscope_edge.vision.colour_order import measure_colours as measure_colours
    from leukoscope_edge.vision.colour_order import order_of as order_of
    from leukoscope_edge.vision.compression import (
        quality_from_pixels as quality_from_pixels,
    )
    from leukoscope_edge.vision.crop import COVER as COVER
    from leukoscope_edge.vision.crop import MIN_STD as MIN_STD
    from leukoscope_edge.vision.crop import TARGET_MEAN as TARGET_MEAN
    from leukoscope_edge.vision.crop import TARGET_STD as TARGET_STD
    from leukoscope_edge.vision.crop import WHITE_LEVEL as WHITE_LEVEL
    from leukoscope_edge.vision.crop import Colour as Colour
    from leukoscope_edge.vision.crop import CropSpec as CropSpec
    from leukoscope_edge.vision.crop import Light as Light
    from leukoscope_edge.vision.crop import cut_crop as cut_crop
    from leukoscope_edge.vision.crop import cut_labelled as cut_labelled
    from leukoscope_edge.vision.crop import cut_view as cut_view
    from leukoscope_edge.vision.crop import finish_crop as finish_crop
    from leukoscope_edge.vision.features import Features as Features
    from leukoscope_edge.vision.features import measure_features as measure_features
    from leukoscope_edge.vision.features import nearest_indices as nearest_indices
    from leukoscope_edge.vision.flatfield import even_out as even_out
    from leukoscope_edge.vision.flatfield import record_flat_field as record_flat_field
    from leukoscope_edge.vision.following import NOTHING_FOLLOWED as NOTHING_FOLLOWED
    from leukoscope_edge.vision.following import NOTHING_KNOWN as NOTHING_KNOWN
    from leukoscope_edge.vision.following import Followed as Followed
    from leukoscope_edge.vision.following import follow as follow
    from leukoscope_edge.vision.following import remember as remember
    from leukoscope_edge.vision.morphology import dilate as dilate
    from leukoscope_edge.vision.morphology import parts_of as parts_of
    from leukoscope_edge.vision.motion import Joined as Joined
    from leukoscope_edge.vision.motion import Placement as Placement
    from leukoscope_edge.vision.motion import StageTracker as StageTracker
    from leukoscope_edge.vision.motion import TrackingState as TrackingState
    from leukoscope_edge.vision.nuclear_places import near_nuclei as near_nuclei
    from leukoscope_edge.vision.nuclear_places import places_along as places_along
    from leukoscope_edge.vision.quality import QualityReport as QualityReport
    from leukoscope_edge.vision.quality import assess as assess
    from leukoscope_edge.vision.segmentation import NOTHING as NOTHING
    from leukoscope_edge.vision.segmentation import segment as segment
    from leukoscope_edge.vision.segmentation import threshold as threshold
    from leukoscope_edge.vision.sightings import NOTHING_SEEN as NOTHING_SEEN
    from leukoscope_edge.vision.sightings import FrameDetections as FrameDetections
    from leukoscope_edge.vision.sightings import find_sightings as find_sightings
    from leukoscope_edge.vision.sightings import view_spec as view_spec
    from leukoscope_edge.vision.tiles import search_frame as search_frame
    from leukoscope_edge.vision.view import view_of as view_of
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
