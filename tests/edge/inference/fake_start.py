"""Starts the real parent of TensorRT over a child that fails as it is told."""

import sys
from pathlib import Path

from leukoscope_edge.inference import Bundle
from leukoscope_edge.inference.nvidia.compiler import Runtime
from leukoscope_edge.inference.nvidia.tensorrt import (
    TensorRtEngine,
    TimeLimits,
)

BOTH: tuple[Runtime, ...] = ("tensorrt", "tensorrt-rtx")

FAKE = Path(__file__).with_name("fake_tensorrt.py")
QUICK_LIMITS = TimeLimits(build_s=60, run_s=60)


class Fake:
    """Starts the child with a fault, and counts how often."""

    def __init__(
        self, cache: Path, fault: str, limits: TimeLimits = QUICK_LIMITS
    ) -> None:
        self.cache, self.fault, self.limits = cache / "plans", fault, limits
        self.runtimes: list[Runtime] = []
        self.rebuilds: list[bool] = []
        self.told: list[str] = []

    def __call__(
        self, bundle: Bundle, runtime: Runtime = "tensorrt", *, rebuild: bool
    ) -> TensorRtEngine:
        self.runtimes.append(runtime)
        self.rebuilds.append(rebuild)
        return TensorRtEngine(
            bundle,
            self.cache,
            runtime=runtime,
            child=(sys.executable, str(FAKE), self.fault),
            limits=self.limits,
            rebuild=rebuild,
            on_progress=self.told.append,
        )
