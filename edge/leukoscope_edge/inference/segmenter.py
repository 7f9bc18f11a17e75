"""A learned segmenter on ONNX Runtime: the workstation's U-Net, beside thresholding.

It draws the masks of nuclei and bodies and nothing else: the objects, their kinds and
their cells come from the same code as those of thresholding, whose levels tell smudges
and dirt apart. A network that never saw a stain may pass over its nuclei, and a missed
blast harms: a nucleus that thresholds find and it leaves out is taken from them. The
frame is brought to the physical scale that the network learned.
What happens where it does not serve is decided in `inference.serving`.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.config import read_toml
from leukoscope_edge.errors import BundleError, CardError
from leukoscope_edge.inference.card import CARD_NAME
from leukoscope_edge.inference.card_entries import FileEntry
from leukoscope_edge.inference.cpu_session import CpuSession, OpenSession
from leukoscope_edge.inference.engine import LOGITS_NAME, one_line
from leukoscope_edge.types import Segmentation
from leukoscope_edge.vision import (
    NOTHING,
    dilate,
    parts_of,
    threshold,
    view_of,
)
from leukoscope_edge.vision.cells import MIN_WHOLE_NUCLEUS_UM, REACH_UM, Masks, describe

CELL, NUCLEUS = 1, 2
"""The network's classes; 0 is background."""
N_CLASSES = 3
INPUT_UM_PER_PX = 0.2
"""Scale of the network's input: a cell spans 50 to 100 pixels."""
MULTIPLE_PX = 16
"""The network halves its input four times."""
TILE_PX, MARGIN_PX = 512, 48
"""The network runs on tiles, so that its memory is bounded; what lies so near to the
edge of a tile is taken from the next."""
LEFT_OUT_SHARE = 0.3
"""Of a nucleus of thresholds: a network that drew less passed over it. On stains that
it knows, and on those of PBC, it draws more of every one but of platelets; of pale pink
blasts (Taleqani) it passes over a sixth."""
MAX_SIDE_PX = 2048
"""Of the network's input; more is a scale that cannot be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterCard:
    """What a segmenter is, beside its weights.

    Attributes:
        id: Name of the segmenter, as that of its folder.
        model: The int8 ONNX file: (1, 3, h, w) float32 RGB of 0..255, white-balanced,
            to (1, 3, h, w) logits of background, cytoplasm and nucleus.
        scale_um_per_px: Scale that the network learned.
        data: What it was trained on, and how images were split.
        command: The commands that make it again.
        limits: What it must not be used for.
    """

    id: str
    model: FileEntry
    scale_um_per_px: float
    data: str
    command: str
    limits: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < self.scale_um_per_px < 2:
            raise ValueError(
                f"'scale_um_per_px' must lie in 0..2, got {self.scale_um_per_px}"
            )


class Segmenter:
    """A learned segmenter, loaded and tried."""

    def __init__(
        self,
        folder: Path,
        *,
        n_threads: int = 1,
        open_session: OpenSession = CpuSession,
    ) -> None:
        """Load a segmenter and check that it is what its card says.

        Args:
            folder: Holds card.toml and the model file.
            n_threads: Threads inside an operator; 0: all cores. Where they are
                several, frames take turns at the network: side by side they would
                take its memory twice and be hardly faster.
            open_session: Loads the model.

        Raises:
            CardError: The card is missing or wrong.
            BundleError: The model is missing, altered, does not load, or is none that
                segments.
        """
        self.card = read_toml(folder / CARD_NAME, SegmenterCard, error=CardError)
        self._where = folder / self.card.model.name
        model = _verified(self._where, self.card.model)
        self._turn: AbstractContextManager[object] = (
            nullcontext() if n_threads == 1 else threading.Lock()
        )
        try:
            self._session = open_session(model, n_threads=n_threads)
        except Exception as err:  # ONNX Runtime's errors share no base class
            why = one_line(err)
            raise BundleError(f"{self._where}: does not load: {why}") from err
        self._run(np.zeros((1, 3, MULTIPLE_PX, MULTIPLE_PX), np.float32))

    def segment(self, pixels: U8, scale_um_per_px: float | None = None) -> Segmentation:
        """Find all stained objects of a frame; see `vision.segmentation.segment`.

        Raises:
            BundleError: The network does not run, or gives numbers out of range.
        """
        view = view_of(pixels, scale_um_per_px)
        coarse = threshold(view)
        nuclei, body = self._masks(view.smooth, coarse.scale_um_per_px)
        left_out = _left_out(coarse, nuclei)
        if left_out.any():
            reach_px = REACH_UM / coarse.scale_um_per_px
            near = dilate(left_out.view(np.uint8), reach_px).view(np.bool_)
            nuclei, body = nuclei | left_out, body | left_out | (coarse.body & near)
        is_stained = coarse.high != NOTHING
        masks = Masks(
            nuclei=nuclei,
            body=body,
            scale_um_per_px=coarse.scale_um_per_px,
            low=coarse.low if is_stained else 0,
            high=coarse.high if is_stained else 0,
            min_violet=coarse.min_violet if is_stained else 0.0,
            is_coarse=False,
        )
        return describe(view, masks)

    def _masks(self, smooth: U8, scale_um_per_px: float) -> tuple[BoolArray, BoolArray]:
        """Return (h, w) bool nuclei and bodies of a view."""
        height, width = smooth.shape[:2]
        factor = scale_um_per_px / self.card.scale_um_per_px
        longest = min(max(height, width) * factor, MAX_SIDE_PX)
        factor = longest / max(height, width)
        h, w = max(1, round(height * factor)), max(1, round(width * factor))
        way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        small = np.asarray(cv2.resize(smooth, (w, h), interpolation=way), np.uint8)
        background, cell, nucleus = (
            cv2.resize(plane, (width, height)) for plane in self._logits(small)
        )
        is_nucleus = (nucleus > background) & (nucleus > cell)
        return is_nucleus, is_nucleus | (cell > background)

    def _logits(self, small: U8) -> F32:
        """Return (3, h, w) float32 logits of (h, w, 3) uint8 pixels, tile by tile."""
        height, width = small.shape[:2]
        logits = np.empty((N_CLASSES, height, width), np.float32)
        for top, bottom, first, last in _tiles(height):
            for left, right, start, stop in _tiles(width):
                tile = cv2.copyMakeBorder(
                    small[top:bottom, left:right],
                    *(0, (top - bottom) % MULTIPLE_PX),
                    *(0, (left - right) % MULTIPLE_PX),
                    cv2.BORDER_REPLICATE,
                )
                batch = tile.transpose(2, 0, 1)[None].astype(np.float32)
                own = self._run(batch)[0, :, first - top : last - top]
                logits[:, first:last, start:stop] = own[..., start - left : stop - left]
        return logits

    def _run(self, batch: F32) -> F32:
        """Return (1, 3, h, w) logits of (1, 3, h, w) pixels."""
        try:
            with self._turn:
                logits = self._session.run(batch, LOGITS_NAME)
        except Exception as err:  # as above
            raise BundleError(f"{self._where}: does not run: {one_line(err)}") from err
        expected = (1, N_CLASSES, *batch.shape[2:])
        if logits.shape != expected:
            raise BundleError(
                f"{self._where}: is no segmenter: gives {logits.shape}, expected "
                f"{expected}"
            )
        if not np.isfinite(logits).all():
            raise BundleError(f"{self._where}: gives numbers out of range")
        return logits


def _left_out(coarse: Masks, nuclei: BoolArray) -> BoolArray:
    """Return (h, w) bool, nuclei of thresholds of which a network drew next to nothing.

    Args:
        coarse: What thresholds found.
        nuclei: (h, w) bool, those of the network.
    """
    least_px = np.pi / 4 * (MIN_WHOLE_NUCLEUS_UM / coarse.scale_um_per_px) ** 2
    labels, places = parts_of(coarse.nuclei.view(np.uint8))
    left_out = np.zeros_like(nuclei)
    for label, place in places.items():
        if place.area_px < least_px:
            continue
        own = labels[place.window] == label
        if nuclei[place.window][own].mean() < LEFT_OUT_SHARE:
            left_out[place.window] |= own
    return left_out


def _tiles(length_px: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield where tiles begin and end along a side, and what of each is taken."""
    step_px = TILE_PX - 2 * MARGIN_PX
    for start in range(0, max(length_px - 2 * MARGIN_PX, 1), step_px):
        stop = min(start + TILE_PX, length_px)
        yield (
            start,
            stop,
            start and start + MARGIN_PX,
            stop if stop == length_px else stop - MARGIN_PX,
        )


def _verified(where: Path, entry: FileEntry) -> bytes:
    try:
        model = where.read_bytes()
    except OSError as err:
        raise BundleError(f"{where}: {err.strerror}") from err
    if hashlib.sha256(model).hexdigest() != entry.sha256:
        raise BundleError(f"{where}: is not the file that its card names")
    return model
