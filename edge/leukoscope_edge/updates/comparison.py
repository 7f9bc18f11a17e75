"""What the new model would have said of the cells that this device has seen.

Cells of earlier slides are called again and every slide's verdict is decided again.
The technician reads the difference before the new model counts for anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from leukoscope_edge.inference import Card, Engine, classify, vote
from leukoscope_edge.messages import Message, message
from leukoscope_edge.outcome import Verdict
from leukoscope_edge.records.slides import (
    ArchivedCell,
    SlideRecord,
    is_marrow,
    may_be_withheld,
    verdict_of,
)
from leukoscope_edge.types import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """How two models differ on the same cells.

    Attributes:
        n_cells: Archived cells that were called again.
        n_changed: Cells whose call changes.
        slides: Slides whose verdict changes.
        why_not: Why no comparison was possible, None where it was.
    """

    n_cells: int = 0
    n_changed: int = 0
    slides: tuple[str, ...] = ()
    why_not: Message | None = None

    @property
    def needs_acceptance(self) -> bool:
        """Whether a person must accept this by name."""
        return bool(self.n_changed or self.slides or self.why_not or self.n_cells == 0)

    @property
    def told(self) -> Message:
        """What the page and the command line say."""
        if self.why_not:
            return message("not-compared", why=self.why_not)
        if self.n_cells == 0:
            return message("nothing-to-compare")
        if len(self.slides) == 1:
            return message("calls-change-slide", k=self.n_changed, n=self.n_cells)
        return message(
            "calls-change", k=self.n_changed, n=self.n_cells, m=len(self.slides)
        )


def compare(
    cells: Iterable[ArchivedCell], engine: Engine, card: Card, old_card: Card
) -> Shadow:
    """Call archived cells with a new model.

    Args:
        cells: Of earlier slides; those that another model called are left out, and
            those whose call was withheld.
        engine: The new model.
        card: Its card.
        old_card: The card by which the archived cells were cut and called.
    """
    n_cells = n_changed = 0
    changed: list[str] = []
    for slide, of_slide in groupby(cells, key=lambda c: c.record.id):
        judged = [c for c in of_slide if _was_counted_by(c, old_card)]
        if not judged:
            continue
        if card.input != old_card.input:
            return Shadow(why_not=message("cut-otherwise"))
        calls = [_called_again(c, engine, card) for c in judged]
        n_cells += len(judged)
        n_changed += sum(
            new.name is not c.cell.call for new, c in zip(calls, judged, strict=True)
        )
        record = judged[0].record
        by_id = {c.cell.id: new for c, new in zip(judged, calls, strict=True)}
        if _result(record, old_card) != _result(_judged_anew(record, by_id), card):
            changed.append(slide)
    return Shadow(n_cells=n_cells, n_changed=n_changed, slides=tuple(changed))


def _was_counted_by(cell: ArchivedCell, card: Card) -> bool:
    origin = cell.record.origin
    is_same = origin.bundle_sha256 == card.model_cpu.sha256
    is_same &= origin.card_digest in ("", card.digest)
    return is_same and cell.cell.is_counted and not may_be_withheld(cell)


def _called_again(cell: ArchivedCell, engine: Engine, card: Card) -> Call:
    in_marrow = is_marrow(cell.record)
    calls = classify(engine, list(cell.crops), card, in_marrow=in_marrow)
    return vote(calls, card.decision)


def _judged_anew(record: SlideRecord, calls: Mapping[str, Call]) -> SlideRecord:
    """Return a slide as if another model had judged it; people's words stay."""
    cells = {
        i: replace(c, call=calls[i].name, is_unlike=calls[i].is_unlike)
        if i in calls
        else c
        for i, c in record.machine_cells.items()
    }
    return replace(record, machine_cells=cells, site=None)


def _result(record: SlideRecord, card: Card) -> str:
    """Return the name of a slide's result; refusals count as one."""
    outcome = verdict_of(record, card)
    return outcome.name if isinstance(outcome, Verdict) else "no result"
