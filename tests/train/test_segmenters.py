"""The networks that learn to segment: a few steps on a drawn slide teach something."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.inference.segmenter import CELL, NUCLEUS
from leukoscope_train.data.cells import DataError
from leukoscope_train.data.masked_images import (
    SET_UM_PER_PX,
    MaskedImage,
    training_images,
    window,
)
from leukoscope_train.networks import maskrcnn, unet


@pytest.fixture(scope="module")
def drawn() -> list[MaskedImage]:
    """Three frames of the simulated slide at the network's scale."""
    with parse_simulated("simulated:seed=1,cells=30") as camera:
        return [_masked(camera, number) for number in (40, 80, 120)]


def _masked(camera: object, number: int) -> MaskedImage:
    nuclei, cells = camera.labels(number)  # type: ignore[attr-defined]
    classes = np.where(nuclei > 0, NUCLEUS, np.where(cells > 0, CELL, 0))
    pixels = camera.render(number)  # type: ignore[attr-defined]
    half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
    return MaskedImage(
        cv2.resize(pixels, half, interpolation=cv2.INTER_AREA),
        cv2.resize(classes.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST),
    )


def test_a_window_keeps_its_classes_beside_its_pixels(drawn: list[MaskedImage]) -> None:
    random = np.random.default_rng(0)
    darker = []
    for _ in range(10):
        cut = window(drawn[0], 96, random)
        assert cut.pixels.shape == (96, 96, 3)
        assert set(np.unique(cut.classes)) <= {0, CELL, NUCLEUS}
        green = cut.pixels[..., 1]
        if {0, NUCLEUS} <= set(np.unique(cut.classes)):
            nucleus, rest = green[cut.classes == NUCLEUS], green[cut.classes == 0]
            darker.append(float(nucleus.mean()) < float(rest.mean()))
    assert darker
    assert all(darker)


def test_a_few_steps_teach_the_unet_something(
    drawn: list[MaskedImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unet, "BATCH", 2)
    monkeypatch.setattr(unet, "WINDOW_PX", 64)
    untrained, trained = unet.fit(drawn, 2), unet.fit(drawn, 30)
    assert _loss(trained, drawn) < 0.8 * _loss(untrained, drawn)


def _loss(network: unet.UNet, images: list[MaskedImage]) -> float:
    height, width = (side // 16 * 16 for side in images[0].classes.shape)
    pixels = np.stack([i.pixels[:height, :width] for i in images])
    classes = np.stack([i.classes[:height, :width] for i in images])
    batch = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float()
    with torch.no_grad():
        logits = network(batch)
    return float(unet.loss_of(logits, torch.from_numpy(classes).long()))


def test_the_unet_trains_the_same_weights_from_the_same_seed(
    drawn: list[MaskedImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unet, "BATCH", 2)
    monkeypatch.setattr(unet, "WINDOW_PX", 32)
    first, second = (unet.fit(drawn, 2).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_mask_becomes_its_objects() -> None:
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


def test_sets_are_read_at_one_scale_and_a_broken_mask_is_named(tmp_path: Path) -> None:
    for name in SET_UM_PER_PX:
        for folder in ("images", "masks"):
            (tmp_path / name / folder).mkdir(parents=True)
        pink = np.full((60, 80, 3), (200, 180, 220), np.uint8)
        cv2.imwrite(str(tmp_path / name / "images" / "1.png"), pink)
        cv2.imwrite(str(tmp_path / name / "masks" / "1.png"), pink[..., 0])
    images = training_images(tmp_path)
    assert len(images) == 5  # one of each set, that of the smallest set three times
    assert images[1].classes.shape == (60, 80)  # wbc-crops-120 has the network's scale
    (tmp_path / "wbc-fields" / "masks" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"masks/1\.png"):
        training_images(tmp_path)
