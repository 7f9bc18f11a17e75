"""Which backend serves, and what happens when it stops serving.

TensorRT where it can be had and answers the bundle's stored cells as it should; the CPU
otherwise, at once, with the reason in every result. A cached plan that does not do is
rebuilt once. A fault in the middle of a slide moves to the CPU for the rest of it: the
crops that were on their way are judged again, and none is lost.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.durable import home
from leukoscope_edge.errors import BundleError, CachedPlanFault, EngineFault
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.card import Card
from leukoscope_edge.inference.cascade import CascadeEngine
from leukoscope_edge.inference.engine import Engine, OnnxCpuEngine
from leukoscope_edge.inference.nvidia.compiler import Runtime
from leukoscope_edge.inference.nvidia.tensorrt import TensorRtEngine, runtimes_here
from leukoscope_edge.inference.selftest import self_test
from leukoscope_edge.inference.views import N_VIEWS, TurnedEngine
from leukoscope_edge.log import passed_over

Backend = Literal["auto", "cpu", "tensorrt", "tensorrt-rtx"]
ACCELERATED: dict[Backend, tuple[Runtime, ...]] = {
    "auto": ("tensorrt", "tensorrt-rtx"),
    "cpu": (),
    "tensorrt": ("tensorrt",),
    "tensorrt-rtx": ("tensorrt-rtx",),
}
"""What is tried, in this order: a device has the one that its maker chose."""


class Starter(Protocol):
    """Starts a TensorRT for a bundle."""

    def __call__(
        self, bundle: Bundle, runtime: Runtime, *, rebuild: bool
    ) -> TensorRtEngine:
        """Return it ready; `rebuild` builds even where there is a plan."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Who serves, and why it is not TensorRT where it might have been.

    Attributes:
        backend: What runs now.
        reason: Why TensorRT does not serve; "" where it does or was not asked.
    """

    backend: Literal["cpu", "tensorrt", "tensorrt-rtx"]
    reason: str = ""


class FallbackEngine:
    """One network on TensorRT until it fails, then on the CPU for good."""

    def __init__(
        self,
        bundle: Bundle,
        accelerated: TensorRtEngine | None,
        reason: str,
        threads: int,
    ) -> None:
        """Take over a running TensorRT engine, or start on the CPU.

        Args:
            bundle: The verified bundle.
            accelerated: TensorRT, tested; or None.
            reason: Why there is none; "" where it was not asked.
            threads: For the CPU; 0 is all cores.

        Raises:
            BundleError: The CPU has to serve, and its model does not load.
        """
        self._threads = threads
        self._bundle = bundle.without_files() if accelerated is None else bundle
        self._engine: TensorRtEngine | OnnxCpuEngine
        if accelerated is None:
            self._engine = OnnxCpuEngine(bundle, n_threads=threads)
            self.served = Served(backend="cpu", reason=reason)
        else:
            self._engine = accelerated
            self.served = Served(backend=accelerated.runtime)

    @property
    def name(self) -> str:
        """The runtime that serves now, and its version."""
        return self._engine.name

    @property
    def fallback(self) -> str:
        """Why TensorRT does not serve; "" where it does or was not asked."""
        return self.served.reason

    @property
    def is_accelerated(self) -> bool:
        """Whether TensorRT serves now."""
        return self._engine.is_accelerated

    def run(self, crops: U8) -> F32:
        """Return (N, A) float32 answers to (N, s, s, 3) uint8 RGB crops.

        Raises:
            BundleError: The CPU's model does not run.
        """
        try:
            return self._engine.run(crops)
        except EngineFault as err:
            self._move_to_cpu(str(err))
        return self._engine.run(crops)

    def _move_to_cpu(self, reason: str) -> None:
        self._engine.__exit__(None, None, None)
        self._engine = OnnxCpuEngine(self._bundle, n_threads=self._threads)
        self.served = Served(backend="cpu", reason=reason)

    def __enter__(self) -> "FallbackEngine":
        return self

    def __exit__(self, *why: object) -> None:
        self._engine.__exit__(*why)


def default_cache() -> Path:
    """Return where this user's plans lie (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or home() / ".cache"
    return Path(base) / "leukoscope" / "engines"


def open_engine(
    bundle: Bundle,
    *,
    backend: Backend = "auto",
    n_threads: int = 0,
    cache: Path | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Engine:
    """Open a bundle's networks on the best backend that works here.

    Args:
        bundle: A verified bundle, of one network or a pair.
        backend: `auto` falls back to the CPU, `cpu` does not try the GPU, the others
            fail where they cannot serve.
        n_threads: For the CPU; 0 is all cores.
        cache: Folder of TensorRT's plans; None is the user's own.
        on_progress: Told in a sentence when a build begins.

    Raises:
        BundleError: The CPU has to serve, and its model does not load.
        EngineFault: A TensorRT was demanded and cannot serve.
    """
    folder = cache or default_cache()

    def start(bundle: Bundle, runtime: Runtime, *, rebuild: bool) -> TensorRtEngine:
        return TensorRtEngine(
            bundle, folder, runtime=runtime, rebuild=rebuild, on_progress=on_progress
        )

    def ready(network: Bundle) -> Engine:
        one = open_network(network, backend, n_threads, start, runtimes_here)
        return TurnedEngine(one) if bundle.card.views == N_VIEWS else one

    deep = ready(bundle)
    if bundle.quick is None:
        return deep
    quick = ready(bundle.quick)
    return CascadeEngine(
        quick,
        deep,
        quick_decision=bundle.quick.card.decision,
        decision=bundle.card.decision,
        distance_limits=_distance_limits(bundle.quick.card, bundle.card),
    )


def _distance_limits(quick: Card, deep: Card) -> tuple[float, float] | None:
    if quick.outliers is None or deep.outliers is None:
        return None
    return quick.outliers.distance_limit, deep.outliers.distance_limit


def open_network(
    bundle: Bundle,
    backend: Backend,
    n_threads: int,
    start: Starter,
    usable: Callable[[Bundle, Sequence[Runtime]], tuple[Runtime, ...]],
) -> FallbackEngine:
    """Open one network; see `open_engine`.

    Args:
        bundle: The network.
        backend: As in `open_engine`.
        n_threads: As in `open_engine`.
        start: Starts a TensorRT.
        usable: Says which may be tried here, as `runtimes_here`.
    """
    if backend == "cpu":
        return FallbackEngine(bundle, None, "", n_threads)
    try:
        runtimes = usable(bundle, ACCELERATED[backend])
        accelerated = _start_first(bundle, runtimes, start)
    except EngineFault as err:
        if backend != "auto":
            raise
        return FallbackEngine(bundle, None, str(err), n_threads)
    return FallbackEngine(bundle, accelerated, "", n_threads)


def _start_first(
    bundle: Bundle, runtimes: Sequence[Runtime], start: Starter
) -> TensorRtEngine:
    """Start the first that works.

    Raises:
        EngineFault: None does; the message has every reason.
    """
    reasons = []
    for runtime in runtimes:
        try:
            return _start_tested(bundle, runtime, start)
        except EngineFault as err:
            reasons.append(str(err))
    raise EngineFault("; ".join(reasons))


def _start_tested(bundle: Bundle, runtime: Runtime, start: Starter) -> TensorRtEngine:
    """Start a runtime and test it; where a plan that was there fails, rebuild once."""
    try:
        return _tested(start(bundle, runtime, rebuild=False), bundle)
    except CachedPlanFault as err:
        passed_over(err, doing="starting a stored plan, which is built anew")
        return _tested(start(bundle, runtime, rebuild=True), bundle)


def _tested(engine: TensorRtEngine, bundle: Bundle) -> TensorRtEngine:
    try:
        self_test(engine, bundle)
    except (BundleError, EngineFault) as err:
        engine.close()
        raise engine.fault(str(err)) from err
    return engine
