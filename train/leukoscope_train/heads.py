"""Heads by logistic regression on the features that a network starts with.

With few people a head on good features judges strangers better than a network whose
features were bent to those people, and it costs one look at every cell. Fitted before
the passes it is also the better start for them.

Source: Kumar et al. 2022 (linear probing, then fine-tuning).
"""

import numpy as np
import torch
from torch import nn

from leukoscope_edge.types import F64
from leukoscope_train.cells import BLAST, CropSet, DataError
from leukoscope_train.metrics import BoolArray
from leukoscope_train.networks import KindFirst, Pooled, set_svm_head
from leukoscope_train.plan import FitPlan
from leukoscope_train.sampling import OTHER_KIND, draw_weights, labels_for

LOGISTIC_COST = 1e-3
"""Of standardised features; out of fold 1e-4 and 1e-2 give the same AUROC within
0.01."""
MAX_STEPS = 500


@torch.no_grad()
def fit_heads(network: nn.Module, features: F64, crops: CropSet, plan: FitPlan) -> None:
    """Replace a network's heads by logistic regressions, cells weighed as drawn.

    Args:
        network: With a pooled head.
        features: (N, C) what its heads see of the crops.
        crops: The cells.
        plan: How they are drawn.

    Raises:
        DataError: The network has another kind of head.
    """
    if not isinstance(network, Pooled):
        raise DataError(f"{plan.architecture} has no pooled head to begin with")
    labels, weights = labels_for(crops, plan), draw_weights(crops, plan) * len(crops)
    lymphoid = labels != OTHER_KIND
    slope, bias = _logistic(
        features[lymphoid], labels[lymphoid] == BLAST, weights[lymphoid]
    )
    set_svm_head(network, torch.from_numpy(slope.astype(np.float32)), bias)
    if isinstance(network, KindFirst):
        slope, bias = _logistic(features, ~lymphoid, weights)
        network.other_kind.weight.copy_(torch.from_numpy(slope)[None])
        network.other_kind.bias.fill_(bias)


def _logistic(features: F64, truth: BoolArray, weights: F64) -> tuple[F64, float]:
    """Return the slopes (C,) and the bias of a logistic regression.

    Raises:
        DataError: Only one class is present.
    """
    from sklearn.linear_model import LogisticRegression

    if truth.all() or not truth.any():
        raise DataError("the heads need cells of both answers")
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    judge = LogisticRegression(C=LOGISTIC_COST, max_iter=MAX_STEPS)
    judge.fit((features - mean) / spread, truth, sample_weight=weights)
    slope = judge.coef_[0] / spread
    return slope, float(judge.intercept_[0] - slope @ mean)
