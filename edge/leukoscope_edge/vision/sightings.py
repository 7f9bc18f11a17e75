"""From a segmented frame to sightings: every white cell cut out, with its surroundings.

It decides nothing: what is a cell, segmentation has said; where the frame lies, motion.
"""

import math
from dataclasses import dataclass, replace

from leukoscope_edge.types import CellKind, Frame, Segmentation, Sighting
from leukoscope_edge.vision.crop import CropSpec, cut, cut_view
from leukoscope_edge.vision.quality import sharpness

VIEW_SIDE_PX = 96
"""Side of the pictures for people; the model's crop has the card's own side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The white cells that one frame shows."""

    whole: tuple[Sighting, ...] = ()
    cut_off: tuple[Sighting, ...] = ()
    smudges: tuple[Sighting, ...] = ()


NOTHING_SEEN = Seen()


def find_sightings(
    frame: Frame,
    segmentation: Segmentation,
    origin_px: tuple[float, float],
    spec: CropSpec,
) -> Seen:
    """Cut out every white cell of a frame.

    Args:
        frame: The frame.
        segmentation: What stands in it.
        origin_px: Slide coordinates of the frame's top-left corner.
        spec: How the model wants its crops.
    """

    def of(kind: CellKind) -> tuple[Sighting, ...]:
        return tuple(
            _sighting(frame, segmentation, i, origin_px, spec)
            for i in segmentation.indices(kind)
        )

    return Seen(
        whole=of(CellKind.WBC),
        cut_off=of(CellKind.BORDER),
        smudges=of(CellKind.SMUDGE),
    )


def view_spec(spec: CropSpec) -> CropSpec:
    """Return how the picture for people is cut: the crop's place at its own side."""
    return replace(
        spec,
        side_px=VIEW_SIDE_PX,
        scale_um_per_px=spec.side_px * spec.scale_um_per_px / VIEW_SIDE_PX,
    )


def _sighting(
    frame: Frame,
    segmentation: Segmentation,
    index: int,
    origin_px: tuple[float, float],
    spec: CropSpec,
) -> Sighting:
    x, y = (float(v) for v in segmentation.centres_px[index])
    x0, y0, x1, y1 = (int(v) for v in segmentation.boxes_px[index])
    box = segmentation.nucleus_labels[y0:y1, x0:x1]
    area_px = int((box == index + 1).sum())
    scale = segmentation.scale_um_per_px
    mask = segmentation.cell_labels == index + 1
    return Sighting(
        frame=frame.name,
        box_px=(x0, y0, x1, y1),
        centre_px=(x, y),
        slide_px=(x + origin_px[0], y + origin_px[1]),
        sharpness=sharpness(frame.pixels[y0:y1, x0:x1]),
        crop=cut(frame.pixels, mask, (x, y), scale, spec),
        view=cut_view(frame.pixels, (x, y), scale, view_spec(spec)),
        radius_px=math.sqrt(area_px / math.pi),
    )
