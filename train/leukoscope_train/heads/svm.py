"""The hybrid network's judge: a linear SVM on its pooled features."""

import numpy as np
import torch

from leukoscope_edge.arrays import F64
from leukoscope_train.data import CropSet
from leukoscope_train.networks import Pooled, set_svm_head
from leukoscope_train.plan import FitPlan
from leukoscope_train.sampling import draw_weights

SVM_COST = 0.01
"""Of standardised features: strongly regularised, since there are more features than
people; fixed beforehand, not chosen on results."""


def fit_svm_head(network: Pooled, features: F64, crops: CropSet, plan: FitPlan) -> None:
    """Replace the network's head by an SVM, each cell weighed as it is drawn.

    Args:
        network: Fitted with its own head.
        features: (N, C) what its head sees of the crops.
        crops: The cells it was fitted to.
        plan: What it was fitted by.
    """
    from sklearn.svm import LinearSVC

    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    weights = draw_weights(crops, plan) * len(crops)
    judge = LinearSVC(C=SVM_COST, random_state=plan.seed, max_iter=20_000)
    judge.fit((features - mean) / spread, crops.labels, sample_weight=weights)
    slope = judge.coef_[0] / spread
    bias = float(judge.intercept_[0] - slope @ mean)
    device = network.head.weight.device
    slopes = torch.from_numpy(slope.astype(np.float32)).to(device)
    set_svm_head(network, slopes, bias)
