"""Mask R-CNN learns masks of cells."""

import numpy as np
import pytest
import torch

from leukoscope_edge.inference import CELL, NUCLEUS
from leukoscope_train.data import MaskedImage


def test_a_mask_becomes_its_objects() -> None:
    from leukoscope_train.networks import maskrcnn  # with torchvision: a second

    classes = np.zeros((64, 64), np.uint8)
    classes[10:30, 10:30] = CELL
    classes[14:24, 14:24] = NUCLEUS
    classes[50:53, 50:53] = CELL  # the rim of a cell that the window cut off
    target = maskrcnn.target_of(classes)
    assert target["labels"].tolist() == [maskrcnn.WHITE_CELL, maskrcnn.CELL_NUCLEUS]
    assert target["boxes"].tolist() == [[10, 10, 30, 30], [14, 14, 24, 24]]
    assert target["masks"].sum(dim=(1, 2)).tolist() == [400, 100]
    empty = maskrcnn.target_of(np.zeros((64, 64), np.uint8))
    assert empty["boxes"].shape == (0, 4)


def test_mask_rcnn_takes_a_step_and_finds_masks_of_the_right_shape(
    drawn: list[MaskedImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    from leukoscope_train.networks import maskrcnn  # with torchvision: a second

    monkeypatch.setattr(maskrcnn, "BATCH", 1)
    network = maskrcnn.fit(drawn, budget_s=0.01)
    torch.manual_seed(0)  # as `fit` does: the same weights before its first step
    before = maskrcnn.build().state_dict()
    after = network.state_dict()
    for name in (
        "rpn.head.cls_logits.weight",
        "roi_heads.box_predictor.bbox_pred.bias",
    ):
        assert not torch.equal(before[name], after[name])
    nuclei, cells = maskrcnn.masks_of(network, drawn[0].pixels)
    assert nuclei.shape == cells.shape == drawn[0].classes.shape
    assert not (nuclei & ~cells).any()
