"""A screening that was made at one go, kept as a slide to be reviewed."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from types import TracebackType

from leukoscope_edge import __version__
from leukoscope_edge.capture.camera import Camera
from leukoscope_edge.inference.card import Card
from leukoscope_edge.records.slide import Identity, Origin, SlideSetUp
from leukoscope_edge.records.store import Store
from leukoscope_edge.types import Domain, Fault, Frame, Screening


class HashingCamera:
    """A camera that keeps the hash of every frame that it gave."""

    def __init__(self, camera: Camera) -> None:
        """Take an opened camera."""
        self._camera = camera
        self.frame_sha256: dict[str, str] = {}

    @property
    def domain(self) -> Domain:
        """Whether it shows real blood or a simulation."""
        return self._camera.domain

    @property
    def scale_um_per_px(self) -> float | None:
        """Its calibration."""
        return self._camera.scale_um_per_px

    @property
    def n_frames(self) -> int | None:
        """How many frames there will be, None where nobody knows."""
        return self._camera.n_frames

    def read(self) -> Frame | Fault | None:
        """Return the next frame, or None at the end."""
        item = self._camera.read()
        if isinstance(item, Frame):
            digest = hashlib.sha256(item.pixels.tobytes()).hexdigest()
            self.frame_sha256[item.name] = digest
        return item

    def __enter__(self) -> "HashingCamera":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._camera.__exit__(kind, error, trace)


def keep_screening(
    store: Store,
    screening: Screening,
    card: Card,
    *,
    sample: str,
    frame_sha256: Mapping[str, str],
    by: str,
) -> str:
    """Keep a finished screening and return the slide's number.

    Args:
        store: The records.
        screening: What came of it.
        card: Of the bundle that judged.
        sample: Label of the sample.
        frame_sha256: Hash of each frame's pixels, by its name.
        by: Who ran it.
    """
    slide = store.start_slide(_set_up(screening, card, sample), by)
    store.add_cells(slide, screening.cells, frames=frame_sha256)
    if screening.cut_off_cells:
        store.add_cells(
            slide, screening.cut_off_cells, frames=frame_sha256, is_counted=False
        )
    store.finish_count(
        slide,
        screening.verdict,
        by,
        frames=Counter(i.status for i in screening.images),
        n_smudges=screening.n_smudges,
    )
    return slide


def _set_up(screening: Screening, card: Card, sample: str) -> SlideSetUp:
    scale = screening.scale_um_per_px
    origin = Origin(
        bundle=screening.model.id,
        bundle_sha256=screening.model.sha256,
        engine=screening.model.engine,
        software=f"leukoscope {__version__}",
        calibration="none" if scale is None else "given with the source",
        camera=screening.source,
        scale_um_per_px=scale,
        view_um=screening.view_um,
        limits=card.limits,
    )
    return SlideSetUp(
        identity=Identity(sample=sample),
        mode="slide" if screening.is_sequence else "fields",
        domain=screening.domain,
        origin=origin,
    )
