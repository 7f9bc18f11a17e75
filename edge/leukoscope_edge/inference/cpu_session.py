"""ONNX Runtime on the CPU, as all of the device's networks use it."""

import platform
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from leukoscope_edge.arrays import F32

CPU_PROVIDER = "CPUExecutionProvider"
CPU_INFO = Path("/proc/cpuinfo")
VNNI = frozenset({"avx512_vnni", "avx_vnni"})
"""What Linux calls x86 instructions that add int8 products in 32 bits."""
LOG_NOTHING = 4
"""Fatal alone: errors reach us as exceptions, and are told once, in our words."""
SPIN_US = 50
"""How long a thread waits awake for the next operator (measured, docs/engines.md)."""
KNOWS_SPIN_US = (1, 26)
"""The first ONNX Runtime that can stop waiting; an older one would wait on and on."""


class Session(Protocol):
    """A loaded model."""

    def run(self, ready: F32, output: str) -> F32:
        """Run a batch; see `CpuSession`."""
        ...


class OpenSession(Protocol):
    """Loads a model, as `CpuSession` does."""

    def __call__(self, model: bytes, *, n_threads: int) -> Session:
        """Load an ONNX file's bytes, with so many threads inside an operator."""
        ...


class CpuSession:
    """A model, loaded for the CPU."""

    def __init__(self, model: bytes, *, n_threads: int = 0) -> None:
        """Load a model; what the runtime raises is left to the caller.

        Args:
            model: An ONNX file's bytes.
            n_threads: Threads inside an operator; 0 lets the runtime take all cores.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        options.enable_mem_pattern = False  # a block for each size of batch
        options.enable_cpu_mem_arena = False  # it keeps what the largest batch needed
        for name, value in session_entries().items():
            options.add_session_config_entry(name, value)
        options.log_severity_level = LOG_NOTHING
        self.runtime: Any = onnxruntime.InferenceSession(
            model,
            sess_options=options,
            providers=[CPU_PROVIDER],
            enable_fallback=0,  # it would try again in silence
        )
        self.runtime._model_bytes = None  # noqa: SLF001 - held for that fallback alone
        self._input = self.runtime.get_inputs()[0].name

    def run(self, ready: F32, output: str) -> F32:
        """Run a batch.

        Args:
            ready: (N, ...) float32 for the model's first input, N at least 1.
            output: The name of what is wanted.

        Returns:
            (N, ...) float32. A row may depend on how many there are by a rounding
            (1e-6 of a logit, measured).
        """
        [found] = self.runtime.run([output], {self._input: ready})
        return np.asarray(found, np.float32)

    def close(self) -> None:
        """Let the model go."""
        self.runtime = None


def session_entries(cpu_info: Path = CPU_INFO) -> dict[str, str]:
    """Return what every session of ours asks of ONNX Runtime.

    x86 without VNNI adds two int8 products in 16 bits and saturates: logits of the
    shipped models moved by up to 0.26 (measured, docs/engines.md). There the runtime is
    asked for the slower kernels, which give bit for bit what every other processor
    gives. With VNNI they would only halve the speed.

    Threads that share an operator wait awake for the next one for SPIN_US, and never
    between two runs. Waiting awake without an end doubled latencies beside a camera
    (measured), so an ONNX Runtime that knows no end does not begin.

    Args:
        cpu_info: Linux's description of the processor.
    """
    entries = {"session.intra_op.allow_spinning": "0"}
    if _runtime_version() >= KNOWS_SPIN_US:
        entries = {
            "session.intra_op.allow_spinning": "1",
            "session.intra_op.spin_duration_us": str(SPIN_US),
            "session.force_spinning_stop": "1",
        }
    if platform.machine() == "x86_64" and not VNNI & _cpu_words(cpu_info):
        entries["session.x64quantprecision"] = "1"
    return entries


def _runtime_version() -> tuple[int, int]:
    import onnxruntime

    major, minor, *_ = onnxruntime.__version__.split(".")
    return int(major), int(minor)


def _cpu_words(cpu_info: Path) -> set[str]:
    try:
        return set(cpu_info.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return set()
