"""A cell that the machine missed and a person tapped in the live picture."""

import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.errors import SourceError
from leukoscope_edge.inference import Card
from leukoscope_edge.live.commands import News
from leukoscope_edge.messages import message
from leukoscope_edge.records import from_png
from leukoscope_edge.records.slides import MissedCell
from leukoscope_edge.vision import cut_view, view_spec

CELL_UM = 12.0
"""Side of the box around a tapped cell: a lymphocyte with its cytoplasm, about."""


def cut_missed(
    news: News, place: tuple[float, float], card: Card, scale_um_per_px: float | None
) -> MissedCell:
    """Cut a tapped cell out of a picture that the page showed.

    Args:
        news: The picture.
        place: (x, y) as parts of its width and height, 0..1.
        card: Of the model; says how large pictures of cells are.
        scale_um_per_px: Calibrated micrometres per pixel.

    Raises:
        SourceError: Nobody calibrated, so the cell's picture would have no scale.
    """
    if scale_um_per_px is None:
        raise SourceError(message("calibrate-then-add"))
    pixels: U8 = from_png(news.jpeg)
    height, width = pixels.shape[:2]
    x, y = place[0] * width, place[1] * height
    half_px = CELL_UM / 2 / scale_um_per_px
    low = np.clip([x - half_px, y - half_px], 0, [width, height])
    high = np.clip([x + half_px, y + half_px], 0, [width, height])
    x0, y0, x1, y1 = (round(float(v)) for v in (*low, *high))
    origin = news.facts.get("place") or (0, 0, 0)
    view = view_spec(card.input.crop_spec, scale_um_per_px)
    return MissedCell(
        frame=str(news.facts["frame"]),
        frame_sha256="",
        box_px=(x0, y0, x1, y1),
        slide_px=(x + origin[0], y + origin[1]),
        view=cut_view(pixels, (x, y), scale_um_per_px, view),
    )
