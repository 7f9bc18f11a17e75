"""TensorRT at arm's length: a child process, a socket and a watchdog.

TensorRT can end its process (a missing driver, a damaged plan), and a GPU can stop
answering. Neither can be caught inside one process, so the engine runs in a child. Each
request has a time limit; when it passes, the watchdog cuts the socket, which wakes the
parent even where the child can no longer be killed. A batch costs one copy through a
socket, 50 kB per cell.
"""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import CachedPlanFault, EngineFault
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.nvidia.compiler import MODULES, SPOKEN, Runtime
from leukoscope_edge.inference.nvidia.gpu import has_driver
from leukoscope_edge.inference.nvidia.tensorrt_child import (
    CACHED,
    FAILED,
    LOGITS,
    PROGRESS,
    READY,
    ChildOrder,
)
from leukoscope_edge.isolated import command_of
from leukoscope_edge.shared_connection import SharedConnection

CHILD = command_of("leukoscope_edge.inference.nvidia.tensorrt_child")
GOODBYE_S = 2.0
"""For the child to leave by itself once its socket is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long the child may take.

    Attributes:
        build_s: To load the plan, or build it: minutes on an Orin Nano, and nobody
            waits longer than for a blood count.
        run_s: For one batch; an Orin Nano needs tens of milliseconds for 32 cells.
    """

    build_s: float = 900.0
    run_s: float = 5.0


def is_installed(module: str) -> bool:
    """Say whether Python would find a module; it is not imported."""
    return find_spec(module) is not None


def runtimes_here(
    bundle: Bundle,
    wanted: Sequence[Runtime],
    *,
    has_driver: Callable[[], bool] = has_driver,
    is_installed: Callable[[str], bool] = is_installed,
) -> tuple[Runtime, ...]:
    """Return which of the wanted runtimes may serve a bundle here, in their order.

    Cheap, and calls neither the driver nor TensorRT.

    Raises:
        EngineFault: None may; the message says why.
    """
    if bundle.model_trt is None:
        raise EngineFault("the bundle has no file for TensorRT")
    if not has_driver():
        raise EngineFault("no NVIDIA driver is installed")
    found = tuple(runtime for runtime in wanted if is_installed(MODULES[runtime]))
    if not found:
        named = " nor ".join(SPOKEN[runtime] for runtime in wanted)
        either = f"neither {named} is" if len(wanted) > 1 else f"{named} is not"
        raise EngineFault(f"{either} installed for this Python")
    return found


class TensorRtEngine:
    """The bundle's model on TensorRT, in a child process."""

    fallback = ""
    is_accelerated = True

    def __init__(
        self,
        bundle: Bundle,
        cache: Path,
        *,
        runtime: Runtime = "tensorrt",
        child: Sequence[str] = CHILD,
        limits: TimeLimits = TimeLimits(),
        rebuild: bool = False,
        on_progress: Callable[[str], None] | None = None,
    ) -> None:
        """Start the child and wait until the engine is loaded, or built.

        Args:
            bundle: A verified bundle with a file for TensorRT.
            cache: Folder of the plans.
            runtime: Which TensorRT.
            child: The command to start; the socket's number is added.
            limits: How long it may take.
            rebuild: Build even where there is a plan.
            on_progress: Told in a sentence when a build begins.

        Raises:
            EngineFault: It does not come up.
        """
        if bundle.model_trt is None:
            raise EngineFault("the bundle has no file for TensorRT")
        self.runtime = runtime
        self._limits = limits
        self._was_cut = False
        self._is_cached = False
        ours, theirs = socket.socketpair()
        self._connection = SharedConnection(Connection(ours.detach()))
        with theirs:
            self._child = subprocess.Popen(  # noqa: S603 - our own module
                [*child, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._n_answers = bundle.card.n_answers
        order = ChildOrder(
            runtime=runtime,
            input=bundle.card.input,
            cache=str(cache),
            rebuild=rebuild,
            folder=str(bundle.folder),
            engines=bundle.card.engines or (),
        )
        models = bundle.model_trt, bundle.model_fp16 or b""
        try:
            self._name = self._start(order, models, on_progress)
        except BaseException:
            self.close()
            raise

    def _start(
        self,
        order: ChildOrder,
        models: tuple[bytes, bytes],
        on_progress: Callable[[str], None] | None,
    ) -> str:
        with self._watched(self._limits.build_s):
            self._connection.send_bytes(order.to_json())
            for model in models:
                self._connection.send_bytes(model)
            tag, rest = self._receive()
            while tag in (CACHED, PROGRESS):
                self._is_cached = tag == CACHED
                if on_progress and tag == PROGRESS:
                    on_progress(rest.decode())
                tag, rest = self._receive()
        return self._expect(READY, tag, rest).decode()

    @property
    def name(self) -> str:
        """The runtime, its version and the GPU."""
        return self._name

    def __enter__(self) -> "TensorRtEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; kill the child where it does not leave."""
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(GOODBYE_S)
            return
        self._child.kill()
        with suppress(subprocess.TimeoutExpired):  # a driver can hold it for ever
            self._child.wait(GOODBYE_S)

    def run(self, crops: U8) -> F32:
        """Return (N, A) float32 answers to (N, side, side, 3) uint8 RGB crops.

        Raises:
            EngineFault: The child died, hung, or gave what are no logits.
        """
        if len(crops) == 0:
            return np.zeros((0, self._n_answers), np.float32)
        with self._watched(self._limits.run_s):
            self._connection.send_bytes(np.ascontiguousarray(crops).data.cast("B"))
            tag, rest = self._receive()
        data = self._expect(LOGITS, tag, rest)
        logits = np.frombuffer(data, np.float32)
        if logits.size != self._n_answers * len(crops) or not np.isfinite(logits).all():
            raise self.fault("TensorRT gave numbers that are no logits")
        return logits.reshape(-1, self._n_answers)

    def fault(self, reason: str) -> EngineFault:
        """Return a reason as an exception that says whether a rebuild may help."""
        return CachedPlanFault(reason) if self._is_cached else EngineFault(reason)

    def _receive(self) -> tuple[bytes, bytes]:
        data = self._connection.recv_bytes()
        return data[:1], data[1:]

    def _expect(self, wanted: bytes, tag: bytes, rest: bytes) -> bytes:
        if tag == wanted:
            return rest
        why = rest.decode("utf-8", "replace") if tag == FAILED else "gave nonsense"
        raise self.fault(f"TensorRT: {why}")

    @contextmanager
    def _watched(self, limit_s: float) -> Iterator[None]:
        """Bound what happens inside in time, and name how the child ended."""
        timer = threading.Timer(limit_s, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (EOFError, OSError) as err:
            raise self.fault(self._how_it_ended(limit_s)) from err
        finally:
            timer.cancel()

    def _cut(self) -> None:
        self._was_cut = True
        self._child.kill()
        self._connection.hang_up()

    def _how_it_ended(self, limit_s: float) -> str:
        if self._was_cut:
            return f"TensorRT gave no answer in {limit_s:g} s"
        try:
            code = self._child.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            return "TensorRT's process stopped talking"
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"TensorRT's process ended with {ended}"
