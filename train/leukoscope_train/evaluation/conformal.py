"""What a device needs to know when not to trust a call; it travels beside the card.

* Conformal points: the classes that cannot be ruled out at a stated error, class by
  class. Both or none of them is an abstention.
* Limit of blank: how many of n cells a healthy person shows as blast, at most.

People differ more than cells, so every quantile gives each person the same say, and
coverage is measured on people left out of the fit.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.counting import limit_of_blank
from leukoscope_train.data import BLAST, I64, NORMAL, CropSet, Strings
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation.calibrate import CallCalibration, weighted_quantile
from leukoscope_train.evaluation.metrics import person_weights
from leukoscope_train.toml import as_toml

CONFORMAL_ERROR = 0.10
"""Largest person-weighted share of a class that its set may miss. A tenth is the
least that nine people can show at all."""
BLANK_CELLS = (100, 200, 500)
"""Cells of a routine, a suspicious and a bone marrow count (CLSI H20-A2)."""
TRUST_NAME = "trust.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalSets:
    """Which classes cannot be ruled out.

    Attributes:
        error: Share of a class that may be missed.
        blast_from: Blast is in the set where p_blast is at least this.
        normal_to: Normal is in the set where p_blast is at most this.
        covered_blast: Mean over people left out of the share of blasts in the set.
        covered_normal: The same for normal cells.
        worst_person: The least share of any person left out.
        both: Person-weighted share of cells with both classes in their set.
        none: The same for neither.
    """

    error: float
    blast_from: float
    normal_to: float
    covered_blast: float
    covered_normal: float
    worst_person: float
    both: float
    none: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BlankEntry:
    """The count that 95 in 100 healthy people do not exceed, by cells counted."""

    n_cells: tuple[int, ...]
    n_blasts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustEntry:
    """Both of them; see the module."""

    conformal: ConformalSets
    blank: BlankEntry


def fit_conformal(
    p: F64, labels: I64, people: Strings, error: float = CONFORMAL_ERROR
) -> ConformalSets:
    """Fit class-conditional conformal points.

    Source: Vovk 2012 (class-conditional), with each person counting alike.

    Raises:
        DataError: A class has fewer than two people.
    """
    covered: dict[int, list[float]] = {NORMAL: [], BLAST: []}
    for person in np.unique(people).tolist():
        out = people == person
        label = int(labels[out][0])
        rest = ~out & (labels == label)
        if not rest.any():
            raise DataError("conformal points need two people in each class")
        points = _points(p[~out], labels[~out], people[~out], error)
        inside = p[out] >= points[0] if label == BLAST else p[out] <= points[1]
        covered[label].append(float(inside.mean()))
    blast_from, normal_to = _points(p, labels, people, error)
    weights = person_weights(labels, people)
    blast, normal = p >= blast_from, p <= normal_to
    return ConformalSets(
        error=error,
        blast_from=round(blast_from, 4),
        normal_to=round(normal_to, 4),
        covered_blast=round(float(np.mean(covered[BLAST])), 4),
        covered_normal=round(float(np.mean(covered[NORMAL])), 4),
        worst_person=round(min(covered[BLAST] + covered[NORMAL]), 4),
        both=round(float(np.average(blast & normal, weights=weights)), 4),
        none=round(float(np.average(~blast & ~normal, weights=weights)), 4),
    )


def _points(p: F64, labels: I64, people: Strings, error: float) -> tuple[float, float]:
    weights = person_weights(labels, people)
    blast, normal = labels == BLAST, labels == NORMAL
    return (
        weighted_quantile(p[blast], weights[blast], error),
        weighted_quantile(p[normal], weights[normal], 1 - error),
    )


def blank(calibration: CallCalibration) -> BlankEntry:
    """Return the limits of blank of a spread of false calls."""
    spread = calibration.false_calls.spread
    limits = tuple(limit_of_blank(spread, n) for n in BLANK_CELLS)
    return BlankEntry(n_cells=BLANK_CELLS, n_blasts=limits)


def write_trust(
    folder: Path, crops: CropSet, p: F64, calibration: CallCalibration
) -> TrustEntry:
    """Fit both and write them beside a run.

    Args:
        folder: The run.
        crops: The cells of known people.
        p: (N,) probability of blast, out of fold.
        calibration: Of the run.
    """
    entry = TrustEntry(
        conformal=fit_conformal(p, crops.labels, crops.people), blank=blank(calibration)
    )
    (folder / TRUST_NAME).write_text(as_toml(entry), encoding="utf-8")
    return entry
