"""Mask R-CNN learns masks of cells."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from leukoscope_edge.inference import CELL, NUCLEUS, CpuSession
from leukoscope_train.data import CELL_NUCLEUS, WHITE_CELL, MaskedImage
from leukoscope_train.errors import DataError


def test_a_mask_becomes_its_objects() -> None:
    from leukoscope_train.networks import maskrcnn  # with torchvision: a second

    classes = np.zeros((64, 64), np.uint8)
    classes[10:30, 10:30] = CELL
    classes[14:24, 14:24] = NUCLEUS
    classes[50:53, 50:53] = CELL  # the rim of a cell that the window cut off
    target = maskrcnn.target_of(classes)
    assert target["labels"].tolist() == [WHITE_CELL, CELL_NUCLEUS]
    assert target["boxes"].tolist() == [[10, 10, 30, 30], [14, 14, 24, 24]]
    assert target["masks"].sum(dim=(1, 2)).tolist() == [400, 100]
    empty = maskrcnn.target_of(np.zeros((64, 64), np.uint8))
    assert empty["boxes"].shape == (0, 4)


def test_mask_rcnn_takes_a_step_and_finds_masks_of_the_right_shape(
    drawn: list[MaskedImage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from leukoscope_train.networks import maskrcnn  # with torchvision: a second

    monkeypatch.setattr(maskrcnn, "BATCH", 1)
    monkeypatch.setattr(maskrcnn, "SAVED_EVERY", 1)
    whole = maskrcnn.fit(drawn, 2, tmp_path / "whole.ckpt").state_dict()
    torch.manual_seed(0)  # as `fit` does: the same weights before its first step
    before = maskrcnn.build().state_dict()
    for name in (
        "rpn.head.cls_logits.weight",
        "roi_heads.box_predictor.bbox_pred.bias",
    ):
        assert not torch.equal(before[name], whole[name])


def test_a_killed_fit_goes_on_from_its_checkpoint(
    drawn: list[MaskedImage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from leukoscope_train.networks import maskrcnn  # with torchvision: a second

    monkeypatch.setattr(maskrcnn, "BATCH", 1)
    monkeypatch.setattr(maskrcnn, "SAVED_EVERY", 1)
    clipped, steps = torch.nn.utils.clip_grad_norm_, []

    def killed(*asked: Any) -> torch.Tensor:
        steps.append(asked)
        if len(steps) == 2:
            raise KeyboardInterrupt
        return clipped(*asked)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", killed)
    checkpoint = tmp_path / "fit.ckpt"
    with pytest.raises(KeyboardInterrupt):
        maskrcnn.fit(drawn, 2, checkpoint)
    maskrcnn.fit(drawn, 2, checkpoint)
    assert len(steps) == 3  # one, one that was killed, and that one again
    assert torch.load(checkpoint, weights_only=True)["step"] == 2
    for n_steps, seed, images in ((3, 0, drawn), (2, 1, drawn), (2, 0, drawn * 2)):
        with pytest.raises(DataError, match=r"fit\.ckpt: is of another fit"):
            maskrcnn.fit(images, n_steps, checkpoint, seed)


def test_a_picture_keeps_its_size_and_its_masks_nest(drawn: list[MaskedImage]) -> None:
    from leukoscope_train.networks import maskrcnn  # with torchvision: a second

    torch.manual_seed(0)
    network = maskrcnn.build().eval()
    seen = []
    network.backbone.register_forward_pre_hook(lambda _, x: seen.append(x[0].shape))
    small = drawn[0].pixels[:90, :70]
    nuclei, cells = maskrcnn.masks_of(network, small)
    assert seen[0][-2:] == (96, 96)  # filled up to a whole 32, never resized
    assert nuclei.shape == cells.shape == (90, 70)
    assert not (nuclei & ~cells).any()


@pytest.mark.slow
def test_its_file_takes_pictures_of_any_size(tmp_path: Path) -> None:
    from leukoscope_train.networks import maskrcnn  # with torchvision: a second

    torch.manual_seed(0)
    maskrcnn.export_onnx(maskrcnn.build().eval(), tmp_path / "m.onnx")
    session = CpuSession((tmp_path / "m.onnx").read_bytes(), n_threads=1).runtime
    for height, width in ((96, 96), (70, 130)):
        picture = np.full((3, height, width), 0.5, np.float32)
        boxes, labels, scores, masks = session.run(None, {"input": picture})
        assert len(boxes) == len(labels) == len(scores) == len(masks)
        assert masks.shape[2:] == (height, width)
