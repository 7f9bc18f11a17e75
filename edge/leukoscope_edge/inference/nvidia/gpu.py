"""The NVIDIA GPU through its driver alone: what it is, memory on it, one stream.

Creating a TensorRT runtime without a driver can kill the process (measured with 11.4),
so the driver is asked first, here, and in a child process: it may hang too. A dozen
functions of `libcuda.so.1` are all that an engine needs, and whoever has a driver has
them: no CUDA runtime has to be installed, found or matched. The memory lies in the
primary context, which the CUDA runtime inside TensorRT uses as well.

Source: CUDA Driver API reference, `cuda.h` for numbers and for the `_v2` names.
"""

import ctypes
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leukoscope_edge.errors import EngineFault

Array = npt.NDArray[np.generic]

DRIVER = "libcuda.so.1"
MULTIPROCESSOR_COUNT, CC_MAJOR, CC_MINOR = 16, 75, 76
"""`CUdevice_attribute` numbers."""
NAME_BYTES = 100
WHY = {
    2: "the GPU's memory is full",
    34: "only a stub of the NVIDIA driver is installed",
    46: "the GPU is busy: another program has it for itself",
    100: "the NVIDIA driver finds no GPU",
    101: "the NVIDIA driver finds no GPU",
    803: "the NVIDIA driver and its kernel module differ: restart the device",
}
"""What a `CUresult` means to whoever has to mend it."""


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


class CudaDriver:
    """The driver's library, started; every failure is an `EngineFault` in words."""

    def __init__(self, library: str = DRIVER) -> None:
        """Load and start the driver.

        Args:
            library: Name or path of its library.

        Raises:
            EngineFault: There is none, or it does not start.
        """
        try:
            self._library = ctypes.CDLL(library)
        except OSError as err:
            raise EngineFault("no NVIDIA driver is installed") from err
        self.call("cuInit", ctypes.c_uint(0))
        device = ctypes.c_int()
        self.call("cuDeviceGet", ctypes.byref(device), ctypes.c_int(0))
        self.device = device

    def call(self, name: str, *arguments: object) -> None:
        """Call a function of the driver.

        Raises:
            EngineFault: It has no such function, or the call fails.
        """
        try:
            function = getattr(self._library, name)
        except AttributeError as err:
            raise EngineFault(
                f"the NVIDIA driver is too old: it has no {name}; update it"
            ) from err
        code = int(function(*arguments))
        if code != 0:
            why = WHY.get(code, "the NVIDIA driver fails")
            raise EngineFault(f"{why} ({name}: CUDA error {code})")

    def gpu(self) -> Gpu:
        """Return what the first GPU is.

        Raises:
            EngineFault: The driver does not say.
        """
        name = ctypes.create_string_buffer(NAME_BYTES)
        self.call("cuDeviceGetName", name, ctypes.c_int(NAME_BYTES), self.device)
        version = ctypes.c_int()
        self.call("cuDriverGetVersion", ctypes.byref(version))
        return Gpu(
            name=name.value.decode("utf-8", "replace"),
            capability=(self._attribute(CC_MAJOR), self._attribute(CC_MINOR)),
            n_multiprocessors=self._attribute(MULTIPROCESSOR_COUNT),
            driver=version.value,
        )

    def _attribute(self, number: int) -> int:
        value = ctypes.c_int()
        self.call(
            "cuDeviceGetAttribute",
            ctypes.byref(value),
            ctypes.c_int(number),
            self.device,
        )
        return value.value


class Cuda:
    """Memory on the GPU and one stream."""

    def __init__(self, driver: CudaDriver) -> None:
        """Take the primary context and make a stream.

        Raises:
            EngineFault: The GPU is busy, or has no memory left.
        """
        self._driver = driver
        self._addresses: list[int] = []
        context, stream = ctypes.c_void_p(), ctypes.c_void_p()
        driver.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), driver.device)
        driver.call("cuCtxSetCurrent", context)
        driver.call("cuStreamCreate", ctypes.byref(stream), ctypes.c_uint(0))
        self._stream = stream

    @property
    def stream(self) -> int:
        """The stream's handle."""
        return self._stream.value or 0

    def allocate(self, n_bytes: int) -> int:
        """Return the address of new memory.

        Raises:
            EngineFault: The GPU has none left.
        """
        address = ctypes.c_uint64()
        self._driver.call(
            "cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(n_bytes)
        )
        self._addresses.append(address.value)
        return address.value

    def copy_in(self, address: int, array: Array) -> None:
        """Copy a contiguous array to the device."""
        self._driver.call(
            "cuMemcpyHtoDAsync_v2",
            ctypes.c_uint64(address),
            ctypes.c_void_p(array.ctypes.data),
            ctypes.c_size_t(array.nbytes),
            self._stream,
        )

    def copy_out(self, array: Array, address: int) -> None:
        """Copy from the device into a contiguous array, and wait until it is there."""
        self._driver.call(
            "cuMemcpyDtoHAsync_v2",
            ctypes.c_void_p(array.ctypes.data),
            ctypes.c_uint64(address),
            ctypes.c_size_t(array.nbytes),
            self._stream,
        )
        self._driver.call("cuStreamSynchronize", self._stream)

    def close(self) -> None:
        """Free all memory."""
        for address in self._addresses:
            self._driver.call("cuMemFree_v2", ctypes.c_uint64(address))
        self._addresses = []
