"""Ways of segmenting by their names: ours, baselines, and ours with scikit-image.

The last is a peer for speed and Dice: the steps of our thresholding, done by another.
"""

import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import I32, U8, BoolArray
from leukoscope_edge.errors import SourceError
from leukoscope_edge.inference import INPUT_UM_PER_PX, CpuSession, Segmenter
from leukoscope_edge.types import CellKind, Segmentation
from leukoscope_edge.vision import baselines, segment, white_balance
from leukoscope_edge.vision.scale import estimate_scale
from leukoscope_train.data import CELL_NUCLEUS, MIN_SCORE, WHITE_CELL
from leukoscope_train.evaluation.segmentation_scores import Method

METHODS = (
    "otsu3",
    *baselines.NUCLEI_OF,
    "unet",
    "maskrcnn",
    "skimage",
    "skimage-reduced",
)


def method_of(name: str, segmenter: Path, *, in_marrow: bool = False) -> Method:
    """Return a way of segmenting by its name.

    Args:
        name: One of `METHODS`.
        segmenter: Folder of the network, for `unet`; the ONNX file, for `maskrcnn`.
        in_marrow: The images show marrow; `otsu3` alone is told.
    """
    match name:
        case "unet":
            return Segmenter(segmenter).segment
        case "maskrcnn":
            return MaskRcnn(segmenter).segment
        case "skimage":
            return partial(segment_with_skimage, longest_px=sys.maxsize)
        case "skimage-reduced":
            return partial(segment_with_skimage, longest_px=400)
        case "otsu3":
            return partial(segment, in_marrow=in_marrow)
        case _:
            return partial(baselines.segment_by, baselines.NUCLEI_OF[name])


class MaskRcnn:
    """A Mask R-CNN's file of `leukoscope_train.networks.maskrcnn`, on one thread."""

    def __init__(self, model: Path) -> None:
        """Load it.

        Args:
            model: An ONNX file: (3, h, w) float32 RGB of 0..1 to boxes, labels (1 a
                cell, 2 a nucleus), scores and masks.
        """
        self._session = CpuSession(model.read_bytes(), n_threads=1).runtime

    def segment(self, pixels: U8, scale_um_per_px: float | None) -> Segmentation:
        """Return its cells; where no scale is given, thresholds measure one.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            scale_um_per_px: What a pixel measures.
        """
        um_per_px = scale_um_per_px or segment(pixels).scale_um_per_px
        height, width = pixels.shape[:2]
        factor = um_per_px / INPUT_UM_PER_PX
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        small = cv2.resize(white_balance(pixels), size, interpolation=cv2.INTER_AREA)
        batch = small.transpose(2, 0, 1).astype(np.float32) / 255
        _, labels, scores, masks = self._session.run(None, {"input": batch})
        sure = scores >= MIN_SCORE
        found = {
            kind: [
                cv2.resize(mask[0], (width, height)) > MIN_SCORE
                for mask in masks[sure & (labels == kind)]
            ]
            for kind in (WHITE_CELL, CELL_NUCLEUS)
        }
        return _drawn(found[WHITE_CELL], found[CELL_NUCLEUS], pixels, um_per_px)


def _drawn(
    cells: list[BoolArray], nuclei: list[BoolArray], pixels: U8, um_per_px: float
) -> Segmentation:
    """Return cells, the surest first, each with what lies in it of any nucleus."""
    shape = pixels.shape[:2]
    nucleus = np.any(nuclei, axis=0) if nuclei else np.zeros(shape, np.bool_)
    labels = np.zeros(shape, np.int32)
    n = 0
    for cell in cells:
        own = cell & (labels == 0)
        if own.any():
            n += 1
            labels[own] = n
    nucleus_labels = np.where(nucleus, labels, 0).astype(np.int32)
    boxes, centres = [], []
    for i in range(1, n + 1):
        own = labels == i
        x, y, w, h = cv2.boundingRect(own.view(np.uint8))
        boxes.append((x, y, x + w, y + h))
        stained = own & nucleus
        centres.append(np.argwhere(stained if stained.any() else own).mean(axis=0))
    height, width = shape
    return Segmentation(
        kinds=tuple(
            CellKind.WBC
            if x0 > 0 and y0 > 0 and x1 < width and y1 < height
            else CellKind.BORDER
            for x0, y0, x1, y1 in boxes
        ),
        boxes_px=np.array(boxes, np.int32).reshape(-1, 4),
        centres_px=np.array(centres, np.float32).reshape(-1, 2)[:, ::-1],
        nucleus_labels=nucleus_labels,
        cell_labels=labels,
        scale_um_per_px=um_per_px,
    )


def segment_with_skimage(
    pixels: U8, scale_um_per_px: float | None, *, longest_px: int
) -> Segmentation:
    """Do the steps of thresholding with scikit-image, as a peer for speed and Dice.

    White balance, violet, Gauss, three-class Otsu, opening, distance transform,
    watershed, size gate, and the cell grown by a fixed distance inside the foreground.

    Raises:
        SourceError: An image has too few colours for it.
    """
    try:
        return _segment_with_skimage(pixels, scale_um_per_px, longest_px)
    except ValueError as err:
        raise SourceError(f"scikit-image cannot part it: {err}") from err


def _segment_with_skimage(
    pixels: U8, scale_um_per_px: float | None, longest_px: int
) -> Segmentation:
    from scipy import ndimage
    from skimage import feature, filters, measure, morphology, segmentation, transform

    factor = max(1, round(max(pixels.shape[:2]) / longest_px))
    small = transform.downscale_local_mean(pixels, (factor, factor, 1))
    balanced = white_balance(small.astype(np.uint8))
    violet = np.clip(balanced[..., 2].astype(float) - balanced[..., 1], 0, 255)
    violet = filters.gaussian(violet, 1.0)
    dark = 255.0 - filters.gaussian(balanced.min(axis=2).astype(float), 1.0)
    nuclei = violet > filters.threshold_multiotsu(violet, classes=3)[1]
    nuclei = morphology.opening(nuclei, morphology.disk(2))
    um_per_px = scale_um_per_px and scale_um_per_px * factor
    um_per_px = um_per_px or estimate_scale(balanced, nuclei).um_per_px
    body = dark > filters.threshold_multiotsu(dark, classes=3)[0]
    depth = ndimage.distance_transform_edt(nuclei)
    peaks = feature.peak_local_max(
        filters.gaussian(depth, 2), min_distance=round(4 / um_per_px), labels=nuclei
    )
    seeds = np.zeros(nuclei.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = segmentation.watershed(-depth, seeds, mask=nuclei)
    kept = [p for p in measure.regionprops(labels) if p.area * um_per_px**2 > 12.5]
    renamed = np.zeros(labels.max(initial=0) + 1, np.int32)
    renamed[[p.label for p in kept]] = np.arange(1, len(kept) + 1)
    nucleus_labels = renamed[labels]
    grown = segmentation.expand_labels(nucleus_labels, 4 / um_per_px)
    return _enlarged(
        nucleus_labels, np.where(body, grown, nucleus_labels), factor, pixels
    )


def _enlarged(nuclei: I32, cells: I32, factor: int, pixels: U8) -> Segmentation:
    from scipy import ndimage

    height, width = pixels.shape[:2]
    full = [
        np.kron(labels, np.ones((factor, factor), np.int32))[:height, :width]
        for labels in (nuclei, cells)
    ]
    boxes = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in ndimage.find_objects(full[1])
    ]
    centres = [np.argwhere(full[0] == i + 1).mean(axis=0) for i in range(len(boxes))]
    return Segmentation(
        kinds=(CellKind.WBC,) * len(boxes),
        boxes_px=np.array(boxes, np.int32).reshape(-1, 4),
        centres_px=np.array(centres, np.float32).reshape(-1, 2)[:, ::-1],
        nucleus_labels=full[0],
        cell_labels=full[1],
        scale_um_per_px=1.0,
    )
