"""What the new model would have said of the cells that this device has seen.

Cells of earlier slides are called again and every slide's verdict is decided again.
The technician reads the difference before the new model counts for anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leukoscope_edge.counting.statistics import BetaSpread
from leukoscope_edge.counting.verdict import decide
from leukoscope_edge.inference.card import Card
from leukoscope_edge.inference.classifier import BATCH_SIZE, classify
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.types import U8, Call, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedCell:
    """A cell of an earlier slide.

    Attributes:
        slide: Which slide; no patient's name.
        crop: (side, side, 3) uint8 RGB, as the old model saw it.
        call: What the old model said.
    """

    slide: str
    crop: U8
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """How two models differ on the same cells.

    Attributes:
        n_cells: Archived cells that were called again.
        n_changed: Cells whose call changes.
        slides: Slides whose verdict changes.
        why_not: Why no comparison was possible; empty where it was.
    """

    n_cells: int = 0
    n_changed: int = 0
    slides: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def needs_acceptance(self) -> bool:
        """Whether a person must accept this by name."""
        return bool(self.n_changed or self.slides or self.why_not)

    @property
    def sentence(self) -> str:
        """What the page and the command line say."""
        if self.why_not:
            return f"Old cells could not be compared: {self.why_not}."
        if self.n_cells == 0:
            return "There are no old cells to compare with."
        return (
            f"{self.n_changed} of {self.n_cells} old cells change call, "
            f"{len(self.slides)} slides change verdict."
        )


def compare(
    cells: Iterable[ArchivedCell], engine: Engine, card: Card, old_card: Card
) -> Shadow:
    """Call archived cells with a new model.

    Args:
        cells: Of earlier slides, called by the old model.
        engine: The new model.
        card: Its card.
        old_card: The card by which the archived cells were cut and called.
    """
    if card.input != old_card.input:
        return Shadow(why_not="the new model wants its cells cut in another way")
    old_calls: dict[str, list[Call]] = defaultdict(list)
    new_calls: dict[str, list[Call]] = defaultdict(list)
    side = card.input.side_px
    for batch in _batches(c for c in cells if c.crop.shape == (side, side, 3)):
        called = classify(engine, [c.crop for c in batch], card)
        for cell, call in zip(batch, called, strict=True):
            old_calls[cell.slide].append(cell.call)
            new_calls[cell.slide].append(call)
    return Shadow(
        n_cells=sum(map(len, old_calls.values())),
        n_changed=sum(_n_changed(old_calls[s], new_calls[s]) for s in old_calls),
        slides=tuple(
            slide
            for slide, calls in old_calls.items()
            if _verdict(calls, old_card) != _verdict(new_calls[slide], card)
        ),
    )


def _batches(cells: Iterable[ArchivedCell]) -> Iterable[list[ArchivedCell]]:
    batch: list[ArchivedCell] = []
    for cell in cells:
        batch.append(cell)
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def _n_changed(old: Sequence[Call], new: Sequence[Call]) -> int:
    return sum(a.name is not b.name for a, b in zip(old, new, strict=True))


def _verdict(calls: Sequence[Call], card: Card) -> str:
    """Return the name of a slide's result; refusals count as one."""
    spread = BetaSpread(alpha=card.false_calls.alpha, beta=card.false_calls.beta)
    outcome = decide(calls, false_calls=spread)
    return outcome.name if isinstance(outcome, Verdict) else "no result"
