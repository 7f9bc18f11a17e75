"""A learned segmenter on ONNX Runtime: the workstation's U-Net, beside thresholding.

It draws the masks and nothing else: the objects, their kinds and their cells come from
the same code as those of thresholding, except that smudges are not told apart. The
frame is brought to the physical scale that the network learned. It is there where its
folder holds a card; nothing falls back to thresholding in silence.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.config import read_toml
from leukoscope_edge.errors import BundleError, CardError, ConfigError
from leukoscope_edge.inference.card import CARD_NAME, FileEntry
from leukoscope_edge.inference.cpu_session import CPU_PROVIDER
from leukoscope_edge.inference.engine import INPUT_NAME, LOGITS_NAME
from leukoscope_edge.types import F32, U8, Segmentation
from leukoscope_edge.vision.flatfield import FlatField
from leukoscope_edge.vision.objects import Masks, describe
from leukoscope_edge.vision.segmentation import segment, threshold
from leukoscope_edge.vision.view import look

CELL, NUCLEUS = 1, 2
"""The network's classes; 0 is background."""
INPUT_UM_PER_PX = 0.2
"""Scale of the network's input: a cell spans 50 to 100 pixels."""
MULTIPLE_PX = 16
"""The network halves its input four times."""
MAX_SIDE_PX = 2048
"""Of the network's input; more is a scale that cannot be right."""
SHIPPED = Path(__file__).parents[1] / "segmenters"
THRESHOLDS = "thresholds"
"""In the place of a segmenter's name: `vision.segmentation`, which needs no file."""

Segment = Callable[[U8, float | None], Segmentation]
"""(H, W, 3) uint8 RGB and its micrometres per pixel, to all stained objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterCard:
    """What a segmenter is, beside its weights.

    Attributes:
        id: Name of the segmenter.
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


def segmentation_named(name: str, *, n_threads: int = 1) -> Segment:
    """Return a way of segmenting by its name, loaded and checked.

    Args:
        name: "thresholds", or a shipped segmenter.
        n_threads: Of a network.

    Raises:
        ConfigError: There is none of that name.
        CardError: Its card is missing or wrong.
        BundleError: Its model is missing, altered or does not load.
    """
    if name == THRESHOLDS:
        return segment
    if name not in shipped_segmenters():
        known = ", ".join((THRESHOLDS, *shipped_segmenters()))
        raise ConfigError(f"there is no segmenter {name!r}; there are: {known}")
    return Segmenter(SHIPPED / name, n_threads=n_threads).segment


def shipped_segmenters() -> tuple[str, ...]:
    """Return the names of the segmenters that came with the program."""
    return tuple(sorted(card.parent.name for card in SHIPPED.glob(f"*/{CARD_NAME}")))


class Segmenter:
    """A learned segmenter, loaded and ready."""

    def __init__(self, folder: Path, *, n_threads: int = 1) -> None:
        """Load a segmenter and check that it is what its card says.

        Args:
            folder: Holds card.toml and the model file.
            n_threads: Threads inside an operator.

        Raises:
            CardError: The card is missing or wrong.
            BundleError: The model is missing, altered or does not load.
        """
        import onnxruntime

        self.card = read_toml(folder / CARD_NAME, SegmenterCard, error=CardError)
        model = _verified(folder, self.card.model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=[CPU_PROVIDER]
            )
        except Exception as err:  # ONNX Runtime's errors share no base class
            name = self.card.model.name
            raise BundleError(f"{folder / name}: does not load: {err}") from err

    def segment(
        self,
        pixels: U8,
        scale_um_per_px: float | None = None,
        *,
        flat: FlatField | None = None,
    ) -> Segmentation:
        """Find all stained objects of a frame; see `vision.segmentation.segment`."""
        view = look(pixels, scale_um_per_px, flat)
        coarse = threshold(view)
        logits = self._logits(view.smooth, coarse.scale_um_per_px)
        classes = logits.argmax(axis=-1)
        masks = Masks(
            nuclei=classes == NUCLEUS,
            body=classes > 0,
            scale_um_per_px=coarse.scale_um_per_px,
            low=0,
            high=0,
            min_violet=0.0,
            is_coarse=False,
        )
        return describe(view, masks)

    def _logits(self, smooth: U8, scale_um_per_px: float) -> F32:
        """Return (h, w, 3) float32 logits of a view."""
        height, width = smooth.shape[:2]
        factor = scale_um_per_px / self.card.scale_um_per_px
        longest = min(max(height, width) * factor, MAX_SIDE_PX)
        factor = longest / max(height, width)
        h, w = max(1, round(height * factor)), max(1, round(width * factor))
        way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        small = cv2.resize(smooth, (w, h), interpolation=way)
        padded = cv2.copyMakeBorder(
            small, 0, -h % MULTIPLE_PX, 0, -w % MULTIPLE_PX, cv2.BORDER_REPLICATE
        )
        batch = padded.transpose(2, 0, 1)[None].astype(np.float32)
        (logits,) = self._session.run([LOGITS_NAME], {INPUT_NAME: batch})
        own = np.ascontiguousarray(logits[0].transpose(1, 2, 0)[:h, :w])
        return np.asarray(cv2.resize(own, (width, height)), np.float32)


def _verified(folder: Path, entry: FileEntry) -> bytes:
    try:
        model = (folder / entry.name).read_bytes()
    except OSError as err:
        raise BundleError(f"{folder / entry.name}: {err.strerror}") from err
    if hashlib.sha256(model).hexdigest() != entry.sha256:
        raise BundleError(f"{folder / entry.name}: is not the file that its card names")
    return model
