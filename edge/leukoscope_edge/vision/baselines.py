"""The field's usual ways to find nuclei, kept as named baselines.

They draw masks on the same view and end in the same objects as thresholding, so that
a table compares nothing but the masks. None of them is what the device uses.
"""

from collections.abc import Callable

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.types import Segmentation
from leukoscope_edge.vision.cells.masks import Masks
from leukoscope_edge.vision.cells.objects import describe
from leukoscope_edge.vision.colour import foreground_of
from leukoscope_edge.vision.morphology import close_mask, fill_holes, open_mask
from leukoscope_edge.vision.scale.red_cells import estimate_scale
from leukoscope_edge.vision.view import View, view_of

CLOSE_PX = 2.0
"""Radius of the closing that joins broken edges; the view's pixel is about 0.16 µm."""
N_CLUSTERS = 3
N_ROUNDS = 10


def segment_by(
    nuclei_of: Callable[[View], BoolArray], pixels: U8, scale_um_per_px: float | None
) -> Segmentation:
    """Segment by one of `NUCLEI_OF`; see `segmentation.segment`."""
    view = view_of(pixels, scale_um_per_px)
    nuclei = nuclei_of(view)
    scale = view.scale_um_per_px or estimate_scale(view.smooth, nuclei).um_per_px
    masks = Masks(
        nuclei=nuclei,
        body=foreground_of(view.smooth) | nuclei,
        scale_um_per_px=scale,
        low=0,
        high=0,
        min_violet=0.0,
        is_coarse=False,
    )
    return describe(view, masks)


def _dark_green(view: View) -> BoolArray:
    """Two-class Otsu on green. Source: Otsu 1979."""
    green = view.smooth[..., 1]
    level, _ = cv2.threshold(green, 0, 1, cv2.THRESH_OTSU)
    return np.asarray(green <= level, np.bool_) & (int(green.min()) < int(green.max()))


def _inside_canny(view: View) -> BoolArray:
    """Canny edges on green, closed and filled; Otsu's level above, half of it below.

    Source: Canny 1986.
    """
    green = view.smooth[..., 1]
    level, _ = cv2.threshold(green, 0, 1, cv2.THRESH_OTSU)
    return _inside(np.asarray(cv2.Canny(green, level / 2, level) > 0, np.uint8))


def _inside_sobel(view: View) -> BoolArray:
    """Steep Sobel gradients on green (Otsu), closed and filled."""
    green = view.smooth[..., 1]
    across = cv2.Sobel(green, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(green, cv2.CV_32F, 0, 1)
    steep = np.minimum(cv2.magnitude(across, down), 255).astype(np.uint8)
    level, _ = cv2.threshold(steep, 0, 1, cv2.THRESH_OTSU)
    return _inside((steep > level).astype(np.uint8))


def _inside(edges: U8) -> BoolArray:
    """Return what closed edges enclose, without the edges that enclose nothing."""
    filled = fill_holes(close_mask(edges, CLOSE_PX))
    return np.asarray(open_mask(filled, CLOSE_PX) > 0, np.bool_)


def _darkest_cluster(view: View) -> BoolArray:
    """K-means in CIE Lab, three clusters, the darkest one the nuclei.

    Source: Zheng et al., Micron 107:55, 2018, for white cells.
    """
    lab = cv2.cvtColor(view.smooth, cv2.COLOR_RGB2LAB)
    colours: F32 = lab.reshape(-1, 3).astype(np.float32)
    if len(np.unique(colours, axis=0)) < N_CLUSTERS:
        return np.zeros(view.violet.shape, np.bool_)
    # A fixed start by brightness keeps the result the same from run to run.
    start = np.argsort(np.argsort(colours[:, 0], kind="stable"), kind="stable")
    start = (start * N_CLUSTERS // len(colours)).astype(np.int32)
    rule = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, N_ROUNDS, 0.5)
    _, labels, centres = cv2.kmeans(
        colours, N_CLUSTERS, start[:, None], rule, 1, cv2.KMEANS_USE_INITIAL_LABELS
    )
    darkest = int(np.argmin(centres[:, 0]))
    return np.asarray((labels == darkest).reshape(view.violet.shape), np.bool_)


NUCLEI_OF: dict[str, Callable[[View], BoolArray]] = {
    "otsu": _dark_green,
    "canny": _inside_canny,
    "sobel": _inside_sobel,
    "kmeans-lab": _darkest_cluster,
}
