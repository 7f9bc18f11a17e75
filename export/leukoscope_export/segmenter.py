"""From a trained U-Net to an int8 ONNX file with its card.

python -m leukoscope_export.segmenter WEIGHTS DATA --out FOLDER
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from leukoscope_edge.arrays import F32
from leukoscope_edge.durable import sha256_of
from leukoscope_edge.inference import (
    CARD_NAME,
    INPUT_NAME,
    INPUT_UM_PER_PX,
    LOGITS_NAME,
)
from leukoscope_export.graphs import OPSET
from leukoscope_train.data import training_images, window
from leukoscope_train.networks import WINDOW_PX, UNet

N_CALIBRATION = 96
"""Windows of training images whose activations set the int8 ranges."""
MODEL_NAME = "model.cpu.onnx"
CARD = """\
id = "unet-nuclei-1"
scale_um_per_px = {scale}
data = "even images of wbc-fields, wbc-crops-120 and wbc-crops-300; odd ones test"
command = "python -m leukoscope_train.networks.unet DATA --out unet.pt --steps 3600"
limits = [
  "draws masks only; thresholds tell smudges and dirt apart",
  "trained on Romanowsky and rapid stains of three sets",
  "passes over pale nuclei of other stains; thresholds add what it leaves out",
]

[model]
name = "{name}"
sha256 = "{sha256}"
"""


class _Windows(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, data: Path) -> None:
        random = np.random.default_rng(1)
        images = training_images(data)
        chosen = random.integers(len(images), size=N_CALIBRATION)
        self._inputs: Iterator[dict[str, F32]] = (
            {
                INPUT_NAME: window(images[i], WINDOW_PX, random)
                .pixels.transpose(2, 0, 1)[None]
                .astype(np.float32)
            }
            for i in chosen
        )

    def get_next(self) -> dict[str, F32] | None:
        return next(self._inputs, None)


def export_unet(weights: Path, path: Path) -> None:
    """Write a trained U-Net as fp32 ONNX for pictures of any multiple of 16.

    Args:
        weights: The state that training stored.
        path: Where to write.
    """
    network = UNet()
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    sides = {axis: 16 * torch.export.Dim(f"n{axis}", min=2, max=256) for axis in (2, 3)}
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, 128, 160),),
        path,
        input_names=[INPUT_NAME],
        output_names=[LOGITS_NAME],
        dynamic_shapes=(sides,),
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def make_segmenter(weights: Path, data: Path, folder: Path) -> Path:
    """Quantise a U-Net and write it with its card; return the model file.

    Args:
        weights: The state that training stored.
        data: The folder that holds the training sets.
        folder: Where model and card go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    int8 = folder / MODEL_NAME
    with TemporaryDirectory() as aside:
        fp32 = Path(aside) / "fp32.onnx"
        export_unet(weights, fp32)
        quantize_static(
            fp32,
            int8,
            _Windows(data),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            calibrate_method=CalibrationMethod.MinMax,
        )
    onnx.checker.check_model(onnx.load(int8))
    card = CARD.format(
        scale=INPUT_UM_PER_PX,
        name=MODEL_NAME,
        sha256=sha256_of(int8),
    )
    (folder / CARD_NAME).write_text(card, encoding="utf-8")
    return int8


def main(arguments: list[str] | None = None) -> int:
    """Make a segmenter's folder and say how large its model is."""
    parser = argparse.ArgumentParser(prog="python -m leukoscope_export.segmenter")
    parser.add_argument("weights", type=Path)
    parser.add_argument("data", type=Path, help="the folder that holds the sets")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    model = make_segmenter(options.weights, options.data, options.out)
    print(f"{model}: {model.stat().st_size} bytes")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
