"""In which order, and by which chances, cells are drawn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.train.drawn_cells import draw_cells
from tests.train.tiny_plans import KIND_FIRST, PLAN, draw_kinds

from leukoscope_train.data import concatenate
from leukoscope_train.distributed import HERE, Machine
from leukoscope_train.sampling import OTHER_KIND, batches, draw_weights, labels_for


def test_both_classes_and_all_people_are_drawn_alike() -> None:
    crops = draw_cells(8, 6)
    unequal = crops.pick(np.r_[0:48, 0:1, 0:1])
    weights = draw_weights(unequal, PLAN)
    assert weights.sum() == pytest.approx(1)
    assert weights[unequal.labels == 1].sum() == pytest.approx(0.5)


def test_unknown_people_get_their_share_of_a_class() -> None:
    crops = draw_cells(8, 6)
    extra = replace(
        crops.pick(crops.labels == 0),
        people=np.full(24, ""),
        sources=np.full(24, "other"),
    )
    both = concatenate([crops, extra])
    weights = draw_weights(both, PLAN)
    assert weights[both.people == ""].sum() == pytest.approx(0.5 * 0.4)


def test_workers_change_nothing() -> None:
    crops = draw_cells()
    alone = list(batches(crops, PLAN, HERE))
    helped = list(batches(crops, PLAN, Machine(device=HERE.device, n_workers=1)))
    for (pixels, labels), (same_pixels, same_labels) in zip(alone, helped, strict=True):
        assert torch.equal(pixels, same_pixels)
        assert torch.equal(labels, same_labels)


def test_a_resumed_fit_draws_what_was_left() -> None:
    crops = draw_cells()
    whole = list(batches(crops, PLAN, HERE))
    rest = list(batches(crops, PLAN, HERE, start=1))
    assert len(rest) == PLAN.n_batches == len(whole) - len(rest)
    for (pixels, labels), (same_pixels, same_labels) in zip(
        whole[PLAN.n_batches :], rest, strict=True
    ):
        assert torch.equal(pixels, same_pixels)
        assert torch.equal(labels, same_labels)


def test_processes_share_every_batch() -> None:
    crops = draw_cells()
    whole = [labels for _, labels in batches(crops, PLAN, HERE)]
    parts = [
        [labels for _, labels in batches(crops, PLAN, machine)]
        for machine in (
            Machine(device=HERE.device, rank=0, n_ranks=2),
            Machine(device=HERE.device, rank=1, n_ranks=2),
        )
    ]
    for labels, even, odd in zip(whole, *parts, strict=True):
        assert torch.equal(labels[::2], even)
        assert torch.equal(labels[1::2], odd)


def test_kinds_are_a_class_of_their_own_where_they_are_asked_first() -> None:
    both = draw_kinds()
    labels = labels_for(both, KIND_FIRST)
    weights = draw_weights(both, KIND_FIRST)
    for label in (0, 1, OTHER_KIND):
        assert weights[labels == label].sum() == pytest.approx(1 / 3)
    assert set(labels_for(both, PLAN)) == {0, 1}
