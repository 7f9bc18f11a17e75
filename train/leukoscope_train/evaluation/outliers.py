"""How far a cell lies from all that a network learned from.

The exporter fits this to what the int8 file sees, and puts the test into the file.
People differ more than cells, so the limit gives each person the same say.
"""

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_edge.inference import OutlierEntry
from leukoscope_train.data import I64, Strings
from leukoscope_train.evaluation.calibrate import weighted_quantile
from leukoscope_train.evaluation.metrics import person_weights

N_COMPONENTS = 64
N_PROTOTYPES = 1024
N_NEIGHBOURS = 5
"""Sizes of the outlier test: 64 x 1024 float32 are a quarter of a MiB."""
OUTLIER_SHARE = 0.05
"""Person-weighted share of good cells that the outlier test may turn away."""
OTHERS_SHARE = 0.5
"""Share of the prototypes from cells of unknown people: other kinds of cell, and
another laboratory's. With 0.3 or 0.5 the same sets are told apart."""


def fit_outliers(
    features: F64,
    labels: I64,
    people: Strings,
    others: F64 | None = None,
) -> tuple[OutlierEntry, dict[str, F64]]:
    """Choose prototypes and the distance beyond which a cell is an outlier.

    Args:
        features: (N, C) of training cells of known people.
        labels: (N,) labels.
        people: (N,) person of every cell.
        others: (L, C) of training cells of unknown people; they are among the
            prototypes, but the limit is set by known people alone.

    Returns:
        The entry, and the arrays `mean`, `axes` and `prototypes`.

    Source: Sun et al. 2022 (nearest neighbours), on whitened principal components.
    """
    weights = person_weights(labels, people)
    chance, learned = weights / weights.sum(), features
    owners = people.astype(np.str_)
    if others is not None and len(others):
        alike = np.full(len(others), OTHERS_SHARE / len(others))
        chance = np.concatenate([chance * (1 - OTHERS_SHARE), alike])
        learned = np.concatenate([features, others])
        owners = np.concatenate([owners, np.full(len(others), "")])
    mean = np.average(learned, axis=0, weights=chance)
    axes = whitening(learned - mean, chance)
    seen = (learned - mean) @ axes
    random = np.random.default_rng(0)
    n_chosen = min(N_PROTOTYPES, len(seen))
    chosen = random.choice(len(seen), n_chosen, replace=False, p=chance)
    away = distances(seen[: len(features)], seen[chosen], people, owners[chosen])
    limit = weighted_quantile(away, weights, 1 - OUTLIER_SHARE)
    entry = OutlierEntry(
        distance_limit=round(limit, 4),
        turned_away=round(float(np.average(away > limit, weights=weights)), 4),
    )
    return entry, {"mean": mean, "axes": axes, "prototypes": seen[chosen]}


def whitening(centred: F64, weights: F64) -> F64:
    """Return (C, K) axes on which the weighted cells have unit variance."""
    covariance = (centred * weights[:, None]).T @ centred / weights.sum()
    values, vectors = np.linalg.eigh(covariance)
    largest = np.argsort(-values)[:N_COMPONENTS]
    usable = largest[values[largest] > 1e-9 * values.max()]
    return np.asarray(vectors[:, usable] / np.sqrt(values[usable]), np.float64)


def distances(
    cells: F64,
    prototypes: F64,
    people: Strings | None = None,
    owners: Strings | None = None,
) -> F64:
    """Return (N,) mean distance to the nearest prototypes, of other people where known.

    Args:
        cells: (N, K) whitened features.
        prototypes: (M, K) likewise.
        people: (N,) person of each cell, or None.
        owners: (M,) person of each prototype, or None.
    """
    squares = (cells**2).sum(1)[:, None] + (prototypes**2).sum(1)[None]
    away = np.sqrt(np.maximum(squares - 2 * cells @ prototypes.T, 0))
    if people is not None and owners is not None:
        away[people[:, None] == owners[None]] = np.inf
    nearest = np.sort(away, axis=1)[:, :N_NEIGHBOURS]
    return np.asarray(nearest.mean(axis=1), np.float64)
