"""Judge the stored crops of a slide again, and compare with what was said then."""

from collections.abc import Iterable
from dataclasses import dataclass

from leukoscope_edge.errors import RecordError
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.classifier import classify, vote
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.records.slide import ArchivedCell, SlideRecord

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
