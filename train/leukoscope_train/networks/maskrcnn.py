"""Mask R-CNN on the same masks, as the field's usual learned comparison.

    python -m leukoscope_train.networks.maskrcnn DATA --out M.pt --onnx M.onnx

torchvision's Mask R-CNN over a MobileNetV3-small backbone without downloaded weights,
on the small inputs of the U-Net. It knows one class of object, the whole white cell,
and one of nuclei. It is evaluated beside the others and is not meant for the device.

Source: He et al., Mask R-CNN, arXiv 1703.06870.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v3_small
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import MultiScaleRoIAlign

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.inference import NUCLEUS
from leukoscope_train.data import (
    MaskedImage,
    draw_windows,
    held_out_images,
    training_images,
)

WHITE_CELL, CELL_NUCLEUS = 1, 2
"""Classes of objects; 0 is background."""
SIDE_PX = 128
BATCH = 4
LEARNING_RATE = 3e-4
MIN_AREA_PX = 60
"""A smaller part of a mask is the rim of a cell that the window cut off."""
MIN_SCORE = 0.5
N_FEATURES = 24
"""Channels of the backbone's layer at an eighth of the scale."""

Target = dict[str, Tensor]


def build() -> MaskRCNN:
    """Return an untrained network for two classes of objects."""
    backbone: Any = nn.Sequential(*list(mobilenet_v3_small(weights=None).features)[:4])
    backbone.out_channels = N_FEATURES
    return MaskRCNN(
        backbone,
        num_classes=3,
        min_size=SIDE_PX,
        max_size=512,
        rpn_anchor_generator=AnchorGenerator(((24, 48, 96),), ((0.7, 1.0, 1.4),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 7, 2),
        mask_roi_pool=MultiScaleRoIAlign(["0"], 14, 2),
        rpn_pre_nms_top_n_train=300,
        rpn_post_nms_top_n_train=100,
        box_batch_size_per_image=64,
        box_detections_per_img=20,
    )


def target_of(classes: U8) -> Target:
    """Return the objects of a mask: connected cells, and the nuclei inside them.

    Args:
        classes: (H, W) uint8, 0 background, CELL or NUCLEUS.
    """
    boxes, labels, masks = [], [], []
    n_cells, cells = cv2.connectedComponents((classes > 0).astype(np.uint8))
    for cell in range(1, n_cells):
        own = cells == cell
        for label, mask in (
            (WHITE_CELL, own),
            (CELL_NUCLEUS, own & (classes == NUCLEUS)),
        ):
            if mask.sum() < MIN_AREA_PX:
                continue
            x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
            boxes.append((x, y, x + w, y + h))
            labels.append(label)
            masks.append(mask.astype(np.uint8))
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "masks": torch.from_numpy(np.array(masks, np.uint8)).reshape(
            -1, *classes.shape
        ),
    }


def fit(images: list[MaskedImage], budget_s: float, seed: int = 0) -> MaskRCNN:
    """Train with AdamW until the time is spent.

    Args:
        images: To learn from.
        budget_s: Seconds of wall time.
        seed: Of the weights and the windows.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = build()
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE)
    network.train()
    start, step = time.monotonic(), 0
    while time.monotonic() - start < budget_s:
        windows = draw_windows(images, BATCH, SIDE_PX, random)
        losses = network(
            [_tensor(w.pixels) for w in windows],
            [target_of(w.classes) for w in windows],
        )
        loss = torch.stack(list(losses.values())).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 50 == 0:
            _say(f"step {step}: loss {loss.item():.3f}")
        step += 1
    _say(f"{step} steps of {BATCH} windows in {time.monotonic() - start:.0f} s")
    return network.eval()


def masks_of(network: MaskRCNN, pixels: U8) -> tuple[BoolArray, BoolArray]:
    """Return (H, W) bool nuclei and whole cells that a network finds."""
    with torch.no_grad():
        (found,) = network([_tensor(pixels)])
    sure = found["scores"] >= MIN_SCORE
    masks = (found["masks"][sure, 0] > 0.5).numpy()
    labels = found["labels"][sure].numpy()
    nuclei = masks[labels == CELL_NUCLEUS].any(axis=0)
    return nuclei, masks[labels == WHITE_CELL].any(axis=0) | nuclei


def dice_of(network: MaskRCNN, images: list[MaskedImage]) -> tuple[float, float]:
    """Return the mean Dice of nuclei and of whole cells over images."""
    scores = []
    for image in images:
        nuclei, cells = masks_of(network, image.pixels)
        true_nuclei, true_cells = image.classes == NUCLEUS, image.classes > 0
        scores.append((_dice(nuclei, true_nuclei), _dice(cells, true_cells)))
    nucleus, cell = np.mean(scores, axis=0)
    return float(nucleus), float(cell)


def _dice(a: BoolArray, b: BoolArray) -> float:
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def export_onnx(network: MaskRCNN, path: Path) -> None:
    """Write the network as ONNX for one picture of SIDE_PX x SIDE_PX."""
    example = [torch.zeros(3, SIDE_PX, SIDE_PX)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: shapes are fixed on purpose
        torch.onnx.export(
            network,
            (example,),
            path,
            input_names=["input"],
            output_names=["boxes", "labels", "scores", "masks"],
            opset_version=17,
            dynamo=False,
        )


def _tensor(pixels: U8) -> Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy()).float() / 255


def main(arguments: list[str] | None = None) -> int:
    """Train on even images, report Dice on odd ones, store and export."""
    options = _parse(arguments)
    cv2.setNumThreads(1)
    torch.set_num_threads(options.threads)
    network = fit(training_images(options.data), options.budget_s)
    torch.save(network.state_dict(), options.out)
    for name, images in held_out_images(options.data, options.every).items():
        nucleus, cell = dice_of(network, images)
        _say(f"{name}: {len(images)} images, Dice {nucleus:.3f} {cell:.3f}")
    if options.onnx:
        export_onnx(network, options.onnx)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m leukoscope_train.networks.maskrcnn"
    )
    parser.add_argument("data", type=Path, help="the folder that holds the sets")
    parser.add_argument("--out", type=Path, required=True, help="the weights, .pt")
    parser.add_argument("--onnx", type=Path, help="export here")
    parser.add_argument("--budget-s", type=float, default=1800, help="wall time")
    parser.add_argument("--every", type=int, default=1, help="test every n-th image")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
