import dataclasses
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from tests.red_bundle import red_model

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference import (
    FileEntry,
    GoldenEntry,
    InputEntry,
    open_bundle,
    self_test,
    session_entries,
    shipped_bundles,
)
from leukoscope_edge.inference.engine import OnnxCpuEngine, _check_ports, prepare

SPEC = InputEntry(
    side_px=32,
    scale_um_per_px=0.5,
    colour="masked",
    mean=(0.5, 0.25, 0.0),
    std=(0.5, 1.0, 0.1),
)


def crops_of(shade: int, n: int = 1) -> np.ndarray:
    return np.full((n, 32, 32, 3), shade, np.uint8)


def test_prepares_channels_first_normalised_by_the_card() -> None:
    ready = prepare(crops_of(255, 2), SPEC)
    assert ready.shape == (2, 3, 32, 32)
    assert ready.dtype == np.float32
    np.testing.assert_allclose(ready[0, :, 0, 0], [1.0, 0.75, 10.0], rtol=1e-5)


@pytest.mark.parametrize(
    "crops", [crops_of(0)[:, :16], crops_of(0)[..., :1], crops_of(0).astype(float)]
)
def test_refuses_crops_of_another_shape(crops: np.ndarray) -> None:
    with pytest.raises(ValueError, match="crops must be"):
        prepare(crops, SPEC)


def test_runs_a_batch_of_any_size(bundle_folder: Path) -> None:
    with OnnxCpuEngine(open_bundle(bundle_folder), n_threads=1) as engine:
        assert engine.run(crops_of(0, 0)).shape == (0, 2)
        for n in (1, 3):
            np.testing.assert_allclose(
                engine.run(crops_of(255, n)), [[0, 4]] * n, atol=1e-5
            )
        assert engine.name.startswith("onnxruntime-cpu ")


def test_stored_cells_agree(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    with OnnxCpuEngine(bundle) as engine:
        assert self_test(engine, bundle) < 1e-4


def test_stored_cells_that_disagree_are_refused(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    wrong = dataclasses.replace(bundle.golden, logits=bundle.golden.logits + 0.01)
    with (
        OnnxCpuEngine(bundle) as engine,
        pytest.raises(BundleError, match="stored cells give other answers"),
    ):
        self_test(engine, dataclasses.replace(bundle, golden=wrong))


def test_refuses_bytes_that_are_no_model(bundle_factory: Callable[..., Path]) -> None:
    folder = bundle_factory(model=b"not an onnx file")
    with pytest.raises(BundleError, match="cannot load it"):
        OnnxCpuEngine(open_bundle(folder))


def test_refuses_a_model_with_other_outputs(
    bundle_factory: Callable[..., Path],
) -> None:
    folder = bundle_factory(model=red_model(n_outputs=3))
    with pytest.raises(BundleError, match="expected 'logits' of 2"):
        OnnxCpuEngine(open_bundle(folder))


class Ports:
    """What ONNX Runtime says of a loaded model."""

    def __init__(self, **said: Any) -> None:
        self._said = {
            "inputs": [("input", ["n", 3, 32, 32], "tensor(float)")],
            "outputs": [("other", ["n", 7]), ("logits", ["n", 2])],
            "providers": ["CPUExecutionProvider"],
        } | said

    def get_inputs(self) -> list[SimpleNamespace]:
        said = self._said["inputs"]
        return [SimpleNamespace(name=n, shape=s, type=t) for n, s, t in said]

    def get_outputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=n, shape=s) for n, s in self._said["outputs"]]

    def get_providers(self) -> list[str]:
        return self._said["providers"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, ""),
        ({"inputs": []}, "the card wants"),
        ({"inputs": [("x", ["n", 3, 32, 32], "tensor(float)")]}, "the card wants"),
        ({"inputs": [("input", ["n", 3, 32, 48], "tensor(float)")]}, "the card wants"),
        ({"inputs": [("input", ["n", 3, 32, 32], "tensor(uint8)")]}, "the card wants"),
        ({"outputs": [("other", ["n", 2])]}, "expected 'logits' of 2"),
        ({"outputs": [("logits", ["n", 3])]}, "expected 'logits' of 2"),
        ({"providers": ["X", "CPUExecutionProvider"]}, "not the CPU"),
    ],
)
def test_a_loaded_model_has_the_ports_of_its_card_and_runs_on_the_cpu(
    bundle_folder: Path, said: dict[str, Any], why: str
) -> None:
    bundle = open_bundle(bundle_folder)
    refused = pytest.raises(BundleError, match=why) if why else nullcontext()
    with refused:
        _check_ports(Ports(**said), bundle, "a file")


def test_a_model_that_only_the_runtime_refuses_is_told_of_in_one_line(
    bundle_factory: Callable[..., Path],
) -> None:
    model = onnx.load_from_string(red_model())
    model.graph.node[0].input[0] = "nobody"
    folder = bundle_factory(model=model.SerializeToString())
    with pytest.raises(BundleError, match=r"ONNX Runtime cannot load it: .*nobody"):
        OnnxCpuEngine(open_bundle(folder))


def test_a_model_that_fails_as_it_runs_is_refused_in_one_line(
    bundle_factory: Callable[..., Path],
) -> None:
    model = onnx.load_from_string(red_model())
    shape = numpy_helper.from_array(np.array([2, 3], np.int64), "shape")
    model.graph.initializer.append(shape)
    model.graph.node.insert(1, helper.make_node("Reshape", ["pooled", "shape"], ["r"]))
    model.graph.node[2].input[0] = "r"
    folder = bundle_factory(model=model.SerializeToString())
    with (
        OnnxCpuEngine(open_bundle(folder)) as engine,
        pytest.raises(BundleError, match="ONNX Runtime cannot run it") as caught,
    ):
        engine.run(crops_of(0))
    assert "\n" not in str(caught.value)


def test_the_session_is_asked_for_what_we_want_and_does_not_retry(
    bundle_folder: Path,
) -> None:
    with OnnxCpuEngine(open_bundle(bundle_folder)) as engine:
        entry = engine._session.runtime.get_session_options().get_session_config_entry
        for name, value in session_entries().items():
            assert entry(name) == value
        assert not engine._session.runtime._enable_fallback


def test_refuses_numbers_that_are_not_finite(
    bundle_factory: Callable[..., Path],
) -> None:
    folder = bundle_factory(model=red_model(gain=np.inf))
    with (
        OnnxCpuEngine(open_bundle(folder)) as engine,
        pytest.raises(BundleError, match="out of range"),
    ):
        engine.run(crops_of(0))


def test_every_shipped_model_gives_its_stored_answers() -> None:
    for folder in shipped_bundles().values():
        bundle = open_bundle(folder)
        with OnnxCpuEngine(bundle, n_threads=1) as engine:
            assert self_test(engine, bundle) <= 0.005


def test_a_gpu_may_differ_by_its_own_tolerance() -> None:
    file = FileEntry(name="golden.npz", sha256="0" * 64)
    golden = GoldenEntry(file=file, logit_tolerance=0.01)
    assert golden.allowed(is_accelerated=True) == 0.01
    golden = dataclasses.replace(golden, gpu_tolerance=0.2)
    assert golden.allowed(is_accelerated=True) == 0.2
    assert golden.allowed(is_accelerated=False) == 0.01
    with pytest.raises(ValueError, match="a tolerance must lie in"):
        dataclasses.replace(golden, gpu_tolerance=0.0)
