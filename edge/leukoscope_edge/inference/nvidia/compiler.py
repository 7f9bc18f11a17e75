"""From an ONNX file to a plan, by NVIDIA's own compiler.

TensorRT compiles on the GPU that will run the plan; TensorRT for RTX compiles for a
named compute capability, and needs neither that GPU nor a driver, so that the
workstation and CI can do it too.

Only names that TensorRT 8.5, 8.6, 10.x and 11.x and TensorRT for RTX 1.x share are
used, with two exceptions: before version 10 the network is weakly typed
and needs the int8 and fp16 flags, from 10 on types come from the file and those flags
are errors. The second is how a build is aimed at a capability, which TensorRT for RTX
alone knows. On a device this runs in a child process alone (`tensorrt_child`): TensorRT
can abort.

Source: TensorRT developer guide; TensorRT for RTX developer guide, "CPU-only AoT".
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, TypeAlias

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.engine import INPUT_NAME
from leukoscope_edge.inference.nvidia.gpu import Gpu

Runtime: TypeAlias = Literal["tensorrt", "tensorrt-rtx"]
MODULES: dict[Runtime, str] = {
    "tensorrt": "tensorrt",
    "tensorrt-rtx": "tensorrt_rtx_bindings",
}
"""What is imported. `tensorrt_rtx` itself comes with a package that only the vendor's
index has."""
SPOKEN: dict[Runtime, str] = {
    "tensorrt": "TensorRT",
    "tensorrt-rtx": "TensorRT for RTX",
}
BATCHES = (1, 8, 32)
"""Smallest, best and largest batch of the plan: a frame shows one to eight cells, and
the classifier asks for at most eight at once; benchmarks ask for 32."""
WORKSPACE_BYTES = 256 << 20
"""For the tactics. ResNet-50 needs less, and an Orin Nano shares 8 GB with us."""
MIN_VERSION: dict[Runtime, tuple[int, int]] = {
    "tensorrt": (8, 5),
    "tensorrt-rtx": (1, 0),
}
"""The first TensorRT with `set_tensor_address` and `execute_async_v3`."""
MIN_DRIVER: dict[Runtime, int] = {"tensorrt": 0, "tensorrt-rtx": 13000}
"""As `Gpu.driver`: JetPack's TensorRT comes with its driver, the package for RTX is
built for CUDA 13."""
INT8_FROM: dict[Runtime, tuple[int, int]] = {
    "tensorrt": (6, 1),
    "tensorrt-rtx": (8, 0),
}
"""The first compute capability that runs the int8 file: the first with int8 dot
products (DP4A), and for RTX the first with float32 products, which the last layer
needs (its compiler refuses them for 7.5)."""
WITHOUT_INT8 = (6, 2)
"""The one after it without them (TX2)."""
FP16_FROM: dict[Runtime, tuple[int, int]] = {
    "tensorrt": (5, 3),
    "tensorrt-rtx": (7, 5),
}
"""The first compute capability that runs the half-precision file."""
Precision: TypeAlias = Literal["int8", "fp16"]
MAX_REASON = 300
LAYERS = "Layers:\n"
"""How the message begins in which a build lists its layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of a model that a GPU can run: its precision and its ONNX file."""

    precision: Precision
    model: bytes


def choose_precision(
    runtime: Runtime, trt: ModuleType, gpu: Gpu, *, has_fp16: bool
) -> Precision:
    """Return int8 where the GPU has it, otherwise half precision.

    Args:
        runtime: Which.
        trt: Its module.
        gpu: The GPU.
        has_fp16: The bundle has a file in half precision.

    Raises:
        EngineFault: The runtime or the driver is too old, or the GPU can run neither.
    """
    spoken, version = SPOKEN[runtime], str(trt.__version__)
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_VERSION[runtime]:
        oldest = ".".join(map(str, MIN_VERSION[runtime]))
        raise EngineFault(f"{spoken} {version} is older than {oldest}")
    if gpu.driver < MIN_DRIVER[runtime]:
        raise EngineFault(
            f"the NVIDIA driver is for CUDA {_spoken_cuda(gpu.driver)}, {spoken} needs "
            f"{_spoken_cuda(MIN_DRIVER[runtime])}: update the driver"
        )
    if gpu.capability >= INT8_FROM[runtime] and gpu.capability != WITHOUT_INT8:
        return "int8"
    named = f"{gpu.name} (capability {gpu.capability[0]}.{gpu.capability[1]})"
    if gpu.capability < FP16_FROM[runtime]:
        raise EngineFault(f"{named} has neither int8 nor half precision")
    if not has_fp16:
        raise EngineFault(f"{named} has no int8, and the bundle no file without it")
    return "fp16"


def _spoken_cuda(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 10}"


def target_of(runtime: Runtime, gpu: Gpu) -> str:
    """Return what to compile for: "" is the GPU at hand, else as "SM86"."""
    if runtime == "tensorrt":
        return ""
    return f"SM{gpu.capability[0]}{gpu.capability[1]}"


def listener(trt: ModuleType) -> Any:
    """Return a logger that keeps the errors and the list of layers of the last build.

    It has `errors`, a list of sentences, and `layers`, the lines in which a build that
    is aimed at a capability says how it runs each layer. TensorRT keeps the first
    logger of a process: make one.
    """

    class Listener(trt.ILogger):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []
            self.layers: list[str] = []

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                self.errors.append(msg)
            elif msg.startswith(LAYERS):
                self.layers = msg.splitlines()[1:]

    return Listener()


def build(
    trt: ModuleType, logger: Any, form: Form, side_px: int, *, target: str = ""
) -> bytes:
    """Build a plan from an ONNX file with Q/DQ pairs, or one in half precision.

    Args:
        trt: TensorRT's module, or that of TensorRT for RTX.
        logger: From `listener`.
        form: The file.
        side_px: Side of the crops.
        target: A compute capability, as "SM86", for TensorRT for RTX; "" for the GPU
            at hand.

    Raises:
        EngineFault: TensorRT refuses the file or gives nothing.
    """
    logger.errors, logger.layers = [], []
    builder = trt.Builder(logger)
    network = _parsed(trt, logger, builder, form.model)
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    if target:
        _aim(trt, config, target)
    elif _is_weakly_typed(trt):
        config.set_flag(trt.BuilderFlag.FP16)
        if form.precision == "int8":
            config.set_flag(trt.BuilderFlag.INT8)
    profile = builder.create_optimization_profile()
    profile.set_shape(INPUT_NAME, *((n, 3, side_px, side_px) for n in BATCHES))
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        aim = f" for {target}" if target else ""
        why = f": {logger.errors[-1][:MAX_REASON]}" if logger.errors else ""
        raise EngineFault(f"TensorRT's build gave nothing{aim}{why}")
    return bytes(plan)


def _is_weakly_typed(trt: ModuleType) -> bool:
    return not hasattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED")


def _parsed(trt: ModuleType, logger: Any, builder: Any, model: bytes) -> Any:
    flags = trt.NetworkDefinitionCreationFlag
    kind = flags.EXPLICIT_BATCH if _is_weakly_typed(trt) else flags.STRONGLY_TYPED
    network = builder.create_network(1 << int(kind))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        errors = [str(parser.get_error(i)) for i in range(parser.num_errors)]
        why = "; ".join(errors)[:MAX_REASON]
        raise EngineFault(f"TensorRT cannot read the model: {why}")
    return network


def _aim(trt: ModuleType, config: Any, target: str) -> None:
    """Compile for one capability, and say in the log how each layer is run."""
    members = trt.ComputeCapability.__members__
    known = {name: members[name] for name in members if name.startswith("SM")}
    if target not in known:
        names = ", ".join(known)
        raise EngineFault(f"TensorRT for RTX does not know {target}; it knows {names}")
    config.num_compute_capabilities = 1
    config.set_compute_capability(known[target], 0)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
