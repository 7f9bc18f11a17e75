"""Do the quantised file and the network it came from say the same of real cells?"""

from dataclasses import dataclass

import numpy as np

from leukoscope_edge.inference.card import DecisionEntry
from leukoscope_edge.inference.classifier import call_for, p_blast
from leukoscope_edge.types import F32
from leukoscope_train import metrics
from leukoscope_train.cells import I64, DataError

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
    """

    n_cells: int
    margin_rms: float
    margin_spread: float
    calls_changed: float
    f1_loss: float
    ece_change: float


def compare(
    reference: F32, candidate: F32, labels: I64, decision: DecisionEntry
) -> Parity:
    """Compare (N, 2) logits of two forms of one network on the same cells."""
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
    )


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
