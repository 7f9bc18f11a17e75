"""TensorRT's plan: built on this very device, cached, loaded and run.

Only names that TensorRT 8.5, 8.6, 10.x and 11.x share are used, with two exceptions
that a version decides: before 10 the network is weakly typed and needs the int8 and
fp16 flags, from 10 on types come from the file and those flags are errors. This runs
in a child process alone (`tensorrt_child`): TensorRT can abort.

A plan is machine code for one GPU and one TensorRT. None is ever taken from elsewhere:
the cache folder must belong to this user and be writable by nobody else.
"""

import hashlib
import json
import math
import os
import platform
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.engine import INPUT_NAME, LOGITS_NAME
from leukoscope_edge.inference.gpu import Cuda, Gpu
from leukoscope_edge.types import F32

BATCHES = (1, 8, 32)
"""Smallest, best and largest batch of the plan: a frame shows one to eight cells, and
the classifier asks for at most 32."""
WORKSPACE_BYTES = 256 << 20
"""For the tactics. ResNet-50 needs less, and an Orin Nano shares 8 GB with us."""
MIN_VERSION = (8, 5)
"""The first TensorRT with `set_tensor_address` and `execute_async_v3`."""
INT8_FROM = (6, 1)
"""The first compute capability with int8 dot products (DP4A)."""
WITHOUT_INT8 = (6, 2)
"""The one after it without them (TX2)."""
FP16_FROM = (5, 3)
"""The first compute capability with half-precision arithmetic."""
Precision = Literal["int8", "fp16"]
L4T_RELEASE = Path("/etc/nv_tegra_release")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKey:
    """Everything that a plan depends on. Another value of any is another plan."""

    model_sha256: str
    precision: Precision
    tensorrt: str
    cuda: int
    gpu: Gpu
    l4t: str
    machine: str
    batches: tuple[int, int, int] = BATCHES
    workspace_bytes: int = WORKSPACE_BYTES

    def digest(self) -> str:
        """Return the name under which the plan is cached."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of a model that a GPU can run: its precision and its ONNX file."""

    precision: Precision
    model: bytes


def key_for(form: Form, trt: ModuleType, cuda: Cuda, gpu: Gpu) -> PlanKey:
    """Return the key of a model's plan on this device."""
    l4t = L4T_RELEASE.read_text().splitlines()[0] if L4T_RELEASE.exists() else ""
    return PlanKey(
        model_sha256=hashlib.sha256(form.model).hexdigest(),
        precision=form.precision,
        tensorrt=str(trt.__version__),
        cuda=cuda.version(),
        gpu=gpu,
        l4t=l4t,
        machine=platform.machine(),
    )


def choose_precision(trt: ModuleType, gpu: Gpu, *, has_fp16: bool) -> Precision:
    """Return int8 where the GPU has it, otherwise half precision.

    Args:
        trt: TensorRT.
        gpu: The GPU.
        has_fp16: The bundle has a file in half precision.

    Raises:
        EngineFault: TensorRT is too old, or the GPU can run neither.
    """
    version = tuple(int(part) for part in str(trt.__version__).split(".")[:2])
    if version < MIN_VERSION:
        raise EngineFault(f"TensorRT {trt.__version__} is older than 8.5")
    if gpu.capability >= INT8_FROM and gpu.capability != WITHOUT_INT8:
        return "int8"
    named = f"{gpu.name} (capability {gpu.capability[0]}.{gpu.capability[1]})"
    if gpu.capability < FP16_FROM:
        raise EngineFault(f"{named} has neither int8 nor half precision")
    if not has_fp16:
        raise EngineFault(f"{named} has no int8, and the bundle no file without it")
    return "fp16"


def build(trt: ModuleType, logger: Any, form: Form, side_px: int) -> bytes:
    """Build a plan from an ONNX file with Q/DQ pairs, or one in half precision.

    Raises:
        EngineFault: TensorRT refuses the file or gives nothing.
    """
    weakly_typed = int(str(trt.__version__).split(".")[0]) < 10
    flags = trt.NetworkDefinitionCreationFlag
    kind = flags.EXPLICIT_BATCH if weakly_typed else flags.STRONGLY_TYPED
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(kind))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(form.model):
        errors = [str(parser.get_error(i)) for i in range(parser.num_errors)]
        raise EngineFault(f"TensorRT cannot read the model: {'; '.join(errors)[:300]}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    if weakly_typed:
        config.set_flag(trt.BuilderFlag.FP16)
        if form.precision == "int8":
            config.set_flag(trt.BuilderFlag.INT8)
    profile = builder.create_optimization_profile()
    profile.set_shape(INPUT_NAME, *((n, 3, side_px, side_px) for n in BATCHES))
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineFault("TensorRT's build gave nothing")
    return bytes(plan)


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


def read_cached(folder: Path, key: PlanKey) -> bytes | None:
    """Return a cached plan, None where there is none or it is damaged."""
    plan, note = _paths(folder, key)
    try:
        data, text = plan.read_bytes(), note.read_text(encoding="utf-8")
        stored = json.loads(text)
    except (OSError, ValueError):
        return None
    if not isinstance(stored, dict):
        return None
    return data if stored.get("sha256") == hashlib.sha256(data).hexdigest() else None


def write_cached(folder: Path, key: PlanKey, plan: bytes) -> None:
    """Write a plan aside, sync it and rename it; its note says what it is for."""
    path, note = _paths(folder, key)
    about = {"sha256": hashlib.sha256(plan).hexdigest(), "key": asdict(key)}
    _write_aside(note, json.dumps(about, indent=1).encode())
    _write_aside(path, plan)


def own_folder(folder: Path) -> None:
    """Make the cache folder, or refuse one that others can write to.

    Raises:
        EngineFault: It cannot be made, or is not this user's alone.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as err:
        raise EngineFault(f"{folder}: cannot be made ({err.strerror})") from err
    open_to_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if found.st_uid != os.getuid() or open_to_others:
        raise EngineFault(f"{folder}: others can write here; plans are machine code")


def _paths(folder: Path, key: PlanKey) -> tuple[Path, Path]:
    digest = key.digest()
    return folder / f"{digest}.plan", folder / f"{digest}.json"


def _write_aside(path: Path, data: bytes) -> None:
    aside = path.with_suffix(path.suffix + ".part")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
