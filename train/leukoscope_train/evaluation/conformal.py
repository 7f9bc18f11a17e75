"""Conformal points: which classes cannot be ruled out at a stated error.

Class by class; both or none of them is an abstention.

People differ more than cells, so every quantile gives each person the same say, and
coverage is measured on people left out of the fit.
"""

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.inference import ConformalEntry
from leukoscope_train.data import BLAST, I64, NORMAL, Strings
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation.calibrate import weighted_quantile
from leukoscope_train.evaluation.metrics import person_weights

CONFORMAL_ERROR = 0.10
"""Largest person-weighted share of a class that its set may miss. A tenth is the
least that nine people can show at all."""


def fit_conformal(
    p: F64, labels: I64, people: Strings, error: float = CONFORMAL_ERROR
) -> ConformalEntry:
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
    return ConformalEntry(
        error=error,
        blast_from=round(blast_from, 4),
        normal_to=round(normal_to, 4),
        covered_blast=round(float(np.mean(covered[BLAST])), 4),
        covered_normal=round(float(np.mean(covered[NORMAL])), 4),
    )


def _points(p: F64, labels: I64, people: Strings, error: float) -> tuple[float, float]:
    weights = person_weights(labels, people)
    blast, normal = labels == BLAST, labels == NORMAL
    return (
        weighted_quantile(p[blast], weights[blast], error),
        weighted_quantile(p[normal], weights[normal], 1 - error),
    )
