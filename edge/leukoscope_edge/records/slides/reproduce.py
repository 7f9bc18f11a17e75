"""Make a slide's calls again, and compare with what was said then.

Two roads. The *crops* are what the model judged, kept without loss: judged again they
must give the same, and a difference is a failure. The *fields*, frames kept around some
cells, begin further up the road: find the cells again, cut them out, judge them. They
are JPEG and show one sighting of each cell where the call was a vote over several, so
what comes of them is told and is no failure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leukoscope_edge.errors import BundleError, ConfigError, RecordError
from leukoscope_edge.inference import (
    Bundle,
    Engine,
    Segment,
    classify,
    segmentation_named,
    vote,
)
from leukoscope_edge.records.pictures import Pictures, from_png
from leukoscope_edge.records.slides.cell_archive import may_be_withheld
from leukoscope_edge.records.slides.cell_record import CellRecord, FieldPicture
from leukoscope_edge.records.slides.kinds import is_marrow
from leukoscope_edge.records.slides.slide import ArchivedCell, SlideRecord
from leukoscope_edge.types import Call, Frame, LazyDetection, Segmentation
from leukoscope_edge.vision import find_sightings

Box = tuple[int, int, int, int]
Shown = tuple[CellRecord, FieldPicture]
"""A cell, and the frame that was kept of it."""
SAME_OVERLAP = 0.5
"""Intersection over union from which two boxes are of one cell; the field's custom."""
MAX_P_DIFFERENCE = 0.02
"""Between engines and machines; on the same CPU and runtime it is nought (measured)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that is judged otherwise now."""

    cell: str
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What came of judging a slide again.

    Attributes:
        n_cells: Cells that were judged again.
        largest_difference: Of a probability of blast.
        differences: Cells with another call, or with a probability that is further
            away than MAX_P_DIFFERENCE.
    """

    n_cells: int
    largest_difference: float
    differences: tuple[Difference, ...]


def reproduce_slide(
    record: SlideRecord, cells: Iterable[ArchivedCell], bundle: Bundle, engine: Engine
) -> Reproduction:
    """Judge a slide's stored crops again with the model that judged them.

    Args:
        record: The slide.
        cells: Its cells with their crops; half cells, which are not judged, are
            passed over. Of a call that was withheld only the probability is compared.
        bundle: The same bundle as then.
        engine: That bundle's model on some backend.

    Raises:
        RecordError: It is another model, or the pictures were taken away.
    """
    _check(record, bundle)
    judged = [c for c in cells if c.cell.is_counted]
    crops = [crop for cell in judged for crop in cell.crops]
    calls = iter(classify(engine, crops, bundle.card, in_marrow=is_marrow(record)))
    differences, largest = [], 0.0
    for cell in judged:
        now = vote([next(calls) for _ in cell.crops], bundle.card.decision)
        then = cell.then
        gap = abs(now.p_blast - then.p_blast)
        largest = max(largest, gap)
        is_close = gap <= MAX_P_DIFFERENCE  # what is no number is not
        is_same = now.name is then.name or may_be_withheld(cell)
        if not (is_same and is_close):
            was = f"{then.name.value} {then.p_blast:.4f}"
            is_now = f"{now.name.value} {now.p_blast:.4f}"
            differences.append(Difference(cell.cell.id, was, is_now))
    return Reproduction(
        n_cells=len(judged), largest_difference=largest, differences=tuple(differences)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsAgain:
    """What came of looking at a slide's kept frames again.

    Attributes:
        n_cells: Cells of which a frame was kept.
        n_found: Of these, found again where they were.
        n_same: Of these, called the same, or unclear for the scale whatever it is.
        largest_difference: Of a probability of blast, among those found.
        found_by: What looked, then and now.
    """

    n_cells: int = 0
    n_found: int = 0
    n_same: int = 0
    largest_difference: float = 0.0
    found_by: tuple[str, ...] = ()


def look_again(
    record: SlideRecord, pictures: Pictures, bundle: Bundle, engine: Engine
) -> FieldsAgain:
    """Find and judge the cells of a slide's kept frames again.

    A slide can go from one way of finding cells to another in its middle; each frame is
    looked at by what looked at it then.

    Args:
        record: The slide.
        pictures: Its pictures.
        bundle: The same bundle as then.
        engine: That bundle's model on some backend.

    Raises:
        RecordError: It is another model, what found the cells does not serve on this
            machine, or a picture is missing or damaged.
        BundleError: What found the cells fails.
    """
    _check(record, bundle)
    scale = record.origin.scale_um_per_px
    if scale is None:
        return FieldsAgain()
    kept = [
        (cell, cell.field)
        for cell in record.machine_cells.values()
        if cell.field and cell.call
    ]
    finders = tuple(sorted({field.found_by for _, field in kept}))
    segments = {name: _segment_of(record, name) for name in finders}
    again: list[tuple[CellRecord, Call]] = []
    for (file, found_by), cells in _by_picture(kept).items():
        pixels = from_png(pictures.read(record.id, file))
        frame = Frame(name=file, pixels=pixels, time_s=0.0)
        segmentation = segments[found_by](pixels, scale)
        again += _judge_again(
            frame, segmentation, cells, bundle, engine, in_marrow=is_marrow(record)
        )
    gaps = [abs(call.p_blast - (cell.p_blast or 0.0)) for cell, call in again]
    return FieldsAgain(
        n_cells=len(kept),
        n_found=len(again),
        n_same=sum(call.name is cell.call or cell.is_off_scale for cell, call in again),
        largest_difference=max(gaps, default=0.0),
        found_by=finders,
    )


def _segment_of(record: SlideRecord, name: str) -> Segment:
    """Return what found cells of a slide.

    Raises:
        RecordError: It does not serve on this machine.
    """
    try:
        return segmentation_named(name, in_marrow=is_marrow(record))
    except (BundleError, ConfigError) as err:
        raise RecordError(
            f"slide {record.id}: cells in its kept frames were found by {name}, which "
            f"does not serve on this machine: {err}"
        ) from err


def _by_picture(kept: Iterable[Shown]) -> dict[tuple[str, str], list[Shown]]:
    """Return cells by the file that shows them and by what found them in it."""
    pictures: dict[tuple[str, str], list[Shown]] = {}
    for cell, field in kept:
        pictures.setdefault((field.file, field.found_by), []).append((cell, field))
    return pictures


def _judge_again(
    frame: Frame,
    segmentation: Segmentation,
    cells: Iterable[Shown],
    bundle: Bundle,
    engine: Engine,
    *,
    in_marrow: bool,
) -> list[tuple[CellRecord, Call]]:
    """Return the cells that are where they were in a kept frame, each called anew."""
    spec = bundle.card.input.crop_spec
    seen = find_sightings(frame, segmentation, (0.0, 0.0), spec)
    pairs = [(cell, _found(field.box_px, seen.whole)) for cell, field in cells]
    there = [(cell, detection) for cell, detection in pairs if detection]
    crops = [detection.sighting().crop for _, detection in there]
    calls = classify(engine, crops, bundle.card, in_marrow=in_marrow)
    return [(cell, call) for (cell, _), call in zip(there, calls, strict=True)]


def _found(box_px: Box, sightings: Sequence[LazyDetection]) -> LazyDetection | None:
    """Return the sighting whose box is a cell's, None where it is not seen again."""
    best = max(sightings, key=lambda s: _overlap(s.box_px, box_px), default=None)
    if best is None or _overlap(best.box_px, box_px) < SAME_OVERLAP:
        return None
    return best


def _overlap(one: Box, other: Box) -> float:
    """Return the common part of two boxes over what they cover together."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0, width) * max(0, height)
    areas = ((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return common / max(sum(areas) - common, 1)


def _check(record: SlideRecord, bundle: Bundle) -> None:
    if not record.has_pictures:
        raise RecordError(
            f"slide {record.id}: its pictures were taken away; it cannot be made again"
        )
    if bundle.card.model_cpu.sha256 != record.origin.bundle_sha256:
        raise RecordError(
            f"slide {record.id} was judged by {record.origin.bundle} "
            f"(sha256 {record.origin.bundle_sha256[:12]}...), not by {bundle.card.id}: "
            "name that bundle with --bundle"
        )
