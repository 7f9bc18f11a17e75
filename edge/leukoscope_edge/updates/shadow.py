"""What the new model would have said of the cells that this device has seen.

Cells of earlier slides are called again and every slide's verdict is decided again.
The technician reads the difference before the new model counts for anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leukoscope_edge.counting.verdict import decide
from leukoscope_edge.inference.card import Card
from leukoscope_edge.inference.classifier import classify, vote
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.records.slide import ArchivedCell
from leukoscope_edge.types import Call, Verdict


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
        if len(self.slides) == 1:
            return (
                f"{self.n_changed} of {self.n_cells} old cells change call, "
                "1 slide changes verdict."
            )
        return (
            f"{self.n_changed} of {self.n_cells} old cells change call, "
            f"{len(self.slides)} slides change verdict."
        )


def compare(
    cells: Iterable[ArchivedCell], engine: Engine, card: Card, old_card: Card
) -> Shadow:
    """Call archived cells with a new model.

    Args:
        cells: Of earlier slides; those that another model called are left out.
        engine: The new model.
        card: Its card.
        old_card: The card by which the archived cells were cut and called.
    """
    n_cells = n_changed = 0
    old: dict[str, list[Call]] = defaultdict(list)
    new: dict[str, list[Call]] = defaultdict(list)
    for cell in cells:
        if cell.bundle_sha256 != old_card.model_cpu.sha256 or not cell.is_counted:
            continue
        if card.input != old_card.input:
            return Shadow(why_not="the new model wants its cells cut in another way")
        calls = classify(engine, list(cell.crops), card)
        call = vote(calls, card.decision)
        n_cells += 1
        n_changed += call.name is not cell.call
        old[cell.slide].append(Call(name=cell.call, p_blast=cell.p_blast))
        new[cell.slide].append(call)
    changed = (s for s in old if _result(old[s], old_card) != _result(new[s], card))
    return Shadow(n_cells=n_cells, n_changed=n_changed, slides=tuple(changed))


def _result(calls: Sequence[Call], card: Card) -> str:
    """Return the name of a slide's result; refusals count as one."""
    outcome = decide(calls, card.call_model)
    return outcome.name if isinstance(outcome, Verdict) else "no result"
