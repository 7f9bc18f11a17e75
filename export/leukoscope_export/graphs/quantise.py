"""From the fp32 file and real cells to both int8 files."""

from dataclasses import dataclass, replace

import numpy as np
import onnx

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference import (
    INPUT_NAME,
    LOG_NOTHING,
    InputEntry,
    onnx_policy,
    prepare,
    session_entries,
)
from leukoscope_export.graphs.emit import emit_cpu, emit_trt
from leukoscope_export.graphs.graph_rules import refuse_broken
from leukoscope_export.graphs.half import emit_half
from leukoscope_export.graphs.scales import Method, Scales, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """One network as three or four ONNX files, and the table that joins them.

    Attributes:
        fp32: The clean file.
        cpu: int8 for ONNX Runtime.
        trt: int8 for TensorRT.
        scales: The table.
        fp16: In half precision for TensorRT on a GPU without int8; None where the
            release does not ask for it.
    """

    fp32: bytes
    cpu: bytes
    trt: bytes
    scales: Scales
    fp16: bytes | None = None


def quantise_graph(
    fp32: bytes,
    crops: U8,
    spec: InputEntry,
    method: Method = "minmax",
    float_first: int = 0,
) -> Files:
    """Quantise a network for both runtimes from one scale table.

    Args:
        fp32: The clean ONNX file.
        crops: (N, side, side, 3) uint8 RGB, the calibration cells.
        spec: The card's input entry.
        method: How ranges are chosen.
        float_first: Convolutions that the file for TensorRT keeps in float.

    Raises:
        DataError: A file has not the form that its runtime needs.
        BundleError: The device would not admit it.
    """
    return emit(fp32, measure(fp32, crops, spec, method), float_first)


def emit(fp32: bytes, scales: Scales, float_first: int = 0) -> Files:
    """Write both int8 files by a scale table; raises as `quantise_graph`."""
    model = onnx.load_from_string(fp32)
    trt, cpu = emit_trt(model, scales, float_first), emit_cpu(model, scales)
    refuse_broken(trt, cpu)
    files = Files(
        fp32=fp32,
        cpu=cpu.SerializeToString(),
        trt=trt.SerializeToString(),
        scales=scales,
    )
    onnx_policy.check(files.cpu, where="model.cpu.onnx")
    onnx_policy.check(files.trt, where="model.trt.onnx")
    return files


def with_half(files: Files) -> Files:
    """Add the file in half precision.

    Raises:
        DataError: A weight does not fit into half precision.
        BundleError: The device would not admit it.
    """
    half = emit_half(onnx.load_from_string(files.fp32)).SerializeToString()
    onnx_policy.check(half, where="model.fp16.onnx")
    return replace(files, fp16=half)


def run_onnx(
    model: bytes,
    crops: U8,
    spec: InputEntry,
    batch: int = 32,
) -> list[F32]:
    """Return every output of an ONNX file for crops, on the CPU; logits first.

    Args:
        model: The file.
        crops: (N, side, side, 3) uint8 RGB.
        spec: The card's input entry.
        batch: Crops a run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    for name, value in session_entries().items():
        options.add_session_config_entry(name, value)
    options.log_severity_level = LOG_NOTHING
    session = onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )
    parts = [
        session.run(None, {INPUT_NAME: prepare(crops[start : start + batch], spec)})
        for start in range(0, len(crops), batch)
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
