"""From logits to a call: calibrated probability and abstention, as the card says."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.inference.card import Card
from leukoscope_edge.inference.card_entries import DecisionEntry, KindsEntry
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.types import Call, CallName

BATCH_SIZE = 8
"""Cells per run of the network; bounds memory, and larger batches gain nothing: of 4,
8, 16 and 32, ResNet-50 takes 7.4 to 7.7 ms of the processor a cell on one thread."""


def p_blast(logits: F32, temperature: float) -> F64:
    """Return the calibrated probability of blast, (N,) float64 in 0..1.

    Args:
        logits: (N, 2 or more) float32, the first columns normal and blast.
        temperature: The card's temperature.

    Source: temperature scaling, Guo et al. 2017.
    """
    margin = (logits[:, 1].astype(np.float64) - logits[:, 0]) / temperature
    p: F64 = 0.5 * (1 + np.tanh(margin / 2))
    return p


def call_for(p: float, decision: DecisionEntry) -> Call:
    """Name one probability by the card's thresholds."""
    if p >= decision.blast_from:
        name = CallName.BLAST
    elif p <= decision.normal_to:
        name = CallName.NORMAL
    else:
        name = CallName.UNCLEAR
    return Call(name=name, p_blast=p)


def calls_for(answers: F32, card: Card, *, in_marrow: bool = False) -> list[Call]:
    """Call cells from what an engine of the card's model answered.

    Args:
        answers: (N, A) float32; see `Engine.run`.
        card: The bundle's card.
        in_marrow: The sample is marrow, where precursors of lymphocytes are normal.
    """
    decision = card.decision
    p = p_blast(answers, decision.temperature)
    calls = [call_for(float(one), decision) for one in p]
    if card.kinds is not None:
        rows = kind_probabilities(answers, p, card.kinds)
        calls = [
            _with_kinds(call, row.tolist(), card.kinds, decision, in_marrow=in_marrow)
            for call, row in zip(calls, rows, strict=True)
        ]
    if card.outliers is None:
        return calls
    is_unlike = answers[:, -1] > card.outliers.distance_limit
    return [
        replace(call, name=CallName.UNCLEAR, is_unlike=True) if unlike else call
        for call, unlike in zip(calls, is_unlike, strict=True)
    ]


def kind_probabilities(answers: F32, p: F64, kinds: KindsEntry) -> F64:
    """Return (N, K) probabilities of kinds that sum to 1.

    Blast has its calibrated probability; the rest is shared by the other kinds'
    softmax at their own temperature.

    Args:
        answers: (N, A) float32; see `Engine.run`.
        p: (N,) calibrated probability of blast.
        kinds: The card's kinds.
    """
    logits = answers[:, 2 : 2 + len(kinds.names)].astype(np.float64)
    place = kinds.names.index(kinds.blast)
    logits[:, place] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    likely = np.exp(logits / kinds.temperature)
    likely *= ((1 - p) / likely.sum(axis=1))[:, None]
    likely[:, place] = p
    return np.asarray(likely, np.float64)


def blast_call(
    p: float,
    kinds: Sequence[tuple[str, float]],
    decision: DecisionEntry,
    precursor: str,
    *,
    in_marrow: bool,
) -> CallName:
    """Name a cell by its probabilities and what the sample is.

    A precursor of lymphocytes is normal in marrow. In blood it does not belong and
    looks much like a blast: a person looks.

    Args:
        p: Calibrated probability of blast.
        kinds: Every kind with its probability; at least one.
        decision: The operating points.
        precursor: The kind that is the precursor, "" for none.
        in_marrow: The sample is marrow.
    """
    call = replace(call_for(p, decision), kinds=tuple(kinds))
    is_foreign = call.kind == precursor and not in_marrow
    is_doubtful = is_foreign and call.name is CallName.NORMAL
    return CallName.UNCLEAR if is_doubtful else call.name


def _with_kinds(
    call: Call,
    row: list[float],
    kinds: KindsEntry,
    decision: DecisionEntry,
    *,
    in_marrow: bool,
) -> Call:
    named = tuple(zip(kinds.names, row, strict=True))
    name = blast_call(
        call.p_blast, named, decision, kinds.precursor, in_marrow=in_marrow
    )
    return replace(call, name=name, kinds=named)


def answers_to(engine: Engine, crops: Sequence[U8] | U8) -> F32:
    """Return (N, A) float32 answers to N crops, a batch at once; see `Engine.run`.

    Args:
        engine: A model on some backend.
        crops: One or more, each (side, side, 3) uint8 RGB.
    """
    starts = range(0, len(crops), BATCH_SIZE)
    batches = (np.asarray(crops[i : i + BATCH_SIZE]) for i in starts)
    return np.concatenate([engine.run(batch) for batch in batches])


def classify(
    engine: Engine, crops: list[U8], card: Card, *, in_marrow: bool
) -> list[Call]:
    """Call every crop.

    Args:
        engine: The card's model on some backend.
        crops: N crops, each (side, side, 3) uint8 RGB.
        card: The bundle's card.
        in_marrow: The sample is marrow; blood, or not known, where False.

    Returns:
        N calls, in the order of the crops.
    """
    if not crops:
        return []
    return calls_for(answers_to(engine, crops), card, in_marrow=in_marrow)


def vote(calls: Sequence[Call], decision: DecisionEntry) -> Call:
    """Make one call on a cell from the calls on its sightings.

    The mean probability decides. Where one sighting reads as blast and another as
    normal, most are unlike what the model learned from, or most are unclear for
    another reason than their probability, no normal call stands: a person looks.

    Args:
        calls: One or more calls on the same cell.
        decision: The card's thresholds.
    """
    mean = replace(
        call_for(sum(c.p_blast for c in calls) / len(calls), decision),
        kinds=_mean_kinds(calls),
    )
    if 2 * sum(c.is_unlike for c in calls) > len(calls):
        return replace(mean, name=CallName.UNCLEAR, is_unlike=True)
    names = {c.name for c in calls}
    if {CallName.BLAST, CallName.NORMAL} <= names:
        return replace(mean, name=CallName.UNCLEAR)
    doubtful = [
        c.name is CallName.UNCLEAR and c.p_blast <= decision.normal_to for c in calls
    ]
    if mean.name is CallName.NORMAL and 2 * sum(doubtful) > len(calls):
        return replace(mean, name=CallName.UNCLEAR)
    return mean


def _mean_kinds(calls: Sequence[Call]) -> tuple[tuple[str, float], ...]:
    """Return the mean probability of every kind; none where a call tells none."""
    if not all(c.kinds for c in calls):
        return ()
    columns = zip(*(c.kinds for c in calls), strict=True)
    return tuple(
        (column[0][0], sum(p for _, p in column) / len(calls)) for column in columns
    )
