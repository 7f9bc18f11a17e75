"""Finding white cells by per-image adaptive thresholds.

White balance on the plasma, three-class Otsu on the violet of the nuclei, opening,
size gates in micrometres, lobes joined into cells, touching nuclei split, and the cell
grown around its nucleus. No trained part: a pixel classifier that is trained on one
stain collapses on the next.
"""

import cv2
import numpy as np

from leukoscope_edge.types import U8, BoolArray, CellKind, Segmentation
from leukoscope_edge.vision.calibration import estimate_scale, white_balance

MIN_NUCLEUS_UM = 4.0
"""Area-equivalent diameter; platelets stay below, small lymphocytes have 8 µm."""
MIN_PLATELET_UM = 1.0
LOBE_GAP_UM = 2.0
"""Lobes of one nucleus lie closer than this; whole cells mostly do not."""
CYTOPLASM_UM = 4.0
"""How far a cell reaches beyond its nucleus."""
MIN_STAIN = 18.0
"""Grey levels between nuclei and the rest; less is an empty or unstained field."""


def segment(pixels: U8, scale_um_per_px: float | None = None) -> Segmentation:
    """Find all stained objects of a frame.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        scale_um_per_px: Micrometres per pixel; None: estimated from the cells.
    """
    balanced = white_balance(pixels)
    stain = violet(balanced)
    low, high = otsu3(stain)
    nuclei = _nuclei(stain, low, high)
    scale = scale_um_per_px or estimate_scale(balanced, nuclei).um_per_px
    labels = _join_lobes(nuclei, scale)
    return _measure(balanced, stain, labels, low, scale)


def violet(balanced: U8) -> U8:
    """Return how violet each pixel is, (H, W) uint8: blue above green.

    Args:
        balanced: (H, W, 3) uint8 RGB, white-balanced.
    """
    excess = cv2.subtract(balanced[..., 2], balanced[..., 1])
    return np.asarray(cv2.GaussianBlur(excess, (5, 5), 0), np.uint8)


def otsu3(channel: U8) -> tuple[int, int]:
    """Return the two thresholds that part a channel into three classes best.

    Args:
        channel: (H, W) uint8.

    Returns:
        (t1, t2) with t1 < t2; the upper class is `channel > t2`.

    Source: Otsu 1979, exhaustive search over both thresholds.
    """
    counts = np.bincount(channel.ravel(), minlength=256).astype(np.float64)
    weight, moment = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    between = weight[None, :] - weight[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (
            moment[:, None] ** 2 / weight[:, None]
            + (moment[None, :] - moment[:, None]) ** 2 / between
            + (moment[-1] - moment[None, :]) ** 2 / (weight[-1] - weight[None, :])
        )
    score[~np.isfinite(score) | (between <= 0)] = -1
    t1, t2 = np.unravel_index(int(np.argmax(score)), score.shape)
    return int(t1), int(t2)


def _nuclei(stain: U8, low: int, high: int) -> BoolArray:
    mask = stain > high
    rest = stain[stain <= low]
    if not mask.any() or rest.size == 0:
        return np.zeros_like(mask)
    if stain[mask].mean() - rest.mean() < MIN_STAIN:
        return np.zeros_like(mask)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, kernel) > 0)


def _join_lobes(nuclei: BoolArray, scale_um_per_px: float) -> np.ndarray:
    side = max(3, 2 * round(LOBE_GAP_UM / 2 / scale_um_per_px) + 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    joined = cv2.dilate(nuclei.astype(np.uint8), kernel)
    _, labels = cv2.connectedComponents(joined)
    return np.where(nuclei, labels, 0).astype(np.int32)


def _measure(
    balanced: U8, stain: U8, labels: np.ndarray, low: int, scale: float
) -> Segmentation:
    n = int(labels.max())
    boxes, centres, kinds = [], [], []
    nucleus_labels = np.zeros(labels.shape, np.int32)
    cell_labels = np.zeros(labels.shape, np.int32)
    body = _body(balanced, stain, low)
    reach = round(CYTOPLASM_UM / scale)
    for label in range(1, n + 1):
        nucleus = labels == label
        diameter_um = 2 * np.sqrt(nucleus.sum() / np.pi) * scale
        if diameter_um < MIN_PLATELET_UM:
            continue
        cell = nucleus
        if diameter_um >= MIN_NUCLEUS_UM:
            cell = _grow(nucleus, body & ((labels == 0) | nucleus), reach)
        ys, xs = np.nonzero(cell)
        box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        kinds.append(_kind(diameter_um, box, labels.shape))
        boxes.append(box)
        ny, nx = np.nonzero(nucleus)
        centres.append((nx.mean(), ny.mean()))
        nucleus_labels[nucleus] = len(kinds)
        cell_labels[cell] = len(kinds)
    return Segmentation(
        kinds=tuple(kinds),
        boxes_px=np.array(boxes, np.int32).reshape(-1, 4),
        centres_px=np.array(centres, np.float32).reshape(-1, 2),
        nucleus_labels=nucleus_labels,
        cell_labels=cell_labels,
        scale_um_per_px=scale,
    )


def _body(balanced: U8, stain: U8, low: int) -> BoolArray:
    """Everything that is neither plasma nor red cell."""
    red = balanced[..., 0].astype(np.int16)
    blue = balanced[..., 2].astype(np.int16)
    return np.asarray((stain > low) & (blue >= red - 10))


def _grow(nucleus: BoolArray, body: BoolArray, reach_px: int) -> BoolArray:
    side = 2 * reach_px + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    near = cv2.dilate(nucleus.astype(np.uint8), kernel)
    grown = ((near > 0) & body) | nucleus
    smooth = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    opened = cv2.morphologyEx(grown.astype(np.uint8), cv2.MORPH_OPEN, smooth)
    _, parts = cv2.connectedComponents(opened | nucleus.astype(np.uint8))
    own = np.unique(parts[nucleus])
    return np.asarray(np.isin(parts, own[own > 0]))


def _kind(
    diameter_um: float, box: tuple[int, int, int, int], shape: tuple[int, ...]
) -> CellKind:
    if diameter_um < MIN_NUCLEUS_UM:
        return CellKind.PLATELET
    x0, y0, x1, y1 = box
    height, width = shape
    if x0 == 0 or y0 == 0 or x1 == width or y1 == height:
        return CellKind.BORDER
    return CellKind.WBC
