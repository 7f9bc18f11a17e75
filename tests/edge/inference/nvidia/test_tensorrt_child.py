"""The real child of TensorRT, over a driver that a C compiler makes."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from leukoscope_edge.inference import open_bundle, shipped_bundles
from leukoscope_edge.inference.backend import open_network
from leukoscope_edge.inference.nvidia.compiler import Runtime
from leukoscope_edge.inference.nvidia.tensorrt import CHILD, TensorRtEngine

WITH_PACKAGE = (
    "import sys, runpy; sys.path.insert(0, {folder!r}); runpy.run_module("
    "'leukoscope_edge.inference.nvidia.tensorrt_child', run_name='__main__', "
    "alter_sys=True)"
)
"""Runs the child so that it finds another TensorRT first."""


@pytest.mark.parametrize(
    ("fault", "package", "reason"),
    [
        ("no-device", "", "the NVIDIA driver finds no GPU"),
        ("old-driver", "", "for CUDA 12.4, TensorRT for RTX needs 13.0"),
        ("busy", "", "the GPU is busy"),
        ("none", "raise ImportError('libtensorrt_rtx.so.1: cannot open')", "not load"),
        ("none", "raise OSError('libtensorrt_rtx.so.1: wrong ELF class')", "not load"),
        ("none", "import os; os.abort()", "ended with signal 6"),
    ],
)
def test_the_cpu_serves_on_a_machine_that_is_set_up_wrongly(
    stub: Path, tmp_path: Path, fault: str, package: str, reason: str
) -> None:
    text = package or "__version__ = '1.7.1.116'"
    (tmp_path / "tensorrt_rtx_bindings.py").write_text(text)
    child = (sys.executable, "-c", WITH_PACKAGE.format(folder=str(tmp_path)))
    engine = Started(stub, tmp_path / "plans", fault, child)
    assert reason in engine.fallback
    assert engine.told == []


def test_the_compiler_itself_runs_in_the_child_and_its_runtime_needs_a_real_driver(
    stub: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorrt_rtx_libs")
    engine = Started(stub, tmp_path / "plans", "none")
    (told,) = engine.told
    assert told.startswith("building the TensorRT engine on Stub RTX")
    assert "does not load the plan" in engine.fallback or "ended" in engine.fallback
    assert len(list((tmp_path / "plans").glob("*.plan"))) == 1


class Started:
    """The simulated bundle, opened where the stub is the driver."""

    def __init__(
        self, stub: Path, cache: Path, fault: str, command: Sequence[str] = CHILD
    ) -> None:
        self.told: list[str] = []
        bundle = open_bundle(shipped_bundles()["simulated-1"])
        child = ["env", f"LD_LIBRARY_PATH={stub.parent}", f"STUB_DRIVER={fault}"]

        def start(bundle: object, runtime: Runtime, *, rebuild: bool) -> TensorRtEngine:
            return TensorRtEngine(
                bundle,
                cache,
                runtime=runtime,
                child=[*child, *command],
                rebuild=rebuild,
                on_progress=self.told.append,
            )

        with open_network(
            bundle, "auto", 1, start, lambda *_: ("tensorrt-rtx",)
        ) as engine:
            assert engine.run(bundle.golden.crops[:1]).shape == (1, 2)
            self.fallback = engine.fallback
