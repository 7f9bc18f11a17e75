"""From a segmented frame to sightings: every white cell cut out, with its surroundings.

It decides nothing: what is a cell, segmentation has said; where the frame lies, motion.
"""

import math
from dataclasses import dataclass, replace
from functools import partial

from leukoscope_edge.types import (
    CellKind,
    Frame,
    LazyDetection,
    Segmentation,
)
from leukoscope_edge.vision.crop import CropSpec, cut_labelled, cut_view
from leukoscope_edge.vision.quality import sharpness

VIEW_SIDES_PX = (96, 256)
"""Least and largest side of the pictures for people, which are cut at the camera's own
resolution between them; the model's crop has the card's own side."""
VIEW_CELLS = 1.25, 2.5
"""Least and largest side of such a picture in sides of the cell's box, where only cells
said the scale: in the 20.5 µm that the shipped models' crops span, cells of 8 to 16 µm
are so large. What a few cells say first can be more than twofold off: a field of
`taleqani` says 0.20 µm a pixel, 16 of them 0.45."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameDetections:
    """The white cells that one frame shows."""

    whole: tuple[LazyDetection, ...] = ()
    cut_off: tuple[LazyDetection, ...] = ()
    smudges: tuple[LazyDetection, ...] = ()


NOTHING_SEEN = FrameDetections()


def find_sightings(
    frame: Frame,
    segmentation: Segmentation,
    origin_px: tuple[float, float],
    spec: CropSpec,
    *,
    is_scale_given: bool = True,
) -> FrameDetections:
    """Place every white cell of a frame; its pictures are cut out when asked for.

    Args:
        frame: The frame.
        segmentation: What stands in it.
        origin_px: Slide coordinates of the frame's top-left corner.
        spec: How the model wants its crops.
        is_scale_given: The segmentation's scale was; False: cells said it.
    """

    def of(kind: CellKind) -> tuple[LazyDetection, ...]:
        return tuple(
            _detection(
                frame, segmentation, i, origin_px, spec, is_scale_given=is_scale_given
            )
            for i in segmentation.indices(kind)
        )

    return FrameDetections(
        whole=of(CellKind.WBC),
        cut_off=of(CellKind.BORDER),
        smudges=of(CellKind.SMUDGE),
    )


def view_spec(
    spec: CropSpec, scale_um_per_px: float, box_side_px: int | None = None
) -> CropSpec:
    """Return how the picture for people is cut: the crop's place, a pixel for a pixel.

    Args:
        spec: How the model wants its crops.
        scale_um_per_px: Physical size of the frame's pixel.
        box_side_px: Of the cell's box, where only cells said the scale: the picture
            then shows neither a part of the cell nor half the field.
    """
    view_um = spec.side_px * spec.scale_um_per_px
    if box_side_px is not None:
        few, many = (n * box_side_px * scale_um_per_px for n in VIEW_CELLS)
        view_um = min(max(view_um, few), many)
    least, largest = VIEW_SIDES_PX
    side_px = min(max(round(view_um / scale_um_per_px), least), largest)
    return replace(spec, side_px=side_px, scale_um_per_px=view_um / side_px)


def _detection(
    frame: Frame,
    segmentation: Segmentation,
    index: int,
    origin_px: tuple[float, float],
    spec: CropSpec,
    *,
    is_scale_given: bool,
) -> LazyDetection:
    x, y = (float(v) for v in segmentation.centres_px[index])
    x0, y0, x1, y1 = (int(v) for v in segmentation.boxes_px[index])
    box = segmentation.nucleus_labels[y0:y1, x0:x1]
    area_px = int((box == index + 1).sum())
    scale = segmentation.scale_um_per_px
    own_px = None if is_scale_given else max(x1 - x0, y1 - y0)
    view = view_spec(spec, scale, own_px)
    return LazyDetection(
        frame=frame.name,
        box_px=(x0, y0, x1, y1),
        centre_px=(x, y),
        slide_px=(x + origin_px[0], y + origin_px[1]),
        sharpness=sharpness(frame.pixels[y0:y1, x0:x1]),
        radius_px=math.sqrt(area_px / math.pi),
        by_cells_um_per_px=None if is_scale_given else scale,
        cut=partial(
            cut_labelled,
            frame.pixels,
            segmentation.cell_labels,
            index + 1,
            (x, y),
            scale,
            spec,
        ),
        cut_view=partial(cut_view, frame.pixels, (x, y), scale, view),
    )
