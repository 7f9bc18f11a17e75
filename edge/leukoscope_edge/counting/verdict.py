"""The slide's sentence: one of four, never a diagnosis.

The rules, gravest first:
- A blast that a person has confirmed in a child goes to a senior today, whatever else.
- No cell, or more than a fifth of them unclear: no result.
- More blast calls than healthy people show: blasts, or few, even of few cells.
- Fewer than 50 usable cells without that: no result.
- Else none above the background, with the level that could be missed.
"""

from collections.abc import Sequence
from dataclasses import replace

from leukoscope_edge.counting.fraction import (
    CallModel,
    confidence_interval,
    highest_missed,
    posterior,
)
from leukoscope_edge.counting.statistics import binomial_interval, limit_of_blank
from leukoscope_edge.counting.stop_rule import CUT_OFF, LOOKS, stop_state
from leukoscope_edge.types import (
    Call,
    CallName,
    Interval,
    Refusal,
    Verdict,
    VerdictName,
)

MIN_CELLS = LOOKS[0]
"""The first look of the stop rule; below it a negative says nothing."""
MAX_UNCLEAR_FRACTION = 0.2
"""More unclear cells than this and the model does not know this slide."""
SEND_FRACTION = 0.2
"""Blasts from which the slide goes to a specialist the same day; the customary
lower bound in blood and marrow for calling a leukemia."""
BLANK_CONFIDENCE = 0.96
"""Share of healthy people who stay within the background at the end of a count. The
rest of five in a hundred false alarms is left to the looks, at which the stop rule may
end a healthy person's count early; `tools/simulate_study.py` measures both together."""


def decide(
    calls: Sequence[Call], model: CallModel, *, is_leukopenic: bool = False
) -> Verdict | Refusal:
    """Say what the slide shows.

    A negative needs enough cells; blasts above the background are said with fewer, so
    that a low count never hides them.

    Args:
        calls: One for each counted cell, in the order of first sighting.
        model: How the calls come about.
        is_leukopenic: The person is known to have few white cells.
    """
    n_unclear = sum(c.name is CallName.UNCLEAR for c in calls)
    n_blast = sum(c.name is CallName.BLAST for c in calls)
    n = len(calls) - n_unclear
    stop = stop_state(model, calls, is_leukopenic=is_leukopenic)
    background = limit_of_blank(model.false_calls, n, BLANK_CONFIDENCE)
    why_none = _why_strange(calls)
    if why_none is None and n < MIN_CELLS and n_blast <= background:
        why_none = (
            f"only {n} usable cells were seen, at least {MIN_CELLS} are needed",
            "Keep going.",
        )
    if why_none is not None:
        reason, cure = why_none
        return Refusal(
            reason=reason,
            cure=cure,
            n_cells=n,
            n_blast=n_blast,
            n_unclear=n_unclear,
            stop=stop,
        )
    true_fraction = confidence_interval(model, n_blast, n)
    name = _name(n_blast, background, true_fraction)
    return Verdict(
        name=name,
        sentence=_sentence(name, n_blast, n, background, model),
        n_cells=n,
        n_blast=n_blast,
        n_unclear=n_unclear,
        interval=binomial_interval(n_blast, n),
        background=background,
        true_fraction=true_fraction,
        posterior=posterior(model, n_blast, n, CUT_OFF),
        stop=stop,
    )


def heed_confirmed(
    outcome: Verdict | Refusal, *, n_confirmed: int, is_child: bool
) -> Verdict | Refusal:
    """Let one blast that a person has confirmed in a child go to a senior today.

    Any blast in a child's blood is abnormal, whatever the model's background.

    Args:
        outcome: What the cells gave.
        n_confirmed: Cells that a person has called blast.
        is_child: Whether the slide is of a child.
    """
    is_grave = isinstance(outcome, Verdict) and outcome.name is VerdictName.BLASTS
    if not is_child or n_confirmed == 0 or is_grave:
        return outcome
    sentence = (
        f"Few blast-like cells seen: a person confirmed {n_confirmed} in a child. "
        "Senior review today."
    )
    if isinstance(outcome, Verdict):
        return replace(outcome, name=VerdictName.FEW, sentence=sentence)
    n = outcome.n_cells
    return Verdict(
        name=VerdictName.FEW,
        sentence=sentence,
        n_cells=n,
        n_blast=outcome.n_blast,
        n_unclear=outcome.n_unclear,
        interval=binomial_interval(outcome.n_blast, n) if n else _UNKNOWN,
        stop=outcome.stop,
    )


_UNKNOWN = Interval(low=0.0, high=1.0)


def _why_strange(calls: Sequence[Call]) -> tuple[str, str] | None:
    """Return why a model should not judge such a slide and the cure, None if it may."""
    n, n_unclear = len(calls), sum(c.name is CallName.UNCLEAR for c in calls)
    n_unlike = sum(c.is_unlike for c in calls)
    if n == 0:
        return "no white cell was seen", ""
    if n_unclear <= MAX_UNCLEAR_FRACTION * n:
        return None
    if 2 * n_unlike > n_unclear:
        return (
            f"{n_unlike} of {n} cells are unlike all that this model learned from",
            "Have a person look; the model may not know this stain or this microscope.",
        )
    return (
        f"{n_unclear} of {n} cells are unclear",
        "Have a person look; check stain and focus.",
    )


def _name(n_blast: int, background: int, true_fraction: Interval) -> VerdictName:
    if n_blast <= background:
        return VerdictName.NONE
    is_many = true_fraction.high >= SEND_FRACTION
    return VerdictName.BLASTS if is_many else VerdictName.FEW


def _sentence(
    name: VerdictName, n_blast: int, n: int, background: int, model: CallModel
) -> str:
    interval = binomial_interval(n_blast, n)
    seen = (
        f"{n_blast} of {n} cells ({100 * n_blast / n:.1f} %; "
        f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %)"
    )
    if name is VerdictName.BLASTS:
        return f"Blast-like cells seen: {seen}. Send today."
    if name is VerdictName.FEW:
        return f"Few blast-like cells seen: {seen}. Senior review."
    missed = highest_missed(model, n_blast, n)
    return (
        f"No blast-like cells above this device's background in {n} cells "
        f"({n_blast} seen, up to {background} are background). "
        f"A true level up to {100 * missed:.1f} % could be missed."
    )
