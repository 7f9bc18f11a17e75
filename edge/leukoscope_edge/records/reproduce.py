"""Make a slide's calls again, and compare with what was said then.

Two roads. The *crops* are what the model judged, kept without loss: judged again they
must give the same, and a difference is a failure. The *fields*, frames kept around some
cells, begin further up the road: find the cells again, cut them out, judge them. They
are JPEG and show one sighting of each cell where the call was a vote over several, so
what comes of them is told and is no failure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leukoscope_edge.errors import RecordError
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.classifier import classify, vote
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.inference.serving import segmentation_named
from leukoscope_edge.records.pictures import Pictures, from_png
from leukoscope_edge.records.slide import ArchivedCell, FieldPicture, SlideRecord
from leukoscope_edge.types import Frame, Glimpse
from leukoscope_edge.vision.crop import CropSpec
from leukoscope_edge.vision.sightings import Seen, find_sightings

Box = tuple[int, int, int, int]
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


def reproduce(
    record: SlideRecord, cells: Iterable[ArchivedCell], bundle: Bundle, engine: Engine
) -> Reproduction:
    """Judge a slide's stored crops again with the model that judged them.

    Args:
        record: The slide.
        cells: Its cells with their crops; half cells, which are not judged, are
            passed over.
        bundle: The same bundle as then.
        engine: That bundle's model on some backend.

    Raises:
        RecordError: It is another model, or the pictures were taken away.
    """
    _check(record, bundle)
    judged = [c for c in cells if c.is_counted]
    calls = iter(classify(engine, [x for c in judged for x in c.crops], bundle.card))
    differences, largest = [], 0.0
    for cell in judged:
        now = vote([next(calls) for _ in cell.crops], bundle.card.decision)
        gap = abs(now.p_blast - cell.p_blast)
        largest = max(largest, gap)
        if now.name is not cell.call or gap > MAX_P_DIFFERENCE:
            was = f"{cell.call.value} {cell.p_blast:.4f}"
            is_now = f"{now.name.value} {now.p_blast:.4f}"
            differences.append(Difference(cell.cell, was, is_now))
    return Reproduction(
        n_cells=len(judged), largest_difference=largest, differences=tuple(differences)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsAgain:
    """What came of looking at a slide's kept frames again.

    Attributes:
        n_cells: Cells of which a frame was kept.
        n_found: Of these, found again where they were.
        n_same: Of these, called the same.
        largest_difference: Of a probability of blast, among those found.
    """

    n_cells: int = 0
    n_found: int = 0
    n_same: int = 0
    largest_difference: float = 0.0


def look_again(
    record: SlideRecord, pictures: Pictures, bundle: Bundle, engine: Engine
) -> FieldsAgain:
    """Find and judge the cells of a slide's kept frames again.

    Args:
        record: The slide.
        pictures: Its pictures.
        bundle: The same bundle as then.
        engine: That bundle's model on some backend.

    Raises:
        RecordError: It is another model, or a picture is missing or damaged.
        ConfigError: What found the cells is not on this device.
        BundleError: It is damaged.
    """
    _check(record, bundle)
    kept = [c for c in record.machine_cells.values() if c.field and c.call]
    scale = record.origin.scale_um_per_px
    if scale is None:
        return FieldsAgain()
    seen: dict[str, Seen] = {}
    segment = segmentation_named(record.origin.segmenter)
    for file in {c.field.file for c in kept if c.field}:
        pixels = from_png(pictures.read(record.id, file))
        frame = Frame(name=file, pixels=pixels, time_s=0.0)
        spec = _crop_spec(bundle)
        seen[file] = find_sightings(frame, segment(pixels, scale), (0.0, 0.0), spec)
    pairs = [(c, s) for c in kept if c.field and (s := _found(c.field, seen))]
    calls = classify(engine, [s.sighting().crop for _, s in pairs], bundle.card)
    gaps = [
        abs(call.p_blast - (cell.p_blast or 0.0))
        for (cell, _), call in zip(pairs, calls, strict=True)
    ]
    same = [
        call.name is cell.call for (cell, _), call in zip(pairs, calls, strict=True)
    ]
    return FieldsAgain(
        n_cells=len(kept),
        n_found=len(pairs),
        n_same=sum(same),
        largest_difference=max(gaps, default=0.0),
    )


def _found(field: FieldPicture, seen: Mapping[str, Seen]) -> Glimpse | None:
    """Return the sighting in a kept frame whose box is a cell's."""
    sightings = seen[field.file].whole
    overlaps = [_overlap(s.box_px, field.box_px) for s in sightings]
    best = max(range(len(overlaps)), key=overlaps.__getitem__, default=None)
    if best is None or overlaps[best] < SAME_OVERLAP:
        return None
    return sightings[best]


def _overlap(one: Box, other: Box) -> float:
    """Return the common part of two boxes over what they cover together."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0, width) * max(0, height)
    areas = ((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return common / max(sum(areas) - common, 1)


def _crop_spec(bundle: Bundle) -> CropSpec:
    entry = bundle.card.input
    return CropSpec(
        side_px=entry.side_px,
        scale_um_per_px=entry.scale_um_per_px,
        colour=entry.colour,
    )


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
