"""Heads fitted to known features."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.train.drawn_cells import draw_cells
from tests.train.tiny_plans import HEADS_ALONE, PLAN, draw_kinds
from torch import nn

from leukoscope_edge.arrays import F64, U8
from leukoscope_train.evaluation import metrics
from leukoscope_train.fit import features, margins
from leukoscope_train.heads.linear_heads import fit_heads, known_features
from leukoscope_train.networks import Architecture, Pooled, make_network
from leukoscope_train.sampling import kept_crops


def test_a_head_can_be_held_back_where_healthy_people_differ() -> None:
    crops = draw_cells(12, 20)
    random = np.random.default_rng(0)
    seen = random.normal(0, 1, (len(crops), 4))
    seen[:, 0] += crops.labels  # what tells blasts
    own = {name: random.normal(0, 3) for name in np.unique(crops.people)}
    seen[:, 1] += crops.labels + [own[name] for name in crops.people]  # and people
    slopes = []
    for strength in (0.0, 100.0):
        network = Pooled(nn.Identity(), 4)
        plan = replace(HEADS_ALONE, people_alike=strength, heads_c=1.0)
        fit_heads(network, seen, crops, plan)
        slopes.append(network.head.weight[1].detach().abs())
    free, held = slopes
    assert held[1] / held[0] < free[1] / free[0] / 2
    with pytest.raises(ValueError, match="people_alike"):
        replace(HEADS_ALONE, people_alike=-1.0)


@pytest.mark.parametrize("architecture", ["alexnet-tiny", "alexnet-kind-first"])
def test_heads_alone_are_fitted_to_the_features_of_the_start(
    architecture: Architecture,
) -> None:
    both, plan = draw_kinds(), replace(HEADS_ALONE, architecture=architecture)
    torch.manual_seed(1)
    start = make_network(architecture)
    assert isinstance(start, Pooled)
    seen = features(start, kept_crops(both, plan))
    fit_heads(start, seen, both, plan)
    margin = margins(start, kept_crops(both, plan))
    lymphoid = both.lymphoid
    found = metrics.auroc(both.labels[lymphoid], margin[lymphoid])
    assert found > 0.7  # of features by chance
    assert margin[~lymphoid].mean() < margin[both.labels == 1].mean()


def test_no_cell_is_looked_at_twice() -> None:
    network, shown = make_network("alexnet-tiny"), kept_crops(draw_cells(), PLAN)
    assert isinstance(network, Pooled)
    looked: list[int] = []

    def look(network: nn.Module, pixels: U8) -> F64:
        looked.append(len(pixels))
        return features(network, pixels)

    first = known_features(network, shown[:30], look)
    again = known_features(network, shown, look)
    assert looked == [30, len(shown) - 30]
    assert np.array_equal(again[:30], first)
    other = make_network("alexnet-tiny")
    assert isinstance(other, Pooled)
    known_features(other, shown[:5], look)
    assert looked[-1] == 5


def test_a_feature_that_hardly_varies_gets_no_steep_slope() -> None:
    crops, network = draw_cells(), make_network("alexnet-tiny")
    assert isinstance(network, Pooled)
    seen = np.random.default_rng(0).normal(0, 1, (len(crops), 32))
    seen[:, 0] = 1e-4 * (crops.labels + seen[:, 0])
    fit_heads(network, seen, crops, PLAN)
    assert network.head.weight[1].abs().max() < 1
