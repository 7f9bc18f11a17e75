"""A loaded plan: its ports, its memory, and answers of the size that it has."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.nvidia.compiler import BATCHES
from leukoscope_edge.inference.runner import Runner

SIDE_PX = 4
CROP = (3, SIDE_PX, SIDE_PX)
PORTS = {"input": (-1, *CROP), "logits": (-1, 2)}


class HostMemory:
    """`gpu.Cuda` over arrays of this process."""

    stream = 7

    def __init__(self) -> None:
        self.n_bytes: dict[int, int] = {}
        self.held: dict[int, np.ndarray] = {}

    def allocate(self, n_bytes: int) -> int:
        address = 1000 + len(self.n_bytes)
        self.n_bytes[address] = n_bytes
        return address

    def copy_in(self, address: int, array: np.ndarray) -> None:
        assert array.nbytes <= self.n_bytes[address]
        self.held[address] = array.copy()

    def copy_out(self, array: np.ndarray, address: int) -> None:
        array[:] = self.held[address]


class Engine:
    """A plan whose answer is each crop's mean, and the number of the answer."""

    def __init__(
        self, memory: HostMemory, ports: dict[str, tuple[int, ...]], **faults: Any
    ) -> None:
        self._memory, self._ports, self._faults = memory, ports, faults
        self._addresses: dict[str, int] = {}
        self.num_io_tensors = len(ports)

    def get_tensor_name(self, index: int) -> str:
        return list(self._ports)[index]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self._ports[name]

    def get_tensor_dtype(self, name: str) -> str:
        return self._faults.get(name, "float32")

    def create_execution_context(self) -> "Engine | None":
        return None if self._faults.get("no_context") else self

    def set_tensor_address(self, name: str, address: int) -> None:
        self._addresses[name] = address

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> None:
        assert name == "input"
        self._shape = shape

    def execute_async_v3(self, stream: int) -> bool:
        assert stream == HostMemory.stream
        crops = self._memory.held[self._addresses["input"]].reshape(self._shape)
        means = crops.mean(axis=(1, 2, 3))
        n_answers = math.prod(self._ports["logits"][1:])
        answers = means[:, None] + np.arange(n_answers)
        self._memory.held[self._addresses["logits"]] = answers
        return not self._faults.get("fails")


def opened(
    ports: dict[str, tuple[int, ...]] = PORTS, **faults: Any
) -> tuple[Runner, HostMemory]:
    memory = HostMemory()
    engine = None if faults.get("no_engine") else Engine(memory, ports, **faults)
    runtime = SimpleNamespace(deserialize_cuda_engine=lambda plan: engine)
    trt: Any = SimpleNamespace(Runtime=lambda logger: runtime, float32="float32")
    return Runner(trt, None, memory, b"plan"), memory  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, 5, BATCHES[-1]])
@pytest.mark.parametrize("n_answers", [2, 5])
def test_answers_come_back_for_each_crop(n: int, n_answers: int) -> None:
    runner, _ = opened(PORTS | {"logits": (-1, n_answers)})
    crops = np.arange(n * math.prod(CROP), dtype=np.float32).reshape(n, *CROP)
    answers = runner.run(crops)
    assert answers.dtype == np.float32
    expected = crops.mean(axis=(1, 2, 3))[:, None] + np.arange(n_answers)
    np.testing.assert_allclose(answers, expected, rtol=1e-6)


def test_memory_is_reserved_once_for_the_largest_batch() -> None:
    runner, memory = opened()
    reserved = sorted(memory.n_bytes.values())
    assert reserved == [4 * BATCHES[-1] * 2, 4 * BATCHES[-1] * math.prod(CROP)]
    runner.run(np.zeros((1, *CROP), np.float32))
    assert sorted(memory.n_bytes.values()) == reserved


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ({"no_engine": True}, "does not load the plan"),
        ({"no_context": True}, "is the GPU's memory full"),
        ({"ports": {"input": (-1, *CROP)}}, r"the plan has the ports \['input'\]"),
        ({"logits": "float16"}, "port logits is not float32"),
    ],
)
def test_a_plan_that_cannot_serve_is_refused_when_it_is_loaded(
    faults: dict[str, Any], reason: str
) -> None:
    with pytest.raises(EngineFault, match=reason):
        opened(**faults)


def test_a_run_that_fails_gives_no_answers() -> None:
    runner, _ = opened(fails=True)
    with pytest.raises(EngineFault, match="run failed"):
        runner.run(np.zeros((1, *CROP), np.float32))
