"""Cells of a laboratory for tests, of which only what matters is said."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import U8
from leukoscope_train.data import LabCells


def lab_cells(
    kinds: Sequence[str],
    laboratories: str | Sequence[str] = "a",
    *,
    pixels: U8 | None = None,
    people: str | Sequence[str] = "",
    names: Sequence[str] | None = None,
    splits: str | Sequence[str] = "",
    areas_um2: float | npt.ArrayLike = 80.0,
    is_degraded: bool | npt.ArrayLike = False,
) -> LabCells:
    """Return cells; a value that is said once is every cell's.

    Args:
        kinds: (N,), one of KINDS each.
        laboratories: Of all, or (N,).
        pixels: (N, side, side, 3) RGB; None draws nothing, of 4 px.
        people: Of all, or (N,).
        names: (N,); None numbers them from 0.
        splits: Of all, or (N,).
        areas_um2: Of all, or (N,).
        is_degraded: Of all, or (N,).
    """
    n = len(kinds)
    drawn = np.zeros((n, 4, 4, 3), np.uint8) if pixels is None else pixels
    numbers = [str(i) for i in range(n)]

    def each(value: npt.ArrayLike) -> npt.NDArray[np.generic]:
        return np.broadcast_to(np.asarray(value), (n,)).copy()

    return LabCells(
        pixels=drawn,
        kinds=np.array(kinds, np.str_),
        laboratories=each(laboratories).astype(np.str_),
        people=each(people).astype(np.str_),
        names=np.array(numbers if names is None else names, np.str_),
        splits=each(splits).astype(np.str_),
        areas_um2=each(areas_um2).astype(np.float64),
        is_degraded=each(is_degraded).astype(np.bool_),
    )
