"""Heads by logistic regression on the features that a network starts with.

With few people a head on good features judges strangers better than a network whose
features were bent to those people, and it costs one look at every cell. Fitted before
the passes it is also the better start for them.

Source: Kumar et al. 2022 (linear probing, then fine-tuning).
"""

import hashlib
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from leukoscope_edge.arrays import F64, U8, BoolArray
from leukoscope_train.data import BLAST, NORMAL, CropSet
from leukoscope_train.errors import DataError
from leukoscope_train.networks import KindFirst, Pooled, set_svm_head
from leukoscope_train.plan import FitPlan
from leukoscope_train.sampling import OTHER_KIND, draw_weights, labels_for

MAX_STEPS = 500


@torch.no_grad()
def fit_heads(network: Pooled, features: F64, crops: CropSet, plan: FitPlan) -> None:
    """Replace a network's heads by logistic regressions, cells weighed as drawn.

    Args:
        network: Whose heads they become.
        features: (N, C) what its heads see of the crops.
        crops: The cells.
        plan: How they are drawn.

    Raises:
        DataError: Only one answer to a question is among the cells.
    """
    labels, weights = labels_for(crops, plan), draw_weights(crops, plan) * len(crops)
    lymphoid = labels != OTHER_KIND
    slope, bias = _logistic(
        features[lymphoid],
        labels[lymphoid] == BLAST,
        weights[lymphoid],
        plan,
        crops.pick(lymphoid),
    )
    set_svm_head(network, torch.from_numpy(slope.astype(np.float32)), bias)
    if isinstance(network, KindFirst):
        slope, bias = _logistic(features, ~lymphoid, weights, plan)
        network.other_kind.weight.copy_(torch.from_numpy(slope)[None])
        network.other_kind.bias.fill_(bias)


_KNOWN: dict[bytes, F64] = {}


def known_features(
    network: Pooled, pixels: U8, look: Callable[[nn.Module, U8], F64]
) -> F64:
    """Return (N, C) features, of which none is computed twice in a process.

    The folds of a run share their cells and, where only heads are learned, what the
    network sees in them.

    Args:
        network: Its features' weights, and the pixels, are what is remembered by.
        pixels: (N, side, side, 3) uint8 RGB.
        look: Computes the features of crops.
    """
    weights = hashlib.sha256()
    for value in network.features.state_dict().values():
        weights.update(value.cpu().numpy().tobytes())
    keys = [hashlib.sha256(weights.digest() + p.tobytes()).digest() for p in pixels]
    new = [i for i, key in enumerate(keys) if key not in _KNOWN]
    if new:
        found = look(network, pixels[new])
        _KNOWN.update(zip((keys[i] for i in new), found, strict=True))
    return np.stack([_KNOWN[key] for key in keys])


def _logistic(
    features: F64,
    truth: BoolArray,
    weights: F64,
    plan: FitPlan,
    crops: CropSet | None = None,
) -> tuple[F64, float]:
    """Return the slopes (C,) and the bias of a logistic regression.

    With `crops` the directions in which healthy people differ are held back, as the
    plan says: shrunk before the fit, so that the penalty lets them count for less.

    Features are standardised, but none by less than the median spread: a feature that
    hardly varies would get a slope so steep that int8's rounding decides (measured: it
    cost 0.21 of weighted F1, the median nothing).

    Raises:
        DataError: Only one class is present.
    """
    from sklearn.linear_model import LogisticRegression

    if truth.all() or not truth.any():
        raise DataError("the heads need cells of both answers")
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.maximum(spread, np.median(spread)) + 1e-6
    standard = (features - mean) / spread
    shrink = None
    if crops is not None and plan.people_alike:
        shrink = _where_people_are_alike(standard, crops, plan.people_alike)
        standard = standard @ shrink
    judge = LogisticRegression(C=plan.heads_c, max_iter=MAX_STEPS)
    judge.fit(standard, truth, sample_weight=weights)
    own = judge.coef_[0] if shrink is None else shrink @ judge.coef_[0]
    slope = own / spread
    return slope, float(judge.intercept_[0] - slope @ mean)


def _where_people_are_alike(standard: F64, crops: CropSet, strength: float) -> F64:
    """Return (C, C), symmetric: shrinks the directions in which healthy people differ.

    Along a direction in which their means have the variance v features are divided by
    the root of 1 + strength * v.

    Source: after Hatch et al. 2006 (within-class covariance normalisation), by which
    voices are told apart whatever the telephone.

    Args:
        standard: (N, C) standardised features.
        crops: The N cells.
        strength: Above 0.
    """
    healthy = (crops.labels == NORMAL) & (crops.people != "")
    names = np.unique(crops.people[healthy])
    means = np.stack(
        [standard[healthy & (crops.people == n)].mean(axis=0) for n in names]
    )
    apart = (means - means.mean(axis=0)) / np.sqrt(len(names))
    _, deviation, directions = np.linalg.svd(apart, full_matrices=False)
    less = 1 / np.sqrt(1 + strength * deviation**2) - 1
    shrink = np.eye(standard.shape[1]) + (directions.T * less) @ directions
    return np.asarray(shrink, np.float64)
