"""Contexts and calls of slides, in order but for what is named."""

from dataclasses import replace

from leukoscope_edge.counting import (
    Background,
    BetaSpread,
    CellCall,
    SlideContext,
    call_model,
    conclude,
)
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Doubt, Refusal
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts
from leukoscope_edge.types import CallName, Reading

TRUE_CALLS = BetaSpread(alpha=90, beta=10)
GOOD = Background(
    model=call_model(TRUE_CALLS, BetaSpread(alpha=2, beta=198)), measured_by="site"
)
WEAK = Background(
    model=call_model(TRUE_CALLS, BetaSpread(alpha=2, beta=9)), measured_by="bundle"
)
ADULT = SlideFacts(
    sample_type=SampleType.BLOOD, age=AgeGroup.ADULT, is_leukopenic=False, mode="count"
)
IN_ORDER = SlideContext(
    facts=ADULT,
    background=GOOD,
    is_scale_known=True,
    quality=(),
    doubts=(),
    is_over=True,
)
BAD_QUALITY = (message("test"),)
DAMAGED = Doubt(reason=message("test"), cure=None, spoils_calls=False)
BAD_COLOURS = Doubt(reason=message("test"), cure=None, spoils_calls=True)


def context(**changes: object) -> SlideContext:
    """Return a context that is in order but for what is named."""
    facts = {k: changes.pop(k) for k in list(changes) if hasattr(ADULT, k)}
    changed = replace(ADULT, **facts)  # type: ignore[arg-type]
    return replace(IN_ORDER, facts=changed, **changes)  # type: ignore[arg-type]


def cells(
    *,
    blast: int = 0,
    normal: int = 0,
    unclear: int = 0,
    unlike: int = 0,
    read_as: Reading | None = None,
) -> list[CellCall]:
    """Return cells by the model's word; a person has read all of them as one word."""
    names = [CallName.BLAST] * blast + [CallName.NORMAL] * normal
    names += [CallName.UNCLEAR] * unclear
    found = [CellCall(model=n, person=read_as) for n in names]
    strange = CellCall(model=CallName.UNCLEAR, person=read_as, is_unlike=True)
    return found + [strange] * unlike


def name_of(calls: list[CellCall], where: SlideContext) -> str:
    found = conclude(calls, where)
    return "refused" if isinstance(found, Refusal) else found.name.value
