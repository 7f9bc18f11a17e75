"""The driver's calls, against a library that a C compiler makes of `stub_driver.c`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.nvidia.gpu import Cuda, CudaDriver, Gpu

ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


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
