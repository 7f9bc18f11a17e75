"""The slide's sentence: one of four, never a diagnosis; `conclude` alone says it.

The rules, gravest first:
- A blast that a person has confirmed in blood is said, whatever the machine thinks of
  the slide: "few" at least, "send today" where a fifth may be blasts; today for a child
  and where nobody knows the age. In marrow the same above 5 %.
- Blasts that the model calls are said where they exceed what healthy people show (in
  marrow also 5 %), even of few cells. What exceeds that and no normal marrow is not
  said by itself, and is no negative: a person looks. Only cells that nobody has read
  are held against that background: a cell that a person has called is no false call of
  the model.
- The model's calls count for nothing where it must not judge: nobody said what the
  sample is or what a pixel measures, the device's quality is out of control, the
  pictures are spoiled, or more than a fifth of the cells are unclear to it.
- A negative needs all of this in order, a count that is over, that was no passive
  watch and that the stop rule would end, pictures without any doubt, and cells that
  are of the sample that was named. Else: no result.
- What the machine may not judge, people may: who has read every counted cell
  overrules it where its reason lies in the machine (scale, unclear cells), never where
  it lies in the slide or the pictures; the sentence says that people read it and that
  the machine refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leukoscope_edge.counting.call_counts import CallCounts, count_calls
from leukoscope_edge.counting.context import CellCall, SlideContext
from leukoscope_edge.counting.fraction import (
    call_model,
    confidence_interval,
    highest_missed,
    posterior,
)
from leukoscope_edge.counting.sample_check import sample_doubts
from leukoscope_edge.counting.statistics import (
    BetaSpread,
    binomial_interval,
    limit_of_blank,
)
from leukoscope_edge.counting.stop_rule import CUT_OFF, LOOKS, stop_state
from leukoscope_edge.messages import Message, message
from leukoscope_edge.outcome import Interval, Refusal, StopState, Verdict, VerdictName
from leukoscope_edge.types import CallName, Reading

MIN_CELLS = LOOKS[0]
"""The first look of the stop rule; below it a negative says nothing."""
MAX_UNCLEAR_FRACTION = 0.2
"""More unclear cells than this and the model does not know this slide."""
SEND_FRACTION = 0.2
"""Blasts from which the slide goes to a specialist the same day; the customary
lower bound in blood and marrow for calling an acute leukemia."""
MARROW_NORMAL_FRACTION = 0.05
"""Blasts up to which a marrow is normal, and remission after treatment (NCCN; the
customary M1 marrow of paediatric protocols)."""
BLANK_CONFIDENCE = 0.96
"""Share of healthy people who stay within the background at the end of a count. The
rest of five in a hundred false alarms is left to the looks, at which the stop rule may
end a healthy person's count early; `tools/simulate_study.py` measures both together."""
_CERTAIN = BetaSpread(alpha=1e4, beta=1.0)
_NEVER = BetaSpread(alpha=1.0, beta=1e4)
"""People are taken at their word: who reads a cell neither misses nor imagines."""


def conclude(calls: Sequence[CellCall], context: SlideContext) -> Verdict | Refusal:
    """Say what the slide shows.

    Args:
        calls: One for each cell that the device counted, in the order of first
            sighting, those included that a person took for dirt.
        context: All else that decides.
    """
    counts = count_calls(calls)
    looks_like = sample_doubts(calls, context.facts.sample_type)
    context = replace(context, doubts=(*context.doubts, *looks_like))
    case = _Case(counts, context, _stop(calls, counts, context))
    mute = _why_mute(case)
    by_people = _by_people(case, mute)
    is_alone = by_people is None and _is_as_in_normal_marrow(case)
    finding = _graver(by_people, None if mute or is_alone else _by_model(case))
    if finding is not None:
        return finding
    is_overruled = mute is not None and mute.people_may_overrule and counts.is_all_read
    why = (None if is_overruled else mute) or _why_no_negative(case)
    return _negative(case, mute) if why is None else _refusal(case, why)


@dataclass(frozen=True, slots=True)
class _Case:
    """What the rules look at."""

    counts: CallCounts
    context: SlideContext
    stop: StopState


@dataclass(frozen=True, slots=True)
class _Why:
    """Why there is no result, and whether people who read every cell may overrule."""

    reason: Message
    cure: Message | None = None
    people_may_overrule: bool = False


def _stop(
    calls: Sequence[CellCall], counts: CallCounts, context: SlideContext
) -> StopState:
    """Say whether enough was counted: by the machine's calls, whatever people say.

    Where people have read every cell, and only there, by theirs.
    """
    if counts.is_all_read:
        read = (c.person for c in calls if c.person not in (None, Reading.NOT_A_CELL))
        names = [CallName(word.value) for word in read if word is not None]
        model = call_model(_CERTAIN, _NEVER)
    else:
        names = [c.model for c in calls if c.model is not None]
        model = context.background.model
    return stop_state(model, names, is_leukopenic=context.facts.is_leukopenic)


def _why_mute(case: _Case) -> _Why | None:
    """Return why the model's calls count for nothing, None where they count."""
    context = case.context
    if context.facts.sample_type is None:
        return _Why(message("no-sample-type"), message("no-sample-type-cure"))
    if context.quality:
        reason = message("quality", reason=context.quality[0])
        return _Why(reason, message("quality-cure"))
    for doubt in context.doubts:
        if doubt.spoils_calls:
            return _Why(doubt.reason, doubt.cure)
    if not context.is_scale_known:
        return _Why(
            message("uncalibrated"),
            message("uncalibrated-cure"),
            people_may_overrule=True,
        )
    return _why_strange(case.counts)


def _why_strange(counts: CallCounts) -> _Why | None:
    """Return why a model should not judge such cells, None if it may."""
    n, n_unclear, n_unlike = counts.n_listed, counts.n_model_unclear, counts.n_unlike
    if n_unclear <= MAX_UNCLEAR_FRACTION * n:
        return None
    if 2 * n_unlike > n_unclear:
        reason, cure = message("unlike", k=n_unlike, n=n), message("unlike-cure")
        return _Why(reason, cure, people_may_overrule=True)
    if counts.n_unclear_unread == 0:
        return None
    reason, cure = message("unclear", k=n_unclear, n=n), message("unclear-cure")
    return _Why(reason, cure, people_may_overrule=True)


def _why_no_negative(case: _Case) -> _Why | None:
    """Return why nothing found is no negative, None where it is one."""
    counts, context, stop = case.counts, case.context, case.stop
    if _is_as_in_normal_marrow(case):
        return _why_as_in_marrow(case)
    if context.facts.mode == "passive":
        return _Why(message("passive"), message("passive-cure"))
    if counts.n_listed == 0:
        return _Why(message("no-cell"))
    for doubt in context.doubts:
        return _Why(doubt.reason, doubt.cure)
    if counts.n_unclear > MAX_UNCLEAR_FRACTION * counts.n_counted:
        reason = message("people-unclear", k=counts.n_unclear, n=counts.n_counted)
        return _Why(reason, message("people-unclear-cure"))
    if counts.n_cells < MIN_CELLS:
        reason = message("too-few", k=counts.n_cells, n=MIN_CELLS)
        return _Why(reason, message("too-few-cure"))
    if not context.is_over:
        return _Why(message("not-over"))
    if stop.keep_going:
        reason = message("stopped-early", k=counts.n_cells, n=stop.next_look or 0)
        return _Why(reason, message("stopped-early-cure"))
    return None


def _by_people(case: _Case, mute: _Why | None) -> Verdict | None:
    """Return what follows from the blasts that people have confirmed."""
    counts, context = case.counts, case.context
    k, n = counts.n_confirmed, counts.n_cells
    if k == 0:
        return None
    is_marrow = context.is_marrow
    if is_marrow and _is_within_marrow(counts):
        return None
    name = _name(binomial_interval(k, n))
    ids = {VerdictName.BLASTS: "blasts-confirmed", VerdictName.FEW: "few-confirmed"}
    is_urgent = context.is_child_or_unknown and not is_marrow
    id_ = ids[name] + ("-today" if is_urgent and name is VerdictName.FEW else "")
    beside = [mute.reason] if mute else []
    return _verdict(
        case, name, (message(id_, seen=_seen(k, n)), *_beside(case, beside))
    )


def _by_model(case: _Case) -> Verdict | None:
    """Return what follows from the model's blasts that nobody has read."""
    counts, context = case.counts, case.context
    k, n = counts.n_unread_blast, counts.n_unread
    if k <= _limit(context, n):
        return None
    is_due = context.is_over or case.stop.claim == "above"
    if context.facts.mode == "passive" and not is_due:
        return None  # read on until something turns up, and it turns up in anybody
    true_fraction = confidence_interval(context.background.model, k, n)
    name = _name(true_fraction)
    said = message(name.value, seen=_seen(k, n))
    return _verdict(case, name, (said, *_beside(case, [])), true_fraction=true_fraction)


def _limit(context: SlideContext, n: int) -> int:
    """Return how many of n blast calls are no finding."""
    background = _background(context, n)
    if not context.is_marrow:
        return background
    return max(background, int(MARROW_NORMAL_FRACTION * n))


def _is_as_in_normal_marrow(case: _Case) -> bool:
    """Say whether the model's blasts are a finding in blood and none in marrow."""
    context, n = case.context, case.counts.n_unread
    k = case.counts.n_unread_blast
    return context.is_marrow and _limit(context, n) < k <= _blank_in_marrow(context, n)


def _blank_in_marrow(context: SlideContext, n: int) -> int:
    """Return how many of n cells of a normal marrow are called blast, at most.

    It only forbids a finding, never a doubt: 0 where nobody measured it.
    """
    spread = context.background.false_calls_in_marrow
    return 0 if spread is None else limit_of_blank(spread, n, BLANK_CONFIDENCE)


def _why_as_in_marrow(case: _Case) -> _Why:
    k, n = case.counts.n_unread_blast, case.counts.n_unread
    blank = _blank_in_marrow(case.context, n)
    return _Why(
        message("marrow-blank", k=k, n=n, m=blank), message("marrow-blank-cure")
    )


def _is_within_marrow(counts: CallCounts) -> bool:
    """Say whether blasts, by whomever, are no more than a normal marrow holds."""
    return counts.n_blast <= MARROW_NORMAL_FRACTION * counts.n_cells


def _graver(a: Verdict | None, b: Verdict | None) -> Verdict | None:
    """Return the graver of two findings, the first of two alike."""
    if a is None or b is None:
        return a or b
    is_b = b.name is VerdictName.BLASTS and a.name is not VerdictName.BLASTS
    return b if is_b else a


def _name(fraction: Interval) -> VerdictName:
    """Name a finding: by the high end, for what is not excluded is not excluded."""
    is_many = fraction.high >= SEND_FRACTION
    return VerdictName.BLASTS if is_many else VerdictName.FEW


def _beside(case: _Case, reasons: Sequence[Message]) -> tuple[Message, ...]:
    """Say beside a finding what would have forbidden a negative."""
    doubts = [d.reason for d in case.context.doubts]
    said = [r for r in reasons if r not in doubts] + doubts
    return tuple(message("beside", reason=reason) for reason in said)


def _negative(case: _Case, mute: _Why | None) -> Verdict:
    """Return that nothing was found, with what could be missed and who looked."""
    counts, context = case.counts, case.context
    is_marrow = context.is_marrow
    is_within = is_marrow and _is_within_marrow(counts)
    said = [_within_marrow(case) if is_within else _none(case)]
    if is_marrow and context.is_child_or_unknown:
        said.append(message("hematogones"))
    if mute is not None:
        said.append(message("machine-refused", reason=mute.reason))
    elif context.background.measured_by == "bundle" and not counts.is_all_read:
        said.append(message("not-this-site"))
    n = counts.n_unread
    fraction = (
        confidence_interval(context.background.model, counts.n_unread_blast, n)
        if counts.n_read == 0
        else None
    )
    return _verdict(case, VerdictName.NONE, tuple(said), true_fraction=fraction)


def _none(case: _Case) -> Message:
    counts = case.counts
    n, missed = counts.n_cells, f"{100 * _missed(case):.1f}"
    if counts.is_all_read:
        return message("none-read", n=n, p=missed)
    if counts.n_read and counts.is_every_suspect_read:
        return message("none-reviewed", n=n, m=counts.n_read, p=missed)
    return message(
        "none",
        n=n,
        k=counts.n_unread_blast,
        background=_background(case.context, case.counts.n_unread),
        p=missed,
    )


def _within_marrow(case: _Case) -> Message:
    counts, percent = case.counts, f"{100 * MARROW_NORMAL_FRACTION:.0f}"
    return message(
        "marrow-within",
        x=percent,
        seen=_seen(counts.n_blast, counts.n_cells),
        p=f"{100 * _missed(case):.1f}",
    )


def _missed(case: _Case) -> float:
    """Return the highest true fraction at which so few blasts are no surprise."""
    counts, model = case.counts, case.context.background.model
    if counts.is_all_read:
        return binomial_interval(counts.n_blast, counts.n_cells).high
    if counts.n_read and counts.is_every_suspect_read:
        reviewed = call_model(model.true_calls, _NEVER)
        return highest_missed(reviewed, counts.n_confirmed, counts.n_cells)
    return highest_missed(model, counts.n_unread_blast, counts.n_unread)


def _background(context: SlideContext, n: int) -> int:
    """Return how many of n cells a healthy person's model calls blast, at most."""
    false_calls = context.background.model.false_calls
    return limit_of_blank(false_calls, n, BLANK_CONFIDENCE)


def _seen(k: int, n: int) -> Message:
    interval = binomial_interval(k, n)
    low, high = (f"{100 * x:.1f}" for x in (interval.low, interval.high))
    return message("seen", k=k, n=n, p=f"{100 * k / n:.1f}", low=low, high=high)


def _verdict(
    case: _Case,
    name: VerdictName,
    said: tuple[Message, ...],
    *,
    true_fraction: Interval | None = None,
) -> Verdict:
    counts, model = case.counts, case.context.background.model
    n, k = counts.n_unread, counts.n_unread_blast
    is_by_model = counts.n_read == 0
    return Verdict(
        name=name,
        messages=said,
        n_cells=counts.n_cells,
        n_blast=counts.n_blast,
        n_unclear=counts.n_unclear,
        interval=binomial_interval(counts.n_blast, counts.n_cells),
        n_read=counts.n_read,
        n_confirmed=counts.n_confirmed,
        background=_background(case.context, case.counts.n_unread),
        true_fraction=true_fraction,
        posterior=posterior(model, k, n, CUT_OFF) if is_by_model else None,
        stop=case.stop,
    )


def _refusal(case: _Case, why: _Why) -> Refusal:
    counts = case.counts
    return Refusal(
        reason=why.reason,
        cure=why.cure,
        n_cells=counts.n_cells,
        n_blast=counts.n_blast,
        n_unclear=counts.n_unclear,
        n_read=counts.n_read,
        n_confirmed=counts.n_confirmed,
        stop=case.stop,
    )
