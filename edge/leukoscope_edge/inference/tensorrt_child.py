"""The child process in which TensorRT lives.

`python -m leukoscope_edge.inference.tensorrt_child FD` is started by `tensorrt` and by
nobody else. It takes one order and both forms of the model (int8, and half precision
where the bundle has it) over the socket FD, asks the driver, loads or builds the plan
of the form that the GPU can run, and then answers crops until the socket closes.
If TensorRT kills it, the parent reads the end of the socket and goes on without it.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

import numpy as np

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference import plan as plans
from leukoscope_edge.inference.card import InputEntry
from leukoscope_edge.inference.engine import prepare
from leukoscope_edge.inference.gpu import Cuda, Gpu, find_gpu
from leukoscope_edge.types import F32

CACHED, PROGRESS, READY, LOGITS, FAILED = b"C", b"P", b"R", b"L", b"F"
"""The first byte of every answer. CACHED says that a plan from the cache is loaded;
after READY only LOGITS and FAILED follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the parent wants.

    Attributes:
        input: The card's input entry.
        cache: Folder of the plans.
        rebuild: Build a new plan in the place of a cached one.
    """

    input: InputEntry
    cache: str
    rebuild: bool

    def to_json(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self)).encode()

    @staticmethod
    def from_json(data: bytes) -> "Order":
        """Read what `to_json` wrote."""
        stored = json.loads(data)
        return Order(**{**stored, "input": InputEntry(**stored["input"])})


def serve(
    connection: Connection,
    load: Callable[[], tuple[ModuleType, Cuda, Gpu]],
) -> None:
    """Answer one parent until it hangs up.

    Args:
        connection: To the parent.
        load: Returns TensorRT, the CUDA runtime and the GPU.
    """
    order = Order.from_json(connection.recv_bytes())
    models = {"int8": connection.recv_bytes(), "fp16": connection.recv_bytes()}
    try:
        trt, cuda, gpu = load()
        precision = plans.choose_precision(trt, gpu, has_fp16=bool(models["fp16"]))
        form = plans.Form(precision=precision, model=models[precision])
        del models
        runner = _runner(connection, order, form, (trt, cuda, gpu))
        name = f"tensorrt {trt.__version__} {precision} on {gpu.name}"
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
    except Exception as err:  # the border of the process: the parent must learn why
        connection.send_bytes(FAILED + f"{type(err).__name__}: {err}".encode())


def _runner(
    connection: Connection,
    order: Order,
    form: plans.Form,
    parts: tuple[ModuleType, Cuda, Gpu],
) -> plans.Runner:
    trt, cuda, gpu = parts
    folder = Path(order.cache)
    plans.own_folder(folder)
    key = plans.key_for(form, trt, cuda, gpu)
    logger = trt.Logger(trt.Logger.WARNING)
    plan = None if order.rebuild else plans.read_cached(folder, key)
    if plan is not None:
        connection.send_bytes(CACHED)
    else:
        text = f"building the TensorRT engine on {gpu.name}, once; this takes minutes"
        connection.send_bytes(PROGRESS + text.encode())
        plan = plans.build(trt, logger, form, order.input.side_px)
        plans.write_cached(folder, key, plan)
    return plans.Runner(trt, logger, cuda, plan)


def _run(runner: plans.Runner, ready: F32) -> F32:
    largest = plans.BATCHES[-1]
    parts = [
        runner.run(ready[start : start + largest])
        for start in range(0, len(ready), largest)
    ]
    return np.concatenate(parts)


def _load() -> tuple[ModuleType, Cuda, Gpu]:
    gpu = find_gpu()  # first: TensorRT without a driver kills the process
    try:
        import tensorrt
    except ImportError as err:
        raise EngineFault(f"TensorRT does not load ({err})") from err
    return tensorrt, Cuda(), gpu


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), _load)
