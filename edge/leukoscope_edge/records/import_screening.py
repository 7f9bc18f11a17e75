"""A screening that was made at one go, kept as a slide to be reviewed."""

from collections.abc import Mapping

from leukoscope_edge.capture import Camera, ChangedCamera
from leukoscope_edge.counting import SiteBackground
from leukoscope_edge.inference import Card
from leukoscope_edge.records.exports.screening_version import origin_of
from leukoscope_edge.records.pictures import pixels_sha256
from leukoscope_edge.records.slides.slide import Identity, SlideSetUp
from leukoscope_edge.records.store import Store
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.types import Frame


def hashed(camera: Camera, frame_sha256: dict[str, str]) -> Camera:
    """Return a camera that puts down the hash of every frame that it gives.

    Args:
        camera: Gives the frames.
        frame_sha256: Takes the hash of each frame's pixels, by the frame's name.
    """

    def put_down(frame: Frame) -> Frame:
        frame_sha256[frame.name] = pixels_sha256(frame.pixels)
        return frame

    return ChangedCamera(camera, put_down, scale_um_per_px=camera.scale_um_per_px)


def keep_screening(
    store: Store,
    screening: Screening,
    card: Card,
    *,
    site: SiteBackground | None,
    sample: str,
    frame_sha256: Mapping[str, str],
    by: str,
) -> str:
    """Keep a finished screening and return the slide's number.

    Args:
        store: The records.
        screening: What came of it.
        card: Of the bundle that judged.
        site: This site's own normal slides, None where the bundle's background counts.
        sample: Label of the sample.
        frame_sha256: Hash of each frame's pixels, by its name.
        by: Who ran it.
    """
    slide = store.start_slide(_set_up(screening, card, site, sample), by)
    if why := screening.model.fallback:
        store.count.change_engine(slide, screening.model.engine, why)
    if why := screening.segmenter_fallback:
        store.count.change_segmenter(slide, screening.segmenter, why)
    store.count.add_cells(slide, screening.cells, frames=frame_sha256)
    if screening.cut_off_cells:
        store.count.add_cells(
            slide, screening.cut_off_cells, frames=frame_sha256, is_counted=False
        )
    store.count.finish_count(
        slide,
        screening.verdict,
        by,
        tally=screening.tally,
        doubts=screening.doubts,
    )
    return slide


def _set_up(
    screening: Screening, card: Card, site: SiteBackground | None, sample: str
) -> SlideSetUp:
    return SlideSetUp(
        identity=Identity(sample=sample),
        facts=screening.facts,
        site=site,
        mode="slide" if screening.is_sequence else "fields",
        domain=screening.domain,
        origin=origin_of(screening, card_digest=card.digest),
    )
