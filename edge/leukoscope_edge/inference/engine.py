"""A bundle's model, loaded and ready on one backend."""

from typing import Any, Protocol

import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.card_entries import InputEntry
from leukoscope_edge.inference.cpu_session import CPU_PROVIDER, CpuSession

INPUT_NAME = "input"
LOGITS_NAME = "logits"
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

    def __exit__(self, *_: object) -> None: ...


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
        self._session = _open_session(bundle, n_threads)

    @property
    def name(self) -> str:
        """The runtime and its version."""
        import onnxruntime

        return f"onnxruntime-cpu {onnxruntime.__version__}"

    def __enter__(self) -> "OnnxCpuEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def run(self, crops: U8) -> F32:
        """Return (N, A) float32 answers to (N, side, side, 3) uint8 RGB crops.

        Raises:
            BundleError: The model does not run, or gives numbers that are not finite.
        """
        if len(crops) == 0:
            return np.zeros((0, self._card.n_answers), np.float32)
        ready = prepare(crops, self._card.input)
        try:
            logits = self._session.run(ready, LOGITS_NAME)
        except Exception as err:  # the runtime has no common base class for its errors
            why = one_line(err)
            raise BundleError(
                f"{self._card.id}: ONNX Runtime cannot run it: {why}; "
                "use another bundle"
            ) from err
        if not np.isfinite(logits).all():
            raise BundleError(f"{self._card.id}: the model gives numbers out of range")
        return logits


def _open_session(bundle: Bundle, n_threads: int) -> CpuSession:
    where = bundle.folder / bundle.card.model_cpu.name
    try:
        session = CpuSession(bundle.model, n_threads=n_threads)
    except Exception as err:  # as in `run`
        why = one_line(err)
        raise BundleError(f"{where}: ONNX Runtime cannot load it: {why}") from err
    _check_ports(session.runtime, bundle, str(where))
    return session


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
    """Return what a runtime says, in one line of bearable length."""
    return " ".join(str(err).split())[:MAX_REASON]
