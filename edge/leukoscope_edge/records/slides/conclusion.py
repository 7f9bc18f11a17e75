"""The verdict of a slide in the records: what `conclude` says of what is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from leukoscope_edge.counting import CellCall, SlideContext, conclude
from leukoscope_edge.inference import Card, background_of
from leukoscope_edge.messages import Message, message
from leukoscope_edge.outcome import Doubt, Refusal, Verdict, VerdictName
from leukoscope_edge.records.slides.slide import Outcome, SlideRecord, outcome_of
from leukoscope_edge.records.slides.slide_state import Action, is_allowed
from leukoscope_edge.types import Reading

RESCALED = Doubt(
    reason=message("rescaled"), cure=message("rescaled-cure"), spoils_calls=True
)
"""The objective was put right after cells had been cut out and judged: at a wrong size,
so neither model nor people saw what they thought."""
UNSIGNED = Refusal(reason=message("unsigned"), cure=message("unsigned-cure"))
OVERRULED = Refusal(reason=message("overruled"), cure=message("overruled-cure"))
"""What stands for the machine's negative where nobody signed, or another result."""


def verdict_of(
    record: SlideRecord, card: Card, *, quality: Sequence[Message] = ()
) -> Verdict | Refusal:
    """Return what follows from the words of people and machine together.

    A slide that is void gives no verdict.

    Args:
        record: The slide as it stands.
        card: Of the model that judged it.
        quality: What of the device's quality is out of control now, beside what was
            when the count ended.
    """
    if record.void is not None:
        return Refusal(reason=message("void"))
    return conclude(calls_of(record), context_of(record, card, quality=quality))


def told_of_machine(machine: Outcome | None, signed: Outcome | None) -> Outcome | None:
    """Return what may be told of the machine's outcome beside what a person signed.

    A suspicion is told. That it found nothing is told beside a signed negative alone:
    elsewhere people found blasts, have no result, or may have found blasts and not
    signed yet, and whoever is in a hurry reads it as a negative.

    Args:
        machine: What the machine alone says, None before its count has ended.
        signed: What a person signed, None where nobody has.
    """
    nothing = VerdictName.NONE.value
    if machine is None:
        return None
    if machine.result != nothing or (signed is not None and signed.result == nothing):
        return machine
    refusal = replace(
        UNSIGNED if signed is None else OVERRULED,
        n_cells=machine.n_cells,
        n_blast=machine.n_blast,
        n_unclear=machine.n_unclear,
    )
    return outcome_of(refusal)


def context_of(
    record: SlideRecord,
    card: Card,
    *,
    quality: Sequence[Message] = (),
    judged_at_um_per_px: float | None = None,
) -> SlideContext:
    """Return all that decides over a slide's verdict beside its calls.

    Args:
        record: The slide as it stands.
        card: Of the model that judges it.
        quality: What of the device's quality is out of control now.
        judged_at_um_per_px: The scale at which cells are judged from here on; None:
            they are not.
    """
    own = record.origin.scale_um_per_px
    is_rescaled = record.is_rescaled or judged_at_um_per_px not in (None, own)
    return SlideContext(
        facts=record.facts,
        background=background_of(card, record.site, record.facts.sample_type),
        is_scale_known=own is not None,
        quality=tuple(dict.fromkeys((*record.quality, *quality))),
        doubts=(
            *record.doubts,
            *([RESCALED] if is_rescaled else []),
            *_disputed_blasts(record),
        ),
        is_over=not is_allowed(Action.FINISH, record.state),
    )


def _disputed_blasts(record: SlideRecord) -> Iterator[Doubt]:
    """Yield that one of two readers saw blasts, until a supervisor settles them."""
    k = sum(Reading.BLAST in dict(c.words).values() for c in record.disputed)
    if k:
        reason = message("blast-disputed", k=k)
        cure = message("blast-disputed-cure")
        yield Doubt(reason=reason, cure=cure, spoils_calls=False)


def overruled_blasts(record: SlideRecord) -> Message | None:
    """Say who called cells blasts of which another person's word counts; None: nobody.

    It forbids nothing, for somebody must have the last word; whoever reads the result
    is told. A reader is the name of that day: where she was given another in between,
    her own later word counts as another person's, for a slide knows no renames.
    """
    said = {(s.cell, s.by): s.word for s in record.steps}  # supervisors settled some
    seen = [key for key, word in said.items() if word is Reading.BLAST]
    blasts = [
        [by for id_, by in seen if id_ == cell.id]
        for cell in record.cells
        if cell.is_counted and cell.final is not Reading.BLAST and not cell.is_disputed
    ]
    found = [names for names in blasts if names]
    if not found:
        return None
    who = ", ".join(dict.fromkeys(name for names in found for name in names))
    return message("blasts-overruled", k=len(found), who=who)


def calls_of(record: SlideRecord) -> list[CellCall]:
    """Return what is said of each cell that the device counted, and by whom."""
    return [
        CellCall(model=c.call, person=c.word, is_unlike=c.is_unlike, kind=c.final_kind)
        for c in record.cells
        if c.is_counted
    ]
