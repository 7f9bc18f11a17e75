import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from leukoscope_edge.inference import InputEntry
from leukoscope_export.graphs.scales import (
    METHODS,
    N_BINS,
    entropy_bin,
    measure,
    save_scales,
)
from leukoscope_train.errors import DataError

SPEC = InputEntry(
    side_px=16,
    scale_um_per_px=0.5,
    colour="masked",
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)


def relu_model() -> bytes:
    ports = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 3, 16, 16])
        for n in ("input", "logits")
    ]
    node = helper.make_node("Relu", ["input"], ["logits"])
    graph = helper.make_graph([node], "g", ports[:1], ports[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return onnx.ModelProto.SerializeToString(model)


def outlier_crops() -> np.ndarray:
    """Grey noise around the middle, and one white pixel."""
    crops = np.random.default_rng(0).normal(128, 6, (40, 16, 16, 3))
    crops[0, 0, 0] = 255
    return crops.clip(0, 255).astype(np.uint8)


def test_minmax_keeps_all_and_percentile_cuts_an_outlier() -> None:
    ranges = {
        m: measure(relu_model(), outlier_crops(), SPEC, m).ranges for m in METHODS
    }
    low, high = ranges["minmax"]["input"]
    assert high == pytest.approx(1.0)
    assert -0.5 < low < 0
    assert ranges["minmax"]["logits"] == (0.0, high)
    assert 0.1 < ranges["percentile"]["input"][1] < 0.8
    for method in METHODS:
        assert ranges[method]["logits"][0] == 0.0
        assert ranges[method]["input"][1] <= high


def test_no_cells_are_refused() -> None:
    with pytest.raises(DataError, match="at least one cell"):
        measure(relu_model(), outlier_crops()[:0], SPEC, "minmax")


def test_the_table_names_its_cells_and_its_network() -> None:
    one = measure(relu_model(), outlier_crops(), SPEC, "minmax")
    other = measure(relu_model(), outlier_crops()[1:], SPEC, "minmax")
    assert one.n_cells == 40
    assert one.cells_sha256 != other.cells_sha256
    assert one.model_sha256 == other.model_sha256


def test_entropy_keeps_a_flat_histogram_whole() -> None:
    assert entropy_bin(np.ones(N_BINS)) == N_BINS


def test_entropy_cuts_a_far_outlier() -> None:
    values = np.abs(np.random.default_rng(0).standard_normal(100_000))
    histogram = np.histogram([*values, 40.0], N_BINS, (0, 40.0))[0].astype(float)
    assert entropy_bin(histogram) < N_BINS // 4


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_entropy_always_names_a_bin(seed: int) -> None:
    random = np.random.default_rng(seed)
    histogram = random.poisson(random.exponential(20, N_BINS)).astype(float)
    assert 128 <= entropy_bin(histogram) <= N_BINS


def test_the_table_is_written_as_json(tmp_path: Path) -> None:
    table = measure(relu_model(), outlier_crops(), SPEC, "minmax")
    save_scales(tmp_path / "scales.json", table)
    stored = json.loads((tmp_path / "scales.json").read_text())
    assert tuple(stored["ranges"]["input"]) == table.ranges["input"]
