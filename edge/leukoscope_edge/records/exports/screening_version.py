"""A screening that was made at one go, as a version of a slide that nobody has read.

So one list of facts, one report and one table of formats serve both.
"""

from collections.abc import Mapping

from leukoscope_edge import __version__
from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import ReferenceRanges
from leukoscope_edge.messages import NOT_FOR_CARE
from leukoscope_edge.records.exports.slide_version import SlideVersion
from leukoscope_edge.records.pictures import jpeg_bytes
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.records.slides.site_ranges import SHIPPED
from leukoscope_edge.records.slides.slide import Origin, SlideRecord, outcome_of
from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.types import RESEARCH, Cell

JPEG_QUALITY = 88


def origin_of(screening: Screening, *, card_digest: str = "") -> Origin:
    """Return what made a screening, as the records keep it."""
    model, scale = screening.model, screening.scale_um_per_px
    return Origin(
        bundle=model.id,
        bundle_sha256=model.sha256,
        engine=model.engine,
        fallback=model.fallback,
        software=f"leukoscope {__version__}",
        calibration="none" if scale is None else "given with the source",
        camera=screening.source,
        scale_um_per_px=scale,
        view_um=screening.view_um,
        limits=model.limits,
        card_digest=card_digest,
        segmenter=screening.segmenter,
        validation=model.validation,
    )


def version_of(screening: Screening) -> SlideVersion:
    """Return a screening as a version of a slide, without pictures; see `views_of`."""
    is_research = screening.model.validation == RESEARCH
    return SlideVersion(
        record=_record(screening),
        signature=None,
        identity=None,
        comment="",
        device="",
        views={},
        marks=(NOT_FOR_CARE,) if is_research else (),
        source=screening.source,
        background_from=screening.background_from,
        ranges=read_toml(SHIPPED, ReferenceRanges).of(screening.facts.age),
        left_out=tuple(i for i in screening.images if i.status != "screened"),
    )


def views_of(screening: Screening) -> Mapping[str, bytes]:
    """Return the picture of every cell for people, as a JPEG file, by the cell's id."""
    cells = (*screening.cells, *screening.cut_off_cells)
    return {str(c.id): jpeg_bytes(c.view, JPEG_QUALITY) for c in cells}


def _record(screening: Screening) -> SlideRecord:
    listed = [(c, True) for c in screening.cells]
    listed += [(c, False) for c in screening.cut_off_cells]
    cells = (_cell(c, is_counted=counted) for c, counted in listed)
    said = NOT_FOR_CARE.said()
    return SlideRecord(
        id="",
        sealed="",
        mode="slide" if screening.is_sequence else "fields",
        domain=screening.domain,
        origin=origin_of(screening),
        details={},
        consents_to_training=False,
        started_at="",
        by="",
        state=SlideState.REVIEW,
        machine_cells={c.id: c for c in cells},
        machine=outcome_of(screening.verdict),
        tally=screening.tally,
        notes=tuple(n for n in screening.notes if n != said),
        facts=screening.facts,
    )


def _cell(cell: Cell, *, is_counted: bool) -> CellRecord:
    if cell.call is None:
        raise ValueError(f"cell {cell.id} has no call yet")
    best = cell.best
    return CellRecord(
        id=str(cell.id),
        frame=best.frame,
        frame_sha256="",
        box_px=best.box_px,
        slide_px=best.slide_px,
        n_sightings=cell.n_sightings,
        call=cell.call.name,
        p_blast=cell.call.p_blast,
        crops="",
        n_crops=len(cell.sightings),
        view="",
        is_counted=is_counted,
        is_unlike=cell.call.is_unlike,
        is_off_scale=cell.call.is_off_scale,
        kind=cell.call.kind_beside_blast,
    )
