"""A bundle's model, loaded and ready on one backend."""

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

    def run(self, crops: U8) -> F32:
        """Return (N, 2) float32 logits, normal and blast, of (N, s, s, 3) uint8 RGB."""
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

    def __init__(self, bundle: Bundle, *, n_threads: int = 0) -> None:
        """Load the model and check that it is what the card says.

        Args:
            bundle: A verified bundle.
            n_threads: Threads inside an operator; 0 lets the runtime take all cores.

        Raises:
            BundleError: The model does not load, or has other inputs and outputs.
        """
        self._card = bundle.card
        self._session = _open_session(bundle, n_threads)

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
        """Return (N, 2) float32 logits of (N, side, side, 3) uint8 RGB crops.

        Raises:
            BundleError: The model gives numbers that are not finite.
        """
        if len(crops) == 0:
            return np.zeros((0, 2), np.float32)
        feed = {INPUT_NAME: prepare(crops, self._card.input)}
        logits: F32 = self._session.run([LOGITS_NAME], feed)[0]
        if not np.isfinite(logits).all():
            raise BundleError(f"{self._card.id}: the model gives numbers out of range")
        return logits


def _open_session(bundle: Bundle, n_threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    # Spinning doubled latencies with a camera thread alongside (measured).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    where = bundle.folder / bundle.card.model_cpu.name
    try:
        session = onnxruntime.InferenceSession(
            bundle.model, sess_options=options, providers=[CPU_PROVIDER]
        )
    except Exception as err:  # the runtime has no common base class for its errors
        raise BundleError(f"{where}: ONNX Runtime cannot load it: {err}") from err
    _check_ports(session, bundle, str(where))
    return session


def _check_ports(session: Any, bundle: Bundle, where: str) -> None:
    side = bundle.card.input.side_px
    inputs = [(i.name, i.shape[1:], i.type) for i in session.get_inputs()]
    expected = [(INPUT_NAME, [3, side, side], "tensor(float)")]
    if inputs != expected:
        raise BundleError(f"{where}: inputs {inputs}, the card wants {expected}")
    outputs = {o.name: o.shape[1:] for o in session.get_outputs()}
    if outputs.get(LOGITS_NAME) != [2]:
        raise BundleError(f"{where}: outputs {outputs}, expected '{LOGITS_NAME}' of 2")
    if session.get_providers() != [CPU_PROVIDER]:
        raise BundleError(f"{where}: runs on {session.get_providers()}, not the CPU")


def self_test(engine: Engine, bundle: Bundle) -> float:
    """Run the stored cells and compare with the stored answers.

    Returns:
        The largest absolute difference of a logit.

    Raises:
        BundleError: It exceeds the card's tolerance.
    """
    logits = engine.run(bundle.golden.crops)
    worst = float(np.abs(logits - bundle.golden.logits).max())
    if worst > bundle.card.golden.logit_tolerance:
        raise BundleError(
            f"{bundle.card.id}: its stored cells give other answers on {engine.name}: "
            f"a logit differs by {worst:.3g}, allowed "
            f"{bundle.card.golden.logit_tolerance:.3g}; do not use this model here"
        )
    return worst
