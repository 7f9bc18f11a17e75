"""From the fp32 file and real cells to the int8 file for the CPU."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from leukoscope_edge.inference.card import InputEntry
from leukoscope_edge.inference.engine import INPUT_NAME, prepare
from leukoscope_edge.types import F32, U8

CALIBRATION_BATCH = 16


class _Cells(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, crops: U8, spec: InputEntry) -> None:
        self._batches: Iterator[dict[str, F32]] = (
            {INPUT_NAME: prepare(crops[start : start + CALIBRATION_BATCH], spec)}
            for start in range(0, len(crops), CALIBRATION_BATCH)
        )

    def get_next(self) -> dict[str, F32] | None:
        return next(self._batches, None)


def quantise(fp32: Path, int8: Path, crops: U8, spec: InputEntry) -> None:
    """Quantise a network for ONNX Runtime's CPU kernels.

    Activations become uint8, weights int8 per channel, biases int32: the one form
    that is fast on x86 and on ARM alike.

    Args:
        fp32: The clean ONNX file.
        int8: Where to write.
        crops: (N, side, side, 3) uint8, the calibration cells.
        spec: The card's input entry.
    """
    quantize_static(
        fp32,
        int8,
        _Cells(crops, spec),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        calibrate_method=CalibrationMethod.MinMax,
    )
    model = onnx.load(int8)
    onnx.checker.check_model(model)


def run_onnx(path: Path, crops: U8, spec: InputEntry, batch: int = 32) -> F32:
    """Return (N, 2) float32 logits of crops by any ONNX file, on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    parts = [
        session.run(None, {INPUT_NAME: prepare(crops[start : start + batch], spec)})[0]
        for start in range(0, len(crops), batch)
    ]
    return np.concatenate(parts).astype(np.float32)
