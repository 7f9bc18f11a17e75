"""The driver's calls, against a library that a C compiler makes of `stub_driver.c`."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.backend import open_network
from leukoscope_edge.inference.bundle import open_bundle, shipped_bundles
from leukoscope_edge.inference.nvidia.compiler import Runtime
from leukoscope_edge.inference.nvidia.gpu import Cuda, CudaDriver, Gpu
from leukoscope_edge.inference.nvidia.tensorrt import CHILD, TensorRtEngine

SOURCE = Path(__file__).with_name("stub_driver.c")
WITH_PACKAGE = (
    "import sys, runpy; sys.path.insert(0, {folder!r}); runpy.run_module("
    "'leukoscope_edge.inference.nvidia.tensorrt_child', run_name='__main__', "
    "alter_sys=True)"
)
"""Runs the child so that it finds another TensorRT first."""
ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(scope="session")
def compile_stub(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")

    def make(*flags: str) -> Path:
        library = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
        command = [compiler, "-shared", "-fPIC", "-O1", "-w", *flags]
        subprocess.run([*command, "-o", str(library), str(SOURCE)], check=True)
        return library

    return make


@pytest.fixture(scope="session")
def stub(compile_stub: Callable[..., Path]) -> Path:
    return compile_stub()


def use(library: Path) -> None:
    """What an engine asks of the GPU, from first to last."""
    driver = CudaDriver(str(library))
    driver.gpu()
    cuda = Cuda(driver)
    address = cuda.allocate(ROWS.nbytes)
    cuda.copy_in(address, ROWS)
    cuda.copy_out(np.empty_like(ROWS), address)
    cuda.close()


def test_the_driver_says_what_the_gpu_is(stub: Path) -> None:
    expected = Gpu(
        name="Stub RTX", capability=(8, 6), n_multiprocessors=28, driver=13000
    )
    assert CudaDriver(str(stub)).gpu() == expected


def test_what_was_copied_in_comes_back(stub: Path) -> None:
    cuda = Cuda(CudaDriver(str(stub)))
    address = cuda.allocate(ROWS.nbytes)
    cuda.copy_in(address, ROWS)
    found = np.zeros_like(ROWS)
    cuda.copy_out(found, address)
    np.testing.assert_array_equal(found, ROWS)
    assert cuda.stream == 7
    cuda.close()
    cuda.close()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no-kernel-module", r"driver fails \(cuInit: CUDA error 999"),
        ("mismatch", "kernel module differ: restart the device"),
        ("no-device", "the NVIDIA driver finds no GPU"),
        ("busy", "the GPU is busy: another program has it for itself"),
        ("full", "the GPU's memory is full"),
        ("lost", r"\(cuStreamSynchronize: CUDA error 700\)"),
    ],
)
def test_a_driver_that_fails_says_what_is_wrong(
    stub: Path, monkeypatch: pytest.MonkeyPatch, fault: str, reason: str
) -> None:
    monkeypatch.setenv("STUB_DRIVER", fault)
    with pytest.raises(EngineFault, match=reason):
        use(stub)


def test_a_driver_that_lacks_a_function_is_too_old(
    compile_stub: Callable[..., Path],
) -> None:
    with pytest.raises(EngineFault, match="too old: it has no cuMemAlloc_v2"):
        use(compile_stub("-DANCIENT"))


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_without_a_library_there_is_no_driver(
    tmp_path: Path, content: bytes | None
) -> None:
    library = tmp_path / "libcuda.so.1"
    if content is not None:
        library.write_bytes(content)
    with pytest.raises(EngineFault, match="no NVIDIA driver is installed"):
        CudaDriver(str(library))


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
