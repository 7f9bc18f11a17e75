"""A small TensorRT that runs on the CPU and can be told to fail.

`python fake_tensorrt.py FAULT FD` plays the child process: the real `serve`, the real
plan code, with this module in TensorRT's place and host memory in the GPU's. It has the
names that the real one has and no others, so code that strays from them fails. `FAULT`
says how it misbehaves; `none` is an honest one.
"""

import ctypes
import os
import sys
import time
from enum import IntEnum
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.nvidia.gpu import Gpu
from leukoscope_edge.inference.nvidia.tensorrt_child import serve

PLAN_HEAD = b"fake plan "


class Host:
    """`gpu.Cuda` over host memory."""

    stream = 7

    def __init__(self) -> None:
        self._blocks: list[Any] = []

    def allocate(self, n_bytes: int) -> int:
        self._blocks.append(ctypes.create_string_buffer(n_bytes))
        return ctypes.addressof(self._blocks[-1])

    def copy_in(self, address: int, array: np.ndarray) -> None:
        ctypes.memmove(address, array.ctypes.data, array.nbytes)

    def copy_out(self, array: np.ndarray, address: int) -> None:
        ctypes.memmove(array.ctypes.data, address, array.nbytes)


class Config:
    profiling_verbosity = ""
    num_compute_capabilities = 0

    def __init__(self) -> None:
        self.flags: set[int] = set()
        self.n_profiles = 0
        self.target = ""

    def set_compute_capability(self, target: str, index: int) -> None:
        assert index < self.num_compute_capabilities
        self.target = target

    def set_memory_pool_limit(self, pool: str, n_bytes: int) -> None:
        assert pool == "workspace"
        assert n_bytes > 0

    def set_flag(self, flag: int) -> None:
        self.flags.add(flag)

    def add_optimization_profile(self, profile: "Profile") -> None:
        assert profile.shapes
        self.n_profiles += 1


class Profile:
    def __init__(self) -> None:
        self.shapes: dict[str, tuple[tuple[int, ...], ...]] = {}

    def set_shape(self, name: str, low: Any, best: Any, high: Any) -> None:
        self.shapes[name] = (low, best, high)


class Builder:
    def __init__(self, logger: "ILogger") -> None:
        self._logger = logger

    def create_network(self, flags: int) -> SimpleNamespace:
        return SimpleNamespace(flags=flags, model=b"")

    def create_builder_config(self) -> Config:
        return Config()

    def create_optimization_profile(self) -> Profile:
        return Profile()

    def build_serialized_network(self, network: Any, config: Config) -> bytes | None:
        assert config.n_profiles == 1
        assert sorted(f.name for f in config.flags) == FLAGS[FAULT in WITHOUT_INT8]
        assert config.target == TARGET
        misbehave("build")
        if FAULT == "build-none":
            self._logger.log(ILogger.ERROR, "FP32 GEMM is not supported")
            return None
        return PLAN_HEAD + config.target.encode().ljust(6) + network.model


class OnnxParser:
    num_errors = 1

    def __init__(self, network: Any, logger: object) -> None:
        self._network = network

    def parse(self, model: bytes) -> bool:
        self._network.model = model
        return FAULT != "parse"

    def get_error(self, index: int) -> str:
        return f"error {index}: an unsupported node"


class Context:
    def __init__(self, engine: "Engine") -> None:
        self._engine, self._addresses, self._shape = engine, {}, ()

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        assert name == "input"
        self._shape = tuple(shape)
        return True

    def execute_async_v3(self, stream: int) -> bool:
        assert stream == Host.stream
        self._engine.n_runs += 1
        misbehave("first-run")
        if self._engine.n_runs > N_GOOD_RUNS:
            misbehave("run")
            if FAULT == "run-false":
                return False
        self._write(self._logits())
        return True

    def _logits(self) -> np.ndarray:
        n_bytes = int(np.prod(self._shape)) * 4
        data = ctypes.string_at(self._addresses["input"], n_bytes)
        crops = np.frombuffer(data, np.float32).reshape(self._shape)
        return self._engine.session.run(["logits"], {"input": crops})[0]

    def _write(self, logits: np.ndarray) -> None:
        if FAULT == "wrong" or (FAULT == "stale" and self._engine.is_stale):
            logits = logits + 1
        if FAULT == "run-nan" and self._engine.n_runs > N_GOOD_RUNS:
            logits = np.full_like(logits, np.nan)
        ctypes.memmove(self._addresses["logits"], logits.ctypes.data, logits.nbytes)


class Engine:
    num_io_tensors = 2

    def __init__(self, plan: bytes) -> None:
        self.session = onnxruntime.InferenceSession(
            plan[len(PLAN_HEAD) + 6 :], providers=["CPUExecutionProvider"]
        )
        self.n_runs = 0
        self.is_stale = not WAS_BUILT

    def get_tensor_name(self, index: int) -> str:
        return ("input", "logits")[index]

    def get_tensor_dtype(self, name: str) -> str:
        return "float32"

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return (-1, 3, 32, 32) if name == "input" else (-1, 2)

    def create_execution_context(self) -> Context | None:
        return None if FAULT == "context-none" else Context(self)


class Runtime:
    def __init__(self, logger: object) -> None:
        pass

    def deserialize_cuda_engine(self, plan: bytes) -> Engine | None:
        misbehave("load")
        is_ours = plan.startswith(PLAN_HEAD + TARGET.encode().ljust(6))
        return Engine(plan) if is_ours and FAULT != "load-none" else None


class ILogger:
    INTERNAL_ERROR, ERROR = 0, 1

    def log(self, severity: int, msg: str) -> None:
        raise NotImplementedError


def misbehave(moment: str) -> None:
    global WAS_BUILT
    if moment == "build":
        WAS_BUILT = True
    match FAULT.removeprefix(moment + "-") if FAULT.startswith(moment) else "":
        case "abort":
            os.abort()
        case "hang":
            time.sleep(3600)
        case "exit":
            sys.exit(3)


def module(version: str) -> Any:
    """TensorRT of a version, with the names of that version only."""
    is_old = version.startswith("8")
    kinds = {"EXPLICIT_BATCH": 0} if is_old else {"STRONGLY_TYPED": 1}
    flags = {"FP16": 0, "INT8": 1} if is_old else {"TF32": 7}
    return SimpleNamespace(
        __version__=version,
        float32="float32",
        ILogger=ILogger,
        Builder=Builder,
        OnnxParser=OnnxParser,
        Runtime=Runtime,
        NetworkDefinitionCreationFlag=IntEnum("Kind", kinds),
        BuilderFlag=IntEnum("BuilderFlag", flags),
        MemoryPoolType=SimpleNamespace(WORKSPACE="workspace"),
    )


def rtx_module() -> Any:
    """TensorRT for RTX: the same, and how a build is aimed."""
    found = module("1.7.1.116")
    found.NetworkDefinitionCreationFlag = IntEnum("Kind", {"STRONGLY_TYPED": 0})
    capabilities = {"NONE": "", "CURRENT": "x", "SM75": "SM75", "SM86": "SM86"}
    found.ComputeCapability = SimpleNamespace(__members__=capabilities)
    found.ProfilingVerbosity = SimpleNamespace(DETAILED="detailed")
    return found


def load(runtime: str) -> Any:
    if FAULT == "no-driver":
        raise EngineFault("no NVIDIA driver is installed")
    global FLAGS, TARGET
    if runtime == "tensorrt-rtx":
        capability = {"turing": (7, 5), "hopper": (9, 0)}.get(FAULT, (8, 6))
        TARGET = f"SM{capability[0]}{capability[1]}"
        driver = 12080 if FAULT == "old-driver" else 13000
        return rtx_module(), Host(), fake_gpu(capability, driver)
    capability = {"oldest-gpu": (5, 2), **WITHOUT_INT8}.get(FAULT, (8, 7))
    version = FAULT.removeprefix("version-") if "version-" in FAULT else "10.3.0"
    version = "8.6.2" if FAULT in WITHOUT_INT8 else version
    if version.startswith("8"):
        FLAGS = {False: ["FP16", "INT8"], True: ["FP16"]}
    return module(version), Host(), fake_gpu(capability, 12060)


def fake_gpu(capability: tuple[int, int], driver: int) -> Gpu:
    return Gpu(name="Fake", capability=capability, n_multiprocessors=8, driver=driver)


WITHOUT_INT8 = {"old-gpu": (5, 3), "tx2": (6, 2)}
"""Capabilities; TensorRT 8 is the last that runs on them."""
FLAGS: dict[bool, list[str]] = {False: [], True: []}
"""What the builder must be told, for a GPU with int8 and for one without."""
N_GOOD_RUNS = 1
"""The self-test passes; what comes after it fails."""
TARGET = ""
"""What the builder must be aimed at, and a plan be made for; "" for TensorRT."""
FAULT = ""
WAS_BUILT = False

if __name__ == "__main__":
    FAULT = sys.argv[1]
    serve(Connection(int(sys.argv[2])), load)
