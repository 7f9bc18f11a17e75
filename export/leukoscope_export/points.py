"""Temperatures and operating points of a pair, from laboratories left out."""

import math
from dataclasses import dataclass, replace

import numpy as np

from leukoscope_edge.arrays import F32, F64, BoolArray
from leukoscope_edge.inference import DecisionEntry
from leukoscope_train.data import I64, Strings
from leukoscope_train.evaluation import fit_temperature, person_weights, probabilities

FALSE_CALLS = 0.02
"""Largest share of any left-out laboratory's mature cells that is called blast."""
MISSED = 0.05
"""Share of left-out blasts that may be called normal."""
UNCLEAR = 0.10
"""Further share of the worst laboratory's mature cells that may be unclear by its
probability, so that fewer blasts are called normal: of 0.15 in all; the outlier test
turns away 0.05."""
MISSED_BY_QUICK = 0.01
FALSE_BY_QUICK = 0.005
"""What the quick network may get wrong by its own word, of the same cells."""
LEAST_NORMAL_TO = 0.5
"""A cell that is more likely normal than not stays so, whatever mature cells do."""
MOST_BLAST_FROM = 0.94
"""The device takes no card that asks for more than 0.95."""
TINY = 1e-12
STEPS = 10_000
"""The card's points have four decimals, rounded to the side of doubt."""
NARROWEST = 0.001
"""Probabilities nearer than this to 0 or 1 are no operating points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPoints:
    """What a pair's card says of when it calls.

    Attributes:
        deep: The card's temperature and points.
        quick: The quick network's own; None where there is none.
        p: (N,) the pair's probability of blast.
        asked_deep: (N,) whether the deep network judged.
    """

    deep: DecisionEntry
    quick: DecisionEntry | None
    p: F64
    asked_deep: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is known of N left-out cells.

    Attributes:
        blast: (N,) 1 for blasts.
        mature: (N,) whether a cell is of a kind that healthy blood shows.
        laboratories: (N,) who judged.
        decides: (N,) whether points are chosen with the cell.
    """

    blast: I64
    mature: BoolArray
    laboratories: Strings
    decides: BoolArray

    @property
    def normals(self) -> BoolArray:
        """(N,) mature cells that decide."""
        return np.asarray(self.decides & self.mature, np.bool_)

    @property
    def blasts(self) -> BoolArray:
        """(N,) blasts that decide."""
        return np.asarray(self.decides & (self.blast == 1), np.bool_)

    def temperature(self, margins: F64) -> float:
        """Fit a temperature; each class, and in it each laboratory, counts alike."""
        counts = self.normals | self.blasts
        weights = person_weights(self.blast[counts], self.laboratories[counts])
        return fit_temperature(margins[counts], self.blast[counts], weights)


def fit_points(deep: F64, quick: F64 | None, truth: Truth) -> PairPoints:
    """Fit temperatures, the quick network's band and the card's points.

    Args:
        deep: (N,) margins of the deep network.
        quick: (N,) margins of the quick network; None for no pair.
        truth: Of the cells.
    """
    t_deep = truth.temperature(deep)
    p = probabilities(deep, t_deep)
    if quick is None:
        return PairPoints(
            deep=_entry(t_deep, *_points(p, truth)),
            quick=None,
            p=p,
            asked_deep=np.ones(len(p), np.bool_),
        )
    t_quick = truth.temperature(quick)
    own = probabilities(quick, t_quick)
    low, high = _band(own, truth)
    asked = (own > low) & (own < high)
    joined = np.asarray(np.where(asked, p, own), np.float64)
    normal_to, blast_from = _points(joined, truth)
    return PairPoints(
        deep=_entry(t_deep, normal_to, blast_from),
        quick=_entry(t_quick, min(low, normal_to), max(high, blast_from)),
        p=joined,
        asked_deep=np.asarray(asked, np.bool_),
    )


def points_kept(
    decision: DecisionEntry,
    asked_first: DecisionEntry | None,
    deep: F64,
    quick: F64 | None,
) -> PairPoints:
    """Return what cells are called by the points of a card.

    Args:
        decision: The card's.
        asked_first: The quick network's; None where there is none.
        deep: (N,) margins of the deep network.
        quick: (N,) margins of the quick network; None where there is none.
    """
    p = probabilities(deep, decision.temperature)
    asked = np.ones(len(p), np.bool_)
    if asked_first is not None and quick is not None:
        own = probabilities(quick, asked_first.temperature)
        asked = (own > asked_first.normal_to) & (own < asked_first.blast_from)
        p = np.asarray(np.where(asked, p, own), np.float64)
    return PairPoints(deep=decision, quick=asked_first, p=p, asked_deep=asked)


def softened(points: PairPoints) -> PairPoints:
    """Raise the temperatures until a card may ask for the blast point; calls stay.

    Args:
        points: As fitted.
    """
    most = math.log(MOST_BLAST_FROM / (1 - MOST_BLAST_FROM))
    highest = max(p.blast_from for p in (points.deep, points.quick) if p is not None)
    asked = math.log(highest / (1 - highest))
    factor = max(1.0, asked / most)
    if factor == 1.0:
        return points

    def soft(entry: DecisionEntry) -> DecisionEntry:
        low, high = (_squeezed(p, factor) for p in (entry.normal_to, entry.blast_from))
        return _entry(entry.temperature * factor, low, high)

    quick = None if points.quick is None else soft(points.quick)
    squeezed = np.asarray([_squeezed(p, factor) for p in points.p.tolist()], np.float64)
    return replace(points, deep=soft(points.deep), quick=quick, p=squeezed)


def _squeezed(p: float, factor: float) -> float:
    """Return a probability after its margin was divided by a factor."""
    p = min(max(p, TINY), 1 - TINY)
    return 1 / (1 + math.exp(-math.log(p / (1 - p)) / factor))


def _band(p: F64, truth: Truth) -> tuple[float, float]:
    """Return between which probabilities the quick network is not heard."""
    low = float(np.quantile(p[truth.blasts], MISSED_BY_QUICK))
    high = worst_quantile(p, truth.normals, truth.laboratories, FALSE_BY_QUICK)
    return min(low, 0.5), max(high, 0.5)


def _points(p: F64, truth: Truth) -> tuple[float, float]:
    """Return the points up to which a cell is normal and from which it is a blast.

    A cell is normal where hardly a blast is, or where that leaves few mature cells
    unclear, up to a lower probability yet. Where no band is left between the points,
    both are its middle.
    """
    blast_from, clear_to = (
        worst_quantile(p, truth.normals, truth.laboratories, share)
        for share in (FALSE_CALLS, FALSE_CALLS + UNCLEAR)
    )
    missed = float(np.quantile(p[truth.blasts], MISSED))
    missed = min(missed, max(clear_to, LEAST_NORMAL_TO))
    if missed > blast_from:
        return (missed + blast_from) / 2, (missed + blast_from) / 2
    return missed, blast_from


def worst_quantile(
    p: F64, normals: BoolArray, laboratories: Strings, share: float
) -> float:
    """Return the probability that no laboratory's share of normal cells exceeds."""
    return max(
        float(
            np.quantile(p[normals & (laboratories == name)], 1 - share, method="higher")
        )
        for name in np.unique(laboratories[normals])
    )


def _entry(temperature: float, normal_to: float, blast_from: float) -> DecisionEntry:
    low, high = np.clip([normal_to, blast_from], NARROWEST, 1 - NARROWEST)
    return DecisionEntry(
        temperature=round(temperature, 4),
        normal_to=math.floor(float(low) * STEPS) / STEPS,
        blast_from=math.ceil(float(high) * STEPS) / STEPS,
    )


def kinds_temperature(logits: F32, targets: I64) -> float:
    """Return the temperature of the kinds other than blast among themselves.

    Args:
        logits: (N, K), the blast's first, of cells that are no blasts.
        targets: (N,) place of each cell's kind.
    """
    from scipy.optimize import minimize_scalar

    others = logits[:, 1:].astype(np.float64)

    def loss(log_temperature: float) -> float:
        z = others / np.exp(log_temperature)
        z -= z.max(axis=1, keepdims=True)
        own = z[np.arange(len(z)), targets - 1]
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - own))

    found = minimize_scalar(loss, bounds=(-2, 3), method="bounded")
    return round(float(np.exp(found.x)), 4)
