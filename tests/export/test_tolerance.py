"""How far a stored answer may move on another machine: measured, with floors."""

import numpy as np
import pytest
from tests.export.graphs.small_networks import CROPS, network_of
from tests.export.spec import SIDE_PX, SPEC

from leukoscope_export.graphs import onnx_bytes, quantise_graph, run_onnx, with_half
from leukoscope_export.tolerance import FLOOR, GPU_FLOOR, cpu_tolerance, gpu_tolerance


def test_tolerances_are_measured_and_have_floors() -> None:
    fp32 = onnx_bytes(network_of("alexnet-tiny"), SIDE_PX)
    files = with_half(quantise_graph(fp32, CROPS, SPEC))
    answers = run_onnx(files.cpu, CROPS, SPEC)[0]
    assert cpu_tolerance(files, CROPS, SPEC, answers) >= FLOOR
    assert gpu_tolerance(files, CROPS, SPEC, answers) >= GPU_FLOOR
    moved = answers + np.float32(0.25)
    assert cpu_tolerance(files, CROPS, SPEC, moved) == pytest.approx(1.0, rel=0.05)
    assert gpu_tolerance(files, CROPS, SPEC, moved) == pytest.approx(0.5, rel=0.2)
