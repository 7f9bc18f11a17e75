"""The slide's sentence: one of four, never a diagnosis."""

from collections.abc import Sequence
from functools import partial

from leukoscope_edge.counting.statistics import (
    BetaSpread,
    binomial_interval,
    limit_of_blank,
)
from leukoscope_edge.types import Call, CallName, Refusal, Verdict, VerdictName

MIN_CELLS = 50
"""The first look of the stop rule; below it a negative says nothing."""
MAX_UNCLEAR_FRACTION = 0.2
"""More unclear cells than this and the model does not know this slide."""
SEND_FRACTION = 0.2
"""Blasts from which the slide goes to a specialist the same day; the customary
lower bound in blood and marrow for calling a leukemia."""


def decide(calls: Sequence[Call], *, false_calls: BetaSpread) -> Verdict | Refusal:
    """Say what the slide shows.

    A negative needs enough cells; blasts above the background are said with fewer, so
    that a low count never hides them.

    Args:
        calls: One for each counted cell.
        false_calls: How often this model calls healthy people's cells blast.
    """
    n_unclear = sum(c.name is CallName.UNCLEAR for c in calls)
    n_blast = sum(c.name is CallName.BLAST for c in calls)
    n = len(calls) - n_unclear
    no_result = partial(Refusal, n_cells=n, n_blast=n_blast, n_unclear=n_unclear)
    if not calls:
        return no_result(reason="no white cell was seen")
    if n_unclear > MAX_UNCLEAR_FRACTION * len(calls):
        return no_result(
            reason=f"{n_unclear} of {len(calls)} cells are unclear",
            cure="Have a person look; check stain and focus.",
        )
    background = limit_of_blank(false_calls, n)
    if n < MIN_CELLS and n_blast <= background:
        return no_result(
            reason=f"only {n} usable cells were seen, at least {MIN_CELLS} are needed",
            cure="Keep going.",
        )
    return _verdict(n, n_blast, n_unclear, background)


def _verdict(n: int, n_blast: int, n_unclear: int, background: int) -> Verdict:
    interval = binomial_interval(n_blast, n)
    seen = (
        f"{n_blast} of {n} cells ({100 * n_blast / n:.1f} %; "
        f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %)"
    )
    if n_blast > background and interval.high >= SEND_FRACTION:
        name, sentence = (
            VerdictName.BLASTS,
            f"Blast-like cells seen: {seen}. Send today.",
        )
    elif n_blast > background:
        name = VerdictName.FEW
        sentence = f"Few blast-like cells seen: {seen}. Senior review."
    else:
        name = VerdictName.NONE
        sentence = (
            f"No blast-like cells above this device's background in {n} cells "
            f"({n_blast} seen, up to {background} are background). "
            f"A true level up to {100 * interval.high:.1f} % could be missed."
        )
    return Verdict(
        name=name,
        sentence=sentence,
        n_cells=n,
        n_blast=n_blast,
        n_unclear=n_unclear,
        interval=interval,
    )
