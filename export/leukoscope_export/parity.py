"""Do the forms of one network say the same of the same real cells?

torch is the reference; the fp32 file, the CPU's int8 file and TensorRT's int8 file (run
here by ONNX Runtime, which follows its Q/DQ pairs exactly) are held against it.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.arrays import F32
from leukoscope_edge.inference import DecisionEntry, call_for, p_blast
from leukoscope_train.data import I64
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import metrics

MAX_F1_LOSS = 0.005
"""Half a point of weighted F1: what int8 may cost (project target)."""
MAX_CHANGED = 0.05
"""Share of cells whose call may change; beyond it something is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How a candidate's logits differ from the reference's on the same cells.

    Attributes:
        n_cells: How many cells.
        margin_rms: Root mean square difference of the margin (blast minus normal).
        margin_spread: Standard deviation of the reference's margin.
        calls_changed: Share of cells whose call differs at the operating points.
        f1_loss: Weighted F1 of the reference minus the candidate's.
        ece_change: Calibration error of the candidate minus the reference's.
        logit_error: Largest absolute difference of a logit.
        map_agreement: Mean correlation of the class activation maps, cell by cell;
            NaN where the network has none.
    """

    n_cells: int
    margin_rms: float
    margin_spread: float
    calls_changed: float
    f1_loss: float
    ece_change: float
    logit_error: float
    map_agreement: float


def compare(
    reference: F32,
    candidate: F32,
    labels: I64,
    decision: DecisionEntry,
    maps: tuple[F32, F32] | None = None,
) -> Parity:
    """Compare two forms of one network on the same cells.

    Args:
        reference: (N, 2) logits of the original.
        candidate: (N, 2) logits of the other form.
        labels: (N,) labels.
        decision: The operating points.
        maps: Both forms' class activation maps, (N, h, w), where there are any.
    """
    p_old = p_blast(reference, decision.temperature)
    p_new = p_blast(candidate, decision.temperature)
    calls_old = [call_for(float(p), decision).name for p in p_old]
    calls_new = [call_for(float(p), decision).name for p in p_new]
    changed = [old is not new for old, new in zip(calls_old, calls_new, strict=True)]
    old, new = (logits[:, 1] - logits[:, 0] for logits in (reference, candidate))
    return Parity(
        n_cells=len(labels),
        margin_rms=float(np.sqrt(np.mean((old - new) ** 2))),
        margin_spread=float(old.std()),
        calls_changed=float(np.mean(changed)),
        f1_loss=metrics.weighted_f1(labels, p_old >= 0.5)
        - metrics.weighted_f1(labels, p_new >= 0.5),
        ece_change=metrics.expected_calibration_error(labels, p_new)
        - metrics.expected_calibration_error(labels, p_old),
        logit_error=float(np.abs(reference - candidate).max()),
        map_agreement=map_agreement(*maps) if maps else float("nan"),
    )


def map_agreement(old: F32, new: F32) -> float:
    """Return the mean correlation of two sets of (N, h, w) maps, cell by cell.

    A map that is flat in one form and not in the other agrees by 0.
    """
    flat = [m.reshape(len(m), -1).astype(np.float64) for m in (old, new)]
    a, b = (m - m.mean(axis=1, keepdims=True) for m in flat)
    size = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    both_flat = (a == 0).all(axis=1) & (b == 0).all(axis=1)
    agreement = (a * b).sum(axis=1) / np.maximum(size, 1e-12)
    return float(np.where(both_flat, 1.0, agreement).mean())


def table(rows: dict[str, Parity]) -> str:
    """Return the forms and their differences as aligned text."""
    names = [f.name for f in dataclasses.fields(Parity)]
    lines = [f"{'form':<10}" + "".join(f"{n:>15}" for n in names)]
    for form, parity in rows.items():
        values = (getattr(parity, n) for n in names)
        lines.append(f"{form:<10}" + "".join(f"{v:>15.4g}" for v in values))
    return "\n".join(lines)


def refuse_beyond_tolerance(parity: Parity) -> None:
    """Refuse a quantised network that judges otherwise than its original.

    Raises:
        DataError: It loses too much weighted F1 or changes too many calls.
    """
    if parity.f1_loss > MAX_F1_LOSS:
        raise DataError(
            f"int8 loses {parity.f1_loss:.4f} of weighted F1, allowed {MAX_F1_LOSS}"
        )
    if parity.calls_changed > MAX_CHANGED:
        raise DataError(
            f"int8 changes {parity.calls_changed:.3f} of the calls, "
            f"allowed {MAX_CHANGED}"
        )
