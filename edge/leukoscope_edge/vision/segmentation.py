"""Finding white cells by per-image adaptive thresholds.

White balance on the plasma, three-class Otsu on the violet of the nuclei, opening,
size gates in micrometres, lobes joined into cells, touching nuclei split, and the cell
grown around its nucleus. No trained part: a pixel classifier that is trained on one
stain collapses on the next.
"""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.types import F32, I32, U8, BoolArray, CellKind, Segmentation
from leukoscope_edge.vision.calibration import estimate_scale, white_balance

MIN_NUCLEUS_UM = 4.0
"""Area-equivalent diameter; platelets stay below, small lymphocytes have 8 µm."""
MIN_PLATELET_UM = 1.0
LOBE_GAP_UM = 3.0
"""Lobes of one nucleus lie closer than this; whole cells mostly do not."""
CORE_UM = 3.5
"""Radius of a whole cell's nucleus at its thickest, at least; a lobe's stays below.
A stained part with two such cores is two cells that touch."""
MIN_DARKNESS = 0.28
"""Mean violet above the upper threshold, in distances of the two thresholds: smudged
nuclei of the simulated slide have up to 0.23, whole ones 0.33 and more, those of real
fields 0.39 and more."""
APART = 0.8
"""Of the sum of two cores' depths: touching discs lie 1 apart, a notch's sides less."""
CYTOPLASM_UM = 4.0
"""How far a cell reaches beyond its nucleus."""
MIN_STAIN = 18.0
"""Grey levels between nuclei and the rest; less is an empty or unstained field."""

Window = tuple[slice, slice]


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
    labels = _label_nuclei(nuclei, scale)
    return _measure(balanced, stain, labels, low, high, scale)


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


def _label_nuclei(nuclei: BoolArray, scale_um_per_px: float) -> I32:
    """Label nuclei: thick ones apart, lobes that lie close together as one.

    A part with a thick core is a whole nucleus; one with several cores is several
    nuclei that touch; parts without are lobes and belong to those near by.
    """
    mask = nuclei.astype(np.uint8)
    depth = np.asarray(
        cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32
    )
    parts = np.asarray(cv2.connectedComponents(mask)[1], np.int32)
    peaks = _cores(depth, CORE_UM / scale_um_per_px)
    whole = np.isin(parts, [int(parts[y, x]) for _, y, x in peaks])
    side = max(3, 2 * round(LOBE_GAP_UM / 2 / scale_um_per_px) + 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    lobes = (nuclei & ~whole).astype(np.uint8)
    n_labels, joined = cv2.connectedComponents(cv2.dilate(lobes, kernel))
    labels = np.where(lobes > 0, joined, 0).astype(np.int32)
    ys, xs = np.nonzero(whole)
    if len(ys):
        labels[ys, xs] = n_labels + _nearest_core(parts, peaks, ys, xs)
    return labels


Index = npt.NDArray[np.signedinteger[Any]]
Peak = tuple[float, int, int]
"""Depth in pixels, y and x."""


def _cores(depth: F32, least_px: float) -> list[Peak]:
    """Return the deepest point of each thick core, near ones of one nucleus once."""
    thick = (depth > least_px).astype(np.uint8)
    n, cores, stats, _ = cv2.connectedComponentsWithStats(thick)
    peaks = []
    for core in range(1, n):
        x0, y0, w, h = (int(v) for v in stats[core, :4])
        window = np.s_[y0 : y0 + h, x0 : x0 + w]
        inside = np.where(cores[window] == core, depth[window], 0)
        y, x = np.unravel_index(int(inside.argmax()), inside.shape)
        peaks.append((float(inside.max()), y0 + int(y), x0 + int(x)))
    kept: list[Peak] = []
    for peak in sorted(peaks, reverse=True):
        far = (
            np.hypot(peak[1] - k[1], peak[2] - k[2]) > APART * (peak[0] + k[0])
            for k in kept
        )
        if all(far):
            kept.append(peak)
    return kept


def _nearest_core(parts: I32, peaks: list[Peak], ys: Index, xs: Index) -> I32:
    """Return for each pixel of thick nuclei the nearest core of its own part."""
    own = np.array([parts[y, x] for _, y, x in peaks])
    away = np.stack([np.hypot(ys - y, xs - x) / depth for depth, y, x in peaks])
    away[own[:, None] != parts[ys, xs][None, :]] = np.inf
    return np.asarray(away.argmin(axis=0), np.int32)


def _measure(
    balanced: U8, stain: U8, labels: I32, low: int, high: int, scale: float
) -> Segmentation:
    """Grow each nucleus into its cell and say what it is, in its own window."""
    boxes, centres, kinds = [], [], []
    nucleus_labels = np.zeros(labels.shape, np.int32)
    cell_labels = np.zeros(labels.shape, np.int32)
    body = _body(balanced, stain, low)
    reach = round(CYTOPLASM_UM / scale)
    for label, window in _windows(labels, reach + 2):
        here = labels[window]
        nucleus = here == label
        diameter_um = 2 * np.sqrt(nucleus.sum() / np.pi) * scale
        if diameter_um < MIN_PLATELET_UM:
            continue
        cell = nucleus
        if diameter_um >= MIN_NUCLEUS_UM:
            cell = _grow(nucleus, body[window] & ((here == 0) | nucleus), reach)
        y0, x0 = window[0].start, window[1].start
        ys, xs = np.nonzero(cell)
        box = (x0 + xs.min(), y0 + ys.min(), x0 + xs.max() + 1, y0 + ys.max() + 1)
        darkness = (float(stain[window][nucleus].mean()) - high) / (high - low)
        kinds.append(_kind(diameter_um, darkness, box, labels.shape))
        boxes.append(box)
        ny, nx = np.nonzero(nucleus)
        centres.append((x0 + nx.mean(), y0 + ny.mean()))
        nucleus_labels[window][nucleus] = len(kinds)
        cell_labels[window][cell] = len(kinds)
    return Segmentation(
        kinds=tuple(kinds),
        boxes_px=np.array(boxes, np.int32).reshape(-1, 4),
        centres_px=np.array(centres, np.float32).reshape(-1, 2),
        nucleus_labels=nucleus_labels,
        cell_labels=cell_labels,
        scale_um_per_px=scale,
    )


def _windows(labels: I32, margin_px: int) -> Iterator[tuple[int, Window]]:
    """Yield each label with the window around it, in the order of the labels."""
    ys, xs = np.nonzero(labels)
    values = labels[ys, xs]
    n = int(values.max(initial=0)) + 1
    low = np.full((n, 2), np.iinfo(np.int64).max)
    high = np.full((n, 2), -1)
    places = np.column_stack([ys, xs])
    np.minimum.at(low, values, places)
    np.maximum.at(high, values, places)
    for label in range(1, n):
        if high[label, 0] < 0:
            continue
        y0, x0 = (max(int(v) - margin_px, 0) for v in low[label])
        y1, x1 = (int(v) + margin_px + 1 for v in high[label])
        yield label, (slice(y0, y1), slice(x0, x1))


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
    diameter_um: float,
    darkness: float,
    box: tuple[int, int, int, int],
    shape: tuple[int, ...],
) -> CellKind:
    if diameter_um < MIN_NUCLEUS_UM:
        return CellKind.PLATELET
    if darkness < MIN_DARKNESS:
        return CellKind.SMUDGE
    x0, y0, x1, y1 = box
    height, width = shape
    if x0 == 0 or y0 == 0 or x1 == width or y1 == height:
        return CellKind.BORDER
    return CellKind.WBC
