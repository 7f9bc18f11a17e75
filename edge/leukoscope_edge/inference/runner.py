"""A plan at work: loaded, with its memory on the GPU.

This runs in a child process alone (`tensorrt_child`): TensorRT can abort.
"""

import math
from types import ModuleType
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F32
from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.engine import INPUT_NAME, LOGITS_NAME
from leukoscope_edge.inference.nvidia.compiler import BATCHES
from leukoscope_edge.inference.nvidia.gpu import Cuda


class Runner:
    """A loaded plan with its device memory."""

    def __init__(self, trt: ModuleType, logger: Any, cuda: Cuda, plan: bytes) -> None:
        """Load a plan and reserve memory for its largest batch.

        Raises:
            EngineFault: It does not load, or has other ports than a classifier.
        """
        self._cuda = cuda
        self._runtime = trt.Runtime(logger)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise EngineFault("TensorRT does not load the plan")
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise EngineFault("TensorRT gives no context: is the GPU's memory full?")
        self._addresses = self._reserve(trt)

    def _reserve(self, trt: ModuleType) -> dict[str, int]:
        engine = self._engine
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        if INPUT_NAME not in names or LOGITS_NAME not in names:
            raise EngineFault(f"the plan has the ports {names}")
        addresses = {}
        for name in names:
            if engine.get_tensor_dtype(name) != trt.float32:
                raise EngineFault(f"the plan's port {name} is not float32")
            n_inner = math.prod(int(d) for d in engine.get_tensor_shape(name)[1:])
            if name == LOGITS_NAME:
                self._n_answers = n_inner
            addresses[name] = self._cuda.allocate(BATCHES[-1] * n_inner * 4)
            self._context.set_tensor_address(name, addresses[name])
        return addresses

    def run(self, ready: F32) -> F32:
        """Return (N, A) float32 answers to (N, 3, side, side) float32, N up to 32.

        Raises:
            EngineFault: TensorRT reports a failure.
        """
        self._context.set_input_shape(INPUT_NAME, ready.shape)
        self._cuda.copy_in(self._addresses[INPUT_NAME], ready)
        if not self._context.execute_async_v3(self._cuda.stream):
            raise EngineFault("TensorRT's run failed")
        logits = np.full((len(ready), self._n_answers), np.nan, np.float32)
        self._cuda.copy_out(logits, self._addresses[LOGITS_NAME])
        return logits
