"""When to stop counting: looks at fixed numbers of cells, never after each cell.

Who looks after every cell and stops when it suits will sooner or later see what chance
alone does. The rule looks five times and shares its error between the looks, so that
all claims together are wrong on at most one slide in twenty, whoever the person is.

Source: Bonferroni's inequality over the looks; the tails are those of
`leukoscope_edge.counting.fraction`.
"""

from collections.abc import Sequence
from typing import Literal

from leukoscope_edge.counting.fraction import CallModel, tails_at
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import StopState
from leukoscope_edge.types import CallName

LOOKS = (50, 100, 200, 300, 500)
"""Cells. 100 is a routine count, 200 one of suspected leukemia (CLSI H20-A2), 500 as
many as a marrow count."""
OVERALL_ERROR = 0.05
CUT_OFF = 0.05
"""True fraction of blasts that the rule decides about: a level that a count of 200
cells tells from none with a good model, and that no healthy person has in blood."""
FIRST_LOOK_TO_GIVE_UP = 200

Claim = Literal["above", "below"]


def stop_state(
    model: CallModel, calls: Sequence[CallName], *, is_leukopenic: bool = False
) -> StopState:
    """Say where a count stands.

    Args:
        model: Of the calls.
        calls: On the counted cells, in the order in which they were first seen.
        is_leukopenic: The person is known to have few white cells. Then blasts can be
            so rare among them that only a long count finds them: 200 cells found 9 of
            17 such slides, the whole film all (Ann Hematol 2025, PMC12619778).
    """
    usable = [c for c in calls if c is not CallName.UNCLEAR]
    counts = [(usable[:n].count(CallName.BLAST), n) for n in LOOKS if n <= len(usable)]
    return state_after(model, counts, is_leukopenic=is_leukopenic)


def state_after(
    model: CallModel,
    counts: Sequence[tuple[int, int]],
    *,
    is_leukopenic: bool = False,
) -> StopState:
    """Say where a count stands after some looks.

    Args:
        model: Of the calls.
        counts: At each look the blast calls and the cells, k of n.
        is_leukopenic: As in `stop_state`.
    """
    if not counts:
        return _go_on(0, LOOKS[0], "first-look")
    k, n = counts[-1]
    next_look = next((look for look in LOOKS if look > n), None)
    for k_then, n_then in counts:
        claim = claim_at_look(model, k_then, n_then)
        if claim == "above" or (claim == "below" and not is_leukopenic):
            return _stop(n_then, next_look, claim)
    if next_look is None:
        return _stop(n, None, None)
    if is_leukopenic:
        return _go_on(n, next_look, "leukopenic")
    if n >= FIRST_LOOK_TO_GIVE_UP and _is_hopeless(model, k, n):
        why = message("hopeless")
        return StopState(look=n, next_look=next_look, keep_going=False, why=why)
    return _go_on(n, next_look, "not-settled")


def claim_at_look(model: CallModel, k: int, n: int) -> Claim | None:
    """Say on which side of the cut-off the true fraction lies, None while open."""
    as_few, as_many = tails_at(model, CUT_OFF, k, n)
    limit = OVERALL_ERROR / 2 / len(LOOKS)
    if as_many < limit:
        return "above"
    return "below" if as_few < limit else None


def _is_hopeless(model: CallModel, k: int, n: int) -> bool:
    """Say whether the same fraction of calls would leave the last look open too."""
    last = LOOKS[-1]
    return claim_at_look(model, round(k / n * last), last) is None


def _stop(look: int, next_look: int | None, claim: Claim | None) -> StopState:
    ids = {"above": "enough-above", "below": "enough-below", None: "enough-open"}
    why = message(ids[claim], level=f"{100 * CUT_OFF:.0f} %")
    return StopState(
        look=look, next_look=next_look, keep_going=False, why=why, claim=claim
    )


def _go_on(look: int, next_look: int, why: str) -> StopState:
    advice = message("go-on", n=next_look, why=message(why))
    return StopState(look=look, next_look=next_look, keep_going=True, why=advice)
