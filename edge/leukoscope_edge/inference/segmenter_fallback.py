"""Which segmenter serves, and what happens when it stops serving.

Thresholds need no file and never fail. A network is an option: it serves where its
folder holds a card and the file that the card names. Where it does not, or fails in the
middle of a slide, thresholds take over at once and for the rest of the slide, and the
result says why.
"""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from leukoscope_edge.arrays import U8
from leukoscope_edge.errors import BundleError, ConfigError
from leukoscope_edge.inference.card import CARD_NAME
from leukoscope_edge.inference.cpu_session import CpuSession, OpenSession
from leukoscope_edge.inference.segmenter import Segmenter
from leukoscope_edge.types import THRESHOLDS, Segmentation
from leukoscope_edge.vision import segment

Segment = Callable[[U8, float | None], Segmentation]
"""(H, W, 3) uint8 RGB and its micrometres per pixel, to all stained objects."""
SHIPPED = Path(__file__).parents[1] / "segmenters"


def shipped_segmenters(folder: Path = SHIPPED) -> tuple[str, ...]:
    """Return the names of the segmenters that came with the program."""
    return tuple(sorted(card.parent.name for card in folder.glob(f"*/{CARD_NAME}")))


def open_segmenter(
    name: str,
    *,
    n_threads: int = 1,
    folder: Path = SHIPPED,
    open_session: OpenSession = CpuSession,
) -> Segmenter:
    """Open a network by its name, loaded and tried.

    Args:
        name: Of a shipped segmenter.
        n_threads: Threads inside an operator; 0: all cores.
        folder: Of all segmenters.
        open_session: Loads the model.

    Raises:
        ConfigError: There is none of that name.
        CardError: Its card is wrong, or that of another segmenter.
        BundleError: Its model is missing, altered or does not run.
    """
    if name not in shipped_segmenters(folder):
        known = ", ".join((THRESHOLDS, *shipped_segmenters(folder)))
        raise ConfigError(f"there is no segmenter {name!r}; there are: {known}")
    where = folder / name
    segmenter = Segmenter(where, n_threads=n_threads, open_session=open_session)
    if segmenter.card.id != name:
        raise BundleError(
            f"{where / CARD_NAME}: is the card of {segmenter.card.id!r}, not "
            f"of {name!r}"
        )
    return segmenter


def segmentation_named(
    name: str, *, n_threads: int = 1, in_marrow: bool = False
) -> Segment:
    """Return a way of segmenting by its name: thresholds, or `open_segmenter`'s."""
    if name == THRESHOLDS:
        return partial(segment, in_marrow=in_marrow)
    return open_segmenter(name, n_threads=n_threads).segment


class ServingSegmenter:
    """Finds the stained objects of a slide's frames; safe to share between threads."""

    def __init__(
        self,
        wanted: str = THRESHOLDS,
        *,
        n_threads: int = 1,
        folder: Path = SHIPPED,
        open_session: OpenSession = CpuSession,
    ) -> None:
        """Open what was asked for, or let thresholds serve.

        Args:
            wanted: "thresholds", or the name of a shipped segmenter.
            n_threads: Of a network; 0: all cores.
            folder: Of all segmenters.
            open_session: Loads a network's model.
        """
        self._wanted, self._why, self._n_served = wanted, "", 0
        self._network: Segmenter | None = None
        self._lock = threading.Lock()
        if wanted == THRESHOLDS:
            return
        try:
            self._network = open_segmenter(
                wanted, n_threads=n_threads, folder=folder, open_session=open_session
            )
        except (BundleError, ConfigError) as err:
            self._why = str(err)

    @property
    def name(self) -> str:
        """What finds the cells now."""
        return self._wanted if self._network else THRESHOLDS

    @property
    def fallback(self) -> str:
        """Why thresholds serve in the place of a network; "" where they do not."""
        if self._why and self._n_served:
            return f"{self._wanted} failed after {self._n_served} frames: {self._why}"
        return f"{self._wanted} cannot be used: {self._why}" if self._why else ""

    def segment(
        self, pixels: U8, scale_um_per_px: float | None, *, in_marrow: bool = False
    ) -> tuple[Segmentation, str]:
        """Find all stained objects of a frame, and say what found them.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            scale_um_per_px: Micrometres per pixel; None: estimated from the cells.
            in_marrow: The frame shows marrow; a network draws it no otherwise.
        """
        network = self._network
        by_thresholds = partial(segment, pixels, scale_um_per_px, in_marrow=in_marrow)
        if network is None:
            return by_thresholds(), THRESHOLDS
        try:
            found = network.segment(pixels, scale_um_per_px)
        except BundleError as err:
            with self._lock:
                self._why, self._network = str(err), None
            return by_thresholds(), THRESHOLDS
        with self._lock:
            self._n_served += 1
        return found, self._wanted
