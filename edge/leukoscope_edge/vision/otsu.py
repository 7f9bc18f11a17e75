"""Otsu's threshold for three classes, and the counts of grey levels it needs."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from leukoscope_edge.arrays import F32, U8, BoolArray

N_CLASSES = 3
ROWS_AT_ONCE = 64
"""Lower thresholds that are tried together: the pairs of all would be half a megabyte,
which costs more to get from the system than to fill."""
NO_ORDER = np.where(np.tri(ROWS_AT_ONCE, dtype=np.bool_), -np.inf, 0.0)
"""Added to the score of two thresholds of which the first is not the lower one."""


def otsu3(channel: U8) -> tuple[int, int]:
    """Return the two thresholds that part a channel into three classes best.

    Args:
        channel: (H, W) uint8.

    Returns:
        (t1, t2) with t1 <= t2; the upper class is `channel > t2`.

    Source: Otsu 1979, exhaustive search over both thresholds.
    """
    return otsu3_of(counts_of(channel))


def otsu3_of(counts: F32) -> tuple[int, int]:
    """Return the thresholds of `otsu3` from (256,) counts, one of them not 0."""
    used = np.flatnonzero(counts)
    if len(used) < N_CLASSES:
        return int(used[0]), int(used[0])
    own = counts[used].astype(np.float64)
    weight, moment = np.cumsum(own), np.cumsum(own * (used - used[0]))
    # The last level parts nothing off: what lies above it is empty.
    n_above, above = weight[-1] - weight[:-1], moment[-1] - moment[:-1]
    weight, moment = weight[:-1], moment[:-1]
    lower, upper = moment**2 / weight, above**2 / n_above
    best, t1, t2 = -np.inf, 0, 0
    for start in range(0, len(weight), ROWS_AT_ONCE):
        rows, columns = slice(start, start + ROWS_AT_ONCE), slice(start, None)
        score = moment[columns] - moment[rows, None]
        score *= score
        between = weight[columns] - weight[rows, None]
        between.reshape(-1)[:: between.shape[1] + 1] = 1.0  # of both the same level
        score /= between
        score += lower[rows, None]
        score += upper[columns]
        early = score[:, :ROWS_AT_ONCE]
        early += NO_ORDER[: early.shape[0], : early.shape[1]]
        row, column = divmod(int(score.argmax()), score.shape[1])
        if score[row, column] > best:
            best, t1, t2 = score[row, column], start + row, start + column
    return int(used[t1]), int(used[t2])


def counts_of(channel: U8, mask: BoolArray | None = None) -> F32:
    """Return how often each of 256 levels occurs, (256,) float32.

    Args:
        channel: (H, W) uint8.
        mask: (H, W) bool, where to count; None: everywhere.
    """
    where = None if mask is None else mask.view(np.uint8)
    counts = cv2.calcHist([channel], [0], where, [256], [0, 256])
    return np.asarray(counts, np.float32).ravel()


def joint_counts_of(first: U8, second: U8) -> F32:
    """Return how often each two levels occur together, (256, 256) float32.

    In the time in which `counts_of` counts one of them: the sums over an axis are the
    counts of each, and those over a part of it the counts where the other is in range.

    Args:
        first: (H, W) uint8, along the rows.
        second: (H, W) uint8, along the columns.
    """
    both = [np.asarray(first), np.asarray(second)]
    counts = cv2.calcHist(both, [0, 1], None, [256, 256], [0, 256, 0, 256])
    return np.asarray(counts, np.float32)


def median_of(counts: F32) -> float:
    """Return the median level of counts, one of which is not 0."""
    below = np.cumsum(counts.astype(np.int64))
    n = int(below[-1])
    low, high = below.searchsorted(((n - 1) // 2, n // 2), side="right").tolist()
    return float(low + high) / 2


def percentile_of(counts: npt.NDArray[np.int64] | F32, percent: float) -> float:
    """Return a percentile of counts, as `numpy.percentile` does of what was counted.

    Args:
        counts: (n,), how often each of the levels 0..n - 1 occurs, one of them not 0.
        percent: 0..100; between two ranks linearly.
    """
    below = np.cumsum(counts, dtype=np.int64)
    rank = float(below[-1] - 1) * percent / 100
    low, high = np.searchsorted(below, [int(rank), math.ceil(rank)], side="right")
    return float(low + (high - low) * (rank - int(rank)))
