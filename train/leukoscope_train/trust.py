"""What a device needs to know when not to trust a call; it travels beside the card.

* Conformal points: the classes that cannot be ruled out at a stated error, class by
  class. Both or none of them is an abstention.
* Outliers: a cell whose features lie far from those of every training cell. The
  exporter fits this anew to what the int8 file sees, and puts the test into the file.
* Limit of blank: how many of n cells a healthy person shows as blast, at most.
* Class activation: the weights that turn the last map into the margin, exactly.

People differ more than cells, so every quantile gives each person the same say, and
coverage is measured on people left out of the fit.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from leukoscope_edge.counting.statistics import limit_of_blank
from leukoscope_edge.types import F64
from leukoscope_train.calibrate import Calibration, weighted_quantile
from leukoscope_train.cells import BLAST, I64, NORMAL, CropSet, DataError, Strings
from leukoscope_train.metrics import person_weights
from leukoscope_train.networks import Pooled
from leukoscope_train.toml import as_toml

CONFORMAL_ERROR = 0.10
"""Largest person-weighted share of a class that its set may miss. A tenth is the
least that nine people can show at all."""
BLANK_CELLS = (100, 200, 500)
"""Cells of a routine, a suspicious and a bone marrow count (CLSI H20-A2)."""
N_COMPONENTS = 64
N_PROTOTYPES = 1024
N_NEIGHBOURS = 5
"""Sizes of the outlier test: 64 x 1024 float32 are a quarter of a MiB."""
OUTLIER_SHARE = 0.05
"""Person-weighted share of good cells that the outlier test may turn away."""
OTHERS_SHARE = 0.5
"""Share of the prototypes from cells of unknown people: other kinds of cell, and
another laboratory's. With 0.3 or 0.5 the same sets are told apart."""
TRUST_NAME = "trust.toml"
ARRAYS_NAME = "trust.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalEntry:
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
class OutlierEntry:
    """How far from the training cells a cell may lie.

    The arrays file holds `mean` (C,), `axes` (C, K, whitened) and `prototypes` (M, K);
    a cell's distance is the mean of those to its nearest prototypes.

    Attributes:
        n_neighbours: How many are nearest.
        distance_limit: From here on a cell is an outlier.
        turned_away: Person-weighted share of training cells beyond it, each measured
            to other people's prototypes alone.
    """

    n_neighbours: int
    distance_limit: float
    turned_away: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustEntry:
    """All of it; see the module.

    Attributes:
        arrays: The file beside this one.
        arrays_sha256: Of that file, lower-case hex.
        class_activation: Whether it holds `activation` (C,) and `activation_bias`.
        conformal: Which classes cannot be ruled out.
        blank: How many cells healthy people show as blast.
        outliers: How far from the training cells a cell may lie.
    """

    arrays: str
    arrays_sha256: str
    class_activation: bool
    conformal: ConformalEntry
    blank: BlankEntry
    outliers: OutlierEntry


def conformal(
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
    weights = person_weights(labels, people)
    blast, normal = p >= blast_from, p <= normal_to
    return ConformalEntry(
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


def blank(calibration: Calibration) -> BlankEntry:
    """Return the limits of blank of a spread of false calls."""
    spread = calibration.false_calls.spread
    limits = tuple(limit_of_blank(spread, n) for n in BLANK_CELLS)
    return BlankEntry(n_cells=BLANK_CELLS, n_blasts=limits)


def fit_outliers(
    features: F64,
    labels: I64,
    people: Strings,
    others: F64 | None = None,
    seed: int = 0,
) -> tuple[OutlierEntry, dict[str, F64]]:
    """Choose prototypes and the distance beyond which a cell is an outlier.

    Args:
        features: (N, C) of training cells of known people.
        labels: (N,) labels.
        people: (N,) person of every cell.
        others: (L, C) of training cells of unknown people; they are among the
            prototypes, but the limit is set by known people alone.
        seed: Of the choice.

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
    axes = _whitening(learned - mean, chance)
    seen = (learned - mean) @ axes
    random = np.random.default_rng(seed)
    n_chosen = min(N_PROTOTYPES, len(seen))
    chosen = random.choice(len(seen), n_chosen, replace=False, p=chance)
    away = distances(seen[: len(features)], seen[chosen], people, owners[chosen])
    limit = weighted_quantile(away, weights, 1 - OUTLIER_SHARE)
    entry = OutlierEntry(
        n_neighbours=N_NEIGHBOURS,
        distance_limit=round(limit, 4),
        turned_away=round(float(np.average(away > limit, weights=weights)), 4),
    )
    return entry, {"mean": mean, "axes": axes, "prototypes": seen[chosen]}


def _whitening(centred: F64, weights: F64) -> F64:
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


def class_activation(network: nn.Module) -> dict[str, F64]:
    """Return the exact map's weights (C,) and bias, or nothing where it has none."""
    if not isinstance(network, Pooled):
        return {}
    weight = network.head.weight.detach().double().cpu().numpy()
    bias = network.head.bias.detach().double().cpu().numpy()
    return {
        "activation": np.asarray(weight[1] - weight[0], np.float64),
        "activation_bias": np.asarray(bias[1] - bias[0], np.float64),
    }


def write_trust(
    folder: Path,
    crops: CropSet,
    p: F64,
    features: F64,
    calibration: Calibration,
    network: nn.Module,
    others: F64 | None = None,
) -> TrustEntry:
    """Fit all of it and write it beside a run.

    Args:
        folder: The run.
        crops: The cells of known people.
        p: (N,) probability of blast, out of fold.
        features: (N, C) of the final network.
        calibration: Of the run.
        network: The final one.
        others: (L, C) of the final network, of cells of unknown people.
    """
    outliers, arrays = fit_outliers(features, crops.labels, crops.people, others)
    activation = class_activation(network)
    kept = {k: v.astype(np.float32) for k, v in {**arrays, **activation}.items()}
    np.savez(folder / ARRAYS_NAME, allow_pickle=False, **kept)
    entry = TrustEntry(
        arrays=ARRAYS_NAME,
        arrays_sha256=hashlib.sha256((folder / ARRAYS_NAME).read_bytes()).hexdigest(),
        class_activation=bool(activation),
        conformal=conformal(p, crops.labels, crops.people),
        blank=blank(calibration),
        outliers=outliers,
    )
    (folder / TRUST_NAME).write_text(as_toml(entry), encoding="utf-8")
    return entry
