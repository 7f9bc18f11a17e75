"""The child process in which TensorRT lives.

`python -m leukoscope_edge.inference.nvidia.tensorrt_child FD` is started by `tensorrt`
and by nobody else. It takes one order and both forms of the model (int8, and half
precision where the bundle has it) over the socket FD, asks the driver, takes the plan
that the bundle brings for this GPU, or a cached one, or builds one, and then answers
crops until the socket closes. If TensorRT kills it, the parent reads the end of the
socket and goes on without it.
"""

import hashlib
import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F32
from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.card_entries import EngineEntry, FileEntry, InputEntry
from leukoscope_edge.inference.engine import prepare
from leukoscope_edge.inference.nvidia import compiler
from leukoscope_edge.inference.nvidia import tensorrt_plan as plans
from leukoscope_edge.inference.nvidia.compiler import MODULES, SPOKEN, Form, Runtime
from leukoscope_edge.inference.nvidia.gpu import Cuda, CudaDriver, Gpu
from leukoscope_edge.inference.runner import Runner
from leukoscope_edge.log import start_log

CACHED, PROGRESS, READY, LOGITS, FAILED = b"C", b"P", b"R", b"L", b"F"
"""The first byte of every answer. CACHED says that a plan from the cache is loaded;
after READY only LOGITS and FAILED follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOrder:
    """What the parent wants.

    Attributes:
        runtime: Which TensorRT.
        input: The card's input entry.
        cache: Folder of the plans.
        rebuild: Build a new plan in the place of one that is there.
        folder: Of the bundle.
        engines: The plans that the bundle brings.
    """

    runtime: Runtime
    input: InputEntry
    cache: str
    rebuild: bool
    folder: str
    engines: tuple[EngineEntry, ...]

    def to_json(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self)).encode()

    @staticmethod
    def from_json(data: bytes) -> "ChildOrder":
        """Read what `to_json` wrote."""
        stored = json.loads(data)
        stored["input"] = InputEntry(**stored["input"])
        stored["engines"] = tuple(
            EngineEntry(**{**e, "file": FileEntry(**e["file"])})
            for e in stored["engines"]
        )
        return ChildOrder(**stored)


def serve(
    connection: Connection,
    load: Callable[[Runtime], tuple[ModuleType, Cuda, Gpu]],
) -> None:
    """Answer one parent until it hangs up.

    Args:
        connection: To the parent.
        load: Returns TensorRT, memory on the GPU and the GPU.
    """
    order = ChildOrder.from_json(connection.recv_bytes())
    models = {"int8": connection.recv_bytes(), "fp16": connection.recv_bytes()}
    try:
        trt, cuda, gpu = load(order.runtime)
        precision = compiler.choose_precision(
            order.runtime, trt, gpu, has_fp16=bool(models["fp16"])
        )
        form = Form(precision=precision, model=models[precision])
        del models
        logger = compiler.listener(trt)
        plan = _plan(connection, order, form, (trt, logger, gpu))
        runner = Runner(trt, logger, cuda, plan)
        name = f"{order.runtime} {trt.__version__} {precision} on {gpu.name}"
        connection.send_bytes(READY + name.encode())
        while True:
            crops = np.frombuffer(connection.recv_bytes(), np.uint8)
            side = order.input.side_px
            logits = _run(
                runner, prepare(crops.reshape(-1, side, side, 3), order.input)
            )
            connection.send_bytes(LOGITS + logits.tobytes())
    except EOFError:
        return
    except EngineFault as err:
        connection.send_bytes(FAILED + str(err).encode())
    except Exception as err:  # the border of the process: the parent must learn why  # noqa: BLE001
        connection.send_bytes(FAILED + f"{type(err).__name__}: {err}".encode())


def _plan(
    connection: Connection,
    order: ChildOrder,
    form: Form,
    parts: tuple[ModuleType, Any, Gpu],
) -> bytes:
    """Return the plan that is there already, or a new one."""
    trt, logger, gpu = parts
    folder = Path(order.cache)
    plans.own_folder(folder)
    key = plans.key_for(order.runtime, trt, form, gpu)
    target = compiler.target_of(order.runtime, gpu)
    if not order.rebuild:
        plan = _carried(order, form, str(trt.__version__), target)
        plan = plan or plans.read_cached(folder, key)
        if plan is not None:
            connection.send_bytes(CACHED)
            return plan
    text = f"building the TensorRT engine on {gpu.name}, once; this takes minutes"
    connection.send_bytes(PROGRESS + text.encode())
    plan = compiler.build(trt, logger, form, order.input.side_px, target=target)
    plans.write_cached(folder, key, plan)
    return plan


def _carried(order: ChildOrder, form: Form, version: str, target: str) -> bytes | None:
    """Return the plan that the bundle brings for this runtime and GPU, if any.

    Raises:
        EngineFault: It was compiled from another model, or its file is damaged.
    """
    wanted = order.runtime, version, target, form.precision
    for entry in order.engines:
        if (entry.runtime, entry.version, entry.target, entry.precision) != wanted:
            continue
        name = f"the bundle's engine for {target}"
        if entry.model_sha256 != hashlib.sha256(form.model).hexdigest():
            raise EngineFault(f"{name} was compiled from another model")
        try:
            plan = (Path(order.folder) / entry.file.name).read_bytes()
        except OSError as err:
            raise EngineFault(f"{name} cannot be read ({err.strerror})") from err
        if hashlib.sha256(plan).hexdigest() != entry.file.sha256:
            raise EngineFault(f"{name} is damaged or replaced")
        return plan
    return None


def _run(runner: Runner, ready: F32) -> F32:
    largest = compiler.BATCHES[-1]
    parts = [
        runner.run(ready[start : start + largest])
        for start in range(0, len(ready), largest)
    ]
    return np.concatenate(parts)


def _load(runtime: Runtime) -> tuple[ModuleType, Cuda, Gpu]:
    driver = CudaDriver()  # first: TensorRT without a driver kills the process
    gpu = driver.gpu()
    try:
        trt = importlib.import_module(MODULES[runtime])
    except (ImportError, OSError) as err:
        raise EngineFault(f"{SPOKEN[runtime]} does not load ({err})") from err
    return trt, Cuda(driver), gpu


if __name__ == "__main__":
    start_log()
    serve(Connection(int(sys.argv[1])), _load)
