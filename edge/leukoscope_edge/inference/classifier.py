"""From logits to a call: calibrated probability and abstention, as the card says."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leukoscope_edge.inference.card import Card, DecisionEntry
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.types import F32, F64, U8, Call, CallName

BATCH_SIZE = 32
"""Cells per run of the network; bounds memory, and larger batches gain nothing."""


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


def calls_for(answers: F32, card: Card) -> list[Call]:
    """Call cells from what an engine of the card's model answered.

    Args:
        answers: (N, A) float32; see `Engine.run`.
        card: The bundle's card.
    """
    decision, outliers = card.decision, card.outliers
    calls = [
        call_for(float(p), decision) for p in p_blast(answers, decision.temperature)
    ]
    if outliers is None:
        return calls
    is_unlike = answers[:, 2] > outliers.distance_limit
    return [
        replace(call, name=CallName.UNCLEAR, is_unlike=True) if unlike else call
        for call, unlike in zip(calls, is_unlike, strict=True)
    ]


def classify(engine: Engine, crops: list[U8], card: Card) -> list[Call]:
    """Call every crop.

    Args:
        engine: The card's model on some backend.
        crops: N crops, each (side, side, 3) uint8 RGB.
        card: The bundle's card.

    Returns:
        N calls, in the order of the crops.
    """
    calls: list[Call] = []
    for start in range(0, len(crops), BATCH_SIZE):
        answers = engine.run(np.stack(crops[start : start + BATCH_SIZE]))
        calls += calls_for(answers, card)
    return calls


def vote(calls: Sequence[Call], decision: DecisionEntry) -> Call:
    """Make one call on a cell from the calls on its sightings.

    The mean probability decides. Where one sighting reads as blast and another as
    normal, or most are unlike what the model learned from, the cell is unclear: a
    person looks.

    Args:
        calls: One or more calls on the same cell.
        decision: The card's thresholds.
    """
    mean = call_for(sum(c.p_blast for c in calls) / len(calls), decision)
    if 2 * sum(c.is_unlike for c in calls) > len(calls):
        return replace(mean, name=CallName.UNCLEAR, is_unlike=True)
    names = {c.name for c in calls}
    if {CallName.BLAST, CallName.NORMAL} <= names:
        return Call(name=CallName.UNCLEAR, p_blast=mean.p_blast)
    return mean
