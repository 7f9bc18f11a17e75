"""A support vector machine in the place of a head."""

import numpy as np
from tests.train.drawn_cells import draw_cells
from tests.train.tiny_plans import PLAN

from leukoscope_train.evaluation import metrics
from leukoscope_train.fit import features, margins
from leukoscope_train.heads.svm import fit_svm_head
from leukoscope_train.networks import Pooled, make_network
from leukoscope_train.sampling import kept_crops


def test_the_hybrid_judges_by_its_support_vectors() -> None:
    crops = draw_cells()
    network = make_network("alexnet-tiny")
    assert isinstance(network, Pooled)
    seen = features(network, kept_crops(crops, PLAN))
    fit_svm_head(network, seen, crops, PLAN)
    found = margins(network, kept_crops(crops, PLAN))
    weight = network.head.weight.detach().double().numpy()
    bias = network.head.bias.detach().double().numpy()
    assert np.allclose(found, seen @ weight[1] + bias[1], atol=1e-4)
    assert metrics.auroc(crops.labels, found) > 0.8
