"""Mask R-CNN on the same masks, as the field's usual learned comparison.

    python -m leukoscope_train.networks.maskrcnn DATA --out M.pt --onnx M.onnx

torchvision's Mask R-CNN over a MobileNetV3-small with a feature pyramid, without
downloaded weights, on windows of the U-Net's images. It knows one class of object, the
whole white cell, and one of nuclei. It is evaluated beside the others and is not meant
for the device.

Sources: He et al., Mask R-CNN, arXiv 1703.06870; Lin et al., Feature pyramid networks,
arXiv 1612.03144; Wu and He, Group normalization, arXiv 1803.08494.
"""

import argparse
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v3_small
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign

from leukoscope_edge.arrays import U8, BoolArray
from leukoscope_edge.inference import NUCLEUS
from leukoscope_train.arguments import whole
from leukoscope_train.data import (
    CELL_NUCLEUS,
    MIN_SCORE,
    WHITE_CELL,
    MaskedImage,
    draw_windows,
    held_out_images,
    training_images,
)
from leukoscope_train.errors import DataError

SIDE_PX = 160
BATCH = 4
LEARNING_RATE = 1e-3
MAX_GRADIENT = 5.0
MIN_AREA_PX = 60
"""A smaller part of a mask is the rim of a cell that the window cut off."""
LEVELS = {"1": "4", "3": "8", "8": "16"}
"""Layers of MobileNetV3-small, and by how much each is coarser than the picture."""
LEVEL_CHANNELS = [16, 24, 48]
N_FEATURES = 64
N_HIDDEN = 256
ANCHORS_PX = ((16,), (32,), (64,), (112,))
"""From the nucleus of a small lymphocyte to a large cell, a level each."""
N_CLASSES = 3
SAVED_EVERY = 200
"""Steps."""

Target = dict[str, Tensor]


class _Unscaled(GeneralizedRCNNTransform):  # type: ignore[misc]
    """Normalises pictures and fills them up, and leaves a pixel what it measures."""

    def resize(
        self, image: Tensor, target: Target | None = None
    ) -> tuple[Tensor, Target | None]:
        return image, target


def build() -> MaskRCNN:
    """Return an untrained network for two classes of objects.

    Groups of channels are normalised, for statistics of four windows are too coarse.
    """
    norm = partial(nn.GroupNorm, 8)
    layers = mobilenet_v3_small(weights=None, norm_layer=norm).features
    coarser = list(LEVELS.values())
    network = MaskRCNN(
        BackboneWithFPN(layers, LEVELS, LEVEL_CHANNELS, N_FEATURES),
        rpn_anchor_generator=AnchorGenerator(
            ANCHORS_PX, ((0.7, 1.0, 1.4),) * len(ANCHORS_PX)
        ),
        box_roi_pool=MultiScaleRoIAlign(coarser, 7, 2),
        box_head=TwoMLPHead(N_FEATURES * 7 * 7, N_HIDDEN),
        box_predictor=FastRCNNPredictor(N_HIDDEN, N_CLASSES),
        mask_roi_pool=MultiScaleRoIAlign(coarser, 14, 2),
        mask_head=MaskRCNNHeads(N_FEATURES, (N_FEATURES,) * 3, 1),
        mask_predictor=MaskRCNNPredictor(N_FEATURES, N_FEATURES, N_CLASSES),
        rpn_pre_nms_top_n_train=300,
        rpn_post_nms_top_n_train=100,
        box_batch_size_per_image=64,
        box_detections_per_img=60,
    )
    own = network.transform
    network.transform = _Unscaled(
        own.min_size, own.max_size, own.image_mean, own.image_std
    )
    return network


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


def fit(
    images: list[MaskedImage],
    n_steps: int,
    checkpoint: Path | None = None,
    seed: int = 0,
) -> MaskRCNN:
    """Train with AdamW under one cosine of the learning rate.

    Args:
        images: To learn from.
        n_steps: Batches of BATCH windows.
        checkpoint: Where the fit is kept, and gone on with after a kill.
        seed: Of the weights and the windows.

    Raises:
        DataError: The checkpoint is of another fit.
    """
    torch.manual_seed(seed)
    network = build()
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=n_steps, pct_start=0.1
    )
    parts: dict[str, Any] = {
        "network": network,
        "optimiser": optimiser,
        "schedule": schedule,
    }
    asked = {"n_steps": n_steps, "seed": seed, "n_images": len(images)}
    first = _resume(checkpoint, parts, asked) if checkpoint else 0
    network.train()
    for step in range(first, n_steps):
        random = np.random.default_rng((seed, step))
        loss = _loss(network, draw_windows(images, BATCH, SIDE_PX, random))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT)
        optimiser.step()
        schedule.step()
        if (step + 1) % SAVED_EVERY == 0:
            _say(f"step {step + 1}: loss {loss.item():.3f}")
            if checkpoint:
                _keep(checkpoint, parts, asked | {"step": step + 1})
    return network.eval()


def _loss(network: MaskRCNN, windows: list[MaskedImage]) -> Tensor:
    losses = network(
        [_tensor(w.pixels) for w in windows], [target_of(w.classes) for w in windows]
    )
    return torch.stack(list(losses.values())).sum()


def _keep(checkpoint: Path, parts: dict[str, Any], told: dict[str, int]) -> None:
    aside = checkpoint.with_suffix(".new")
    states = {name: part.state_dict() for name, part in parts.items()}
    torch.save(states | told, aside)
    aside.replace(checkpoint)


def _resume(checkpoint: Path, parts: dict[str, Any], asked: dict[str, int]) -> int:
    """Return the step to go on with.

    Raises:
        DataError: The checkpoint is of another fit.
    """
    if not checkpoint.exists():
        return 0
    states = torch.load(checkpoint, weights_only=True)
    for name, value in asked.items():
        if states.get(name) != value:
            raise DataError(
                f"{checkpoint}: is of another fit ({name} {states.get(name)}, asked "
                f"{value}): remove it, or name another --out"
            )
    for name, part in parts.items():
        part.load_state_dict(states[name])
    return int(states["step"])


def masks_of(network: MaskRCNN, pixels: U8) -> tuple[BoolArray, BoolArray]:
    """Return (H, W) bool nuclei and whole cells that a network finds."""
    with torch.no_grad():
        (found,) = network([_tensor(pixels)])
    sure = found["scores"] >= MIN_SCORE
    masks = (found["masks"][sure, 0] > MIN_SCORE).numpy()
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
    """Write the network as ONNX, for one picture (3, H, W) of any size."""
    example = [torch.zeros(3, SIDE_PX, SIDE_PX)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: shapes are fixed on purpose
        torch.onnx.export(
            network,
            (example,),
            path,
            input_names=["input"],
            output_names=["boxes", "labels", "scores", "masks"],
            dynamic_axes={"input": {1: "height", 2: "width"}},
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
    checkpoint = options.out.with_suffix(".ckpt")
    try:
        network = fit(training_images(options.data), options.steps, checkpoint)
    except DataError as err:
        print(f"maskrcnn: {err}", file=sys.stderr)  # noqa: T201
        return 1
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
    parser.add_argument("--steps", type=whole(1), default=6000, help="batches")
    parser.add_argument(
        "--every", type=whole(1), default=1, help="test every n-th image"
    )
    parser.add_argument("--threads", type=whole(1, 256), default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
