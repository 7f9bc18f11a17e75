"""By which chances cells of several laboratories are drawn to teach their kinds."""

import numpy as np

from leukoscope_edge.arrays import F64
from leukoscope_train.data.laboratories import LabCells

BLAST_SHARE = 0.32
"""Of the draws: the question that matters gets a third of the cells."""
PRECURSOR_SHARE = 0.08
CNMC_SHARE_OF_BLASTS = 0.25
"""The rest are of laboratories whose normal cells are kinds of blood."""
DEGRADED_SHARE = 0.3
"""Of the draws where there are cells seen through a calculated cheap microscope."""


def draw_chances(cells: LabCells) -> F64:
    """Return (N,) chances by which cells are drawn.

    Blasts and precursors get their shares, the other kinds the rest in equal parts;
    in a kind every laboratory counts alike, but for C-NMC's share of the blasts.
    """
    chances = np.zeros(len(cells))
    for kind in np.unique(cells.kinds):
        here = cells.kinds == kind
        for laboratory, share in _laboratory_shares(cells, str(kind)).items():
            own = here & (cells.laboratories == laboratory)
            chances[own] = _kind_share(cells, str(kind)) * share * _even(cells, own)
    return np.asarray(chances / chances.sum(), np.float64)


def _even(cells: LabCells, own: np.ndarray) -> F64:
    """Return the chances within one kind of one laboratory, which sum to 1."""
    degraded = cells.is_degraded[own]
    if degraded.all() or not degraded.any():
        return np.full(int(own.sum()), 1 / own.sum())
    part = np.where(degraded, DEGRADED_SHARE, 1 - DEGRADED_SHARE)
    return np.asarray(part / np.where(degraded, degraded.sum(), (~degraded).sum()))


def _kind_share(cells: LabCells, kind: str) -> float:
    fixed = {"blast": BLAST_SHARE, "B-precursor": PRECURSOR_SHARE}
    if kind in fixed:
        return fixed[kind]
    others = [k for k in np.unique(cells.kinds) if k not in fixed]
    return (1 - sum(fixed.values())) / len(others)


def _laboratory_shares(cells: LabCells, kind: str) -> dict[str, float]:
    names = np.unique(cells.laboratories[cells.kinds == kind]).tolist()
    if kind == "blast" and "cnmc" in names and len(names) > 1:
        rest = (1 - CNMC_SHARE_OF_BLASTS) / (len(names) - 1)
        return {n: CNMC_SHARE_OF_BLASTS if n == "cnmc" else rest for n in names}
    return dict.fromkeys(names, 1 / len(names))
