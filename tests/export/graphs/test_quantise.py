"""From one fp32 file and real cells to both int8 files."""

from pathlib import Path

import numpy as np
import onnxruntime
from tests.export.graphs.small_networks import CROPS, kinds
from tests.export.spec import SPEC

from leukoscope_export.graphs.quantise import Files, run_onnx


def margins(model: bytes) -> np.ndarray:
    logits = run_onnx(model, CROPS, SPEC)[0]
    return logits[:, 1] - logits[:, 0]


def test_no_path_of_this_machine_is_in_a_file(files: Files) -> None:
    for model in (files.fp32, files.cpu, files.trt):
        assert b".py" not in model
        assert str(Path.cwd()).encode() not in model


def test_both_files_say_what_the_network_says(files: Files) -> None:
    original = margins(files.fp32)
    for form in (files.cpu, files.trt):
        error = np.sqrt(np.mean((margins(form) - original) ** 2))
        assert error < 0.2 * original.std() + 0.02


def test_onnx_runtime_runs_every_convolution_in_int8(
    files: Files, tmp_path: Path
) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(files.cpu, options, providers=["CPUExecutionProvider"])
    fused = kinds((tmp_path / "fused.onnx").read_bytes())
    n_convs = kinds(files.fp32)["Conv"]
    assert fused["QLinearConv"] == n_convs - 1  # all but the map's, which stays float
    assert fused["QLinearAdd"] == kinds(files.fp32)["Add"]
    assert fused["QGemm"] == kinds(files.fp32)["Gemm"]
    asks_twice = kinds(files.fp32)["Sub"] > 0
    assert fused["Relu"] == int(asks_twice)  # between the answers, in float
    assert fused["Clip"] == 0
