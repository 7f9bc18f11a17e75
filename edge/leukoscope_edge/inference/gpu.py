"""The NVIDIA GPU as its driver tells it, and memory on it: ctypes, no package.

Creating a TensorRT runtime without a driver kills the process (measured with 11.4), so
the driver is asked first, here, and in a child process: it may hang too. Six functions
of the CUDA runtime are all that an engine needs; binding them by hand works on every
JetPack, where a Python package would have to match the CUDA major version.

Source: CUDA Driver API and CUDA Runtime API reference.
"""

import ctypes
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leukoscope_edge.errors import EngineFault

Array = npt.NDArray[np.generic]

DRIVER = "libcuda.so.1"
RUNTIMES = (
    "libcudart.so",
    "libcudart.so.13",
    "libcudart.so.12",
    "libcudart.so.11.0",
    "/usr/local/cuda/lib64/libcudart.so",
)
"""Where JetPack 5 to 7 and the workstation packages put the CUDA runtime."""
MULTIPROCESSOR_COUNT, CC_MAJOR, CC_MINOR = 16, 75, 76
"""`CUdevice_attribute` numbers."""
TO_DEVICE, TO_HOST = 1, 2
"""`cudaMemcpyKind` numbers."""
NAME_BYTES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """The first GPU.

    Attributes:
        name: As the driver names it.
        capability: Compute capability, major and minor.
        n_multiprocessors: Of this part; a power mode does not change it.
        driver: Highest CUDA version of the driver, 1000 x major + 10 x minor.
    """

    name: str
    capability: tuple[int, int]
    n_multiprocessors: int
    driver: int


def has_driver() -> bool:
    """Say whether the driver's library loads; it is not called."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True


def find_gpu() -> Gpu:
    """Ask the driver for the first GPU.

    Raises:
        EngineFault: There is no driver, or it has no GPU.
    """
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError as err:
        raise EngineFault("no NVIDIA driver is installed") from err
    if driver.cuInit(0) != 0:
        raise EngineFault("the NVIDIA driver does not start")
    device = ctypes.c_int()
    if driver.cuDeviceGet(ctypes.byref(device), 0) != 0:
        raise EngineFault("the NVIDIA driver finds no GPU")
    name = ctypes.create_string_buffer(NAME_BYTES)
    driver.cuDeviceGetName(name, NAME_BYTES, device)
    version = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))

    def attribute(number: int) -> int:
        value = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(value), number, device)
        return value.value

    return Gpu(
        name=name.value.decode("utf-8", "replace"),
        capability=(attribute(CC_MAJOR), attribute(CC_MINOR)),
        n_multiprocessors=attribute(MULTIPROCESSOR_COUNT),
        driver=version.value,
    )


class Cuda:
    """Device memory and one stream, freed on exit."""

    def __init__(self) -> None:
        """Load the CUDA runtime and make a stream.

        Raises:
            EngineFault: There is none, or it does not work.
        """
        self._runtime = _load_runtime()
        self._addresses: list[int] = []
        stream = ctypes.c_void_p()
        self._call("cudaStreamCreate", ctypes.byref(stream))
        self._stream = stream

    @property
    def stream(self) -> int:
        """The stream's handle."""
        return self._stream.value or 0

    def version(self) -> int:
        """Return the runtime's version, 1000 x major + 10 x minor."""
        version = ctypes.c_int()
        self._call("cudaRuntimeGetVersion", ctypes.byref(version))
        return version.value

    def allocate(self, n_bytes: int) -> int:
        """Return the address of new device memory."""
        address = ctypes.c_void_p()
        self._call("cudaMalloc", ctypes.byref(address), ctypes.c_size_t(n_bytes))
        if address.value is None:
            raise EngineFault(f"the GPU gave no memory for {n_bytes} bytes")
        self._addresses.append(address.value)
        return address.value

    def copy_in(self, address: int, array: Array) -> None:
        """Copy a contiguous array to the device."""
        self._copy(address, array.ctypes.data, array.nbytes, TO_DEVICE)

    def copy_out(self, array: Array, address: int) -> None:
        """Copy from the device into a contiguous array, and wait until it is there."""
        self._copy(array.ctypes.data, address, array.nbytes, TO_HOST)
        self._call("cudaStreamSynchronize", self._stream)

    def close(self) -> None:
        """Free everything."""
        for address in self._addresses:
            self._call("cudaFree", ctypes.c_void_p(address))
        self._addresses = []

    def _copy(self, target: int, source: int, n_bytes: int, kind: int) -> None:
        self._call(
            "cudaMemcpyAsync",
            ctypes.c_void_p(target),
            ctypes.c_void_p(source),
            ctypes.c_size_t(n_bytes),
            ctypes.c_int(kind),
            self._stream,
        )

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._runtime, name)(*arguments)
        if code != 0:
            raise EngineFault(f"{name} failed with CUDA error {code}")


def _load_runtime() -> ctypes.CDLL:
    for name in RUNTIMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise EngineFault("the CUDA runtime (libcudart) is not installed")
