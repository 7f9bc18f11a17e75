"""A bundle's model, loaded and ready on one backend."""

import platform
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.card import InputEntry
from leukoscope_edge.types import F32, U8

INPUT_NAME = "input"
LOGITS_NAME = "logits"
CPU_PROVIDER = "CPUExecutionProvider"
CPU_INFO = Path("/proc/cpuinfo")
VNNI = frozenset({"avx512_vnni", "avx_vnni"})
"""What Linux calls x86 instructions that add int8 products in 32 bits."""
LOG_NOTHING = 4
"""Fatal alone: errors reach us as exceptions, and are told once, in our words."""
MAX_REASON = 300
"""Characters of a runtime's own message that we pass on."""


class Engine(Protocol):
    """A model that turns crops into logits, used as a context manager."""

    @property
    def name(self) -> str:
        """The runtime and its version."""
        ...

    @property
    def fallback(self) -> str:
        """Why a slower backend serves in the place of a faster one; "" where not."""
        ...

    @property
    def is_accelerated(self) -> bool:
        """Whether a GPU serves; its arithmetic is not the CPU's."""
        ...

    def run(self, crops: U8) -> F32:
        """Return (N, A) float32 answers to (N, s, s, 3) uint8 RGB crops.

        The columns are the logits of normal and blast and, where the card has
        `outliers`, the distance to the cells that the model learned from.
        """
        ...

    def __enter__(self) -> "Engine": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def prepare(crops: U8, spec: InputEntry) -> F32:
    """Turn crops into the model's input as its card says.

    Args:
        crops: (N, side, side, 3) uint8 RGB.
        spec: The card's input entry.

    Returns:
        (N, 3, side, side) float32, normalised per channel.

    Raises:
        ValueError: The crops have another shape or type than the card says.
    """
    side = spec.side_px
    if crops.shape[1:] != (side, side, 3) or crops.dtype != np.uint8:
        raise ValueError(
            f"crops must be (N, {side}, {side}, 3) uint8, got {crops.shape} "
            f"{crops.dtype}"
        )
    gain = 1 / (255 * np.array(spec.std, np.float32))
    offset = np.array(spec.mean, np.float32) / np.array(spec.std, np.float32)
    scaled = crops.astype(np.float32) * gain - offset
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)


class OnnxCpuEngine:
    """The bundle's CPU model on ONNX Runtime."""

    fallback = ""
    is_accelerated = False

    def __init__(self, bundle: Bundle, *, n_threads: int = 0) -> None:
        """Load the model and check that it is what the card says.

        Args:
            bundle: A verified bundle.
            n_threads: Threads inside an operator; 0 lets the runtime take all cores.

        Raises:
            BundleError: The model does not load, or has other inputs and outputs.
        """
        self._card = bundle.card
        where = bundle.folder / bundle.card.model_cpu.name
        self._session = open_session(bundle.model, where, n_threads)
        _check_ports(self._session, bundle, str(where))

    @property
    def name(self) -> str:
        """The runtime and its version."""
        import onnxruntime

        return f"onnxruntime-cpu {onnxruntime.__version__}"

    def __enter__(self) -> "OnnxCpuEngine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session = None

    def run(self, crops: U8) -> F32:
        """Return (N, A) float32 answers to (N, side, side, 3) uint8 RGB crops.

        Raises:
            BundleError: The model does not run, or gives numbers that are not finite.
        """
        if len(crops) == 0:
            return np.zeros((0, self._card.n_answers), np.float32)
        feed = {INPUT_NAME: prepare(crops, self._card.input)}
        try:
            logits: F32 = self._session.run([LOGITS_NAME], feed)[0]
        except Exception as err:  # the runtime has no common base class for its errors
            why = one_line(err)
            raise BundleError(
                f"{self._card.id}: ONNX Runtime cannot run it: {why}; "
                "use another bundle"
            ) from err
        if not np.isfinite(logits).all():
            raise BundleError(f"{self._card.id}: the model gives numbers out of range")
        return logits


def session_entries(cpu_info: Path = CPU_INFO) -> dict[str, str]:
    """Return what every session of ours asks of ONNX Runtime.

    x86 without VNNI adds two int8 products in 16 bits and saturates: logits of the
    shipped models moved by up to 0.26 (measured, docs/engines.md). There the runtime is
    asked for the slower kernels, which give bit for bit what every other processor
    gives. With VNNI they would only halve the speed.

    Args:
        cpu_info: Linux's description of the processor.
    """
    # Spinning doubled latencies with a camera thread alongside (measured).
    entries = {"session.intra_op.allow_spinning": "0"}
    if platform.machine() == "x86_64" and not VNNI & _cpu_words(cpu_info):
        entries["session.x64quantprecision"] = "1"
    return entries


def _cpu_words(cpu_info: Path) -> set[str]:
    try:
        return set(cpu_info.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return set()


def open_session(model: bytes, where: Path, n_threads: int) -> Any:
    """Return a session of ONNX Runtime on the CPU.

    Args:
        model: A whole ONNX file.
        where: Its place, for the message.
        n_threads: Threads inside an operator; 0: all cores.

    Raises:
        BundleError: It does not load.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    for name, value in session_entries().items():
        options.add_session_config_entry(name, value)
    options.log_severity_level = LOG_NOTHING
    try:
        return onnxruntime.InferenceSession(
            model,
            sess_options=options,
            providers=[CPU_PROVIDER],
            enable_fallback=0,  # it would try again in silence
        )
    except Exception as err:  # as in `run`
        why = one_line(err)
        raise BundleError(f"{where}: ONNX Runtime cannot load it: {why}") from err


def _check_ports(session: Any, bundle: Bundle, where: str) -> None:
    side = bundle.card.input.side_px
    inputs = [(i.name, i.shape[1:], i.type) for i in session.get_inputs()]
    expected = [(INPUT_NAME, [3, side, side], "tensor(float)")]
    if inputs != expected:
        raise BundleError(f"{where}: inputs {inputs}, the card wants {expected}")
    outputs = {o.name: o.shape[1:] for o in session.get_outputs()}
    n_answers = bundle.card.n_answers
    if outputs.get(LOGITS_NAME) != [n_answers]:
        raise BundleError(
            f"{where}: outputs {outputs}, expected '{LOGITS_NAME}' of {n_answers}"
        )
    if session.get_providers() != [CPU_PROVIDER]:
        raise BundleError(f"{where}: runs on {session.get_providers()}, not the CPU")


def one_line(err: Exception) -> str:
    """Return what the runtime says, in one line of bearable length."""
    return " ".join(str(err).split())[:MAX_REASON]
