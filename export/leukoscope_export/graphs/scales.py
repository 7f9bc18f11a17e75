"""One table of scales: the range of every activation, from named cells.

Both int8 files are written from this one table, so they differ in form and not in what
they know. Ranges are of the fp32 network's activations on the calibration set:

* `minmax`: all that was seen;
* `percentile`: 99.99 % of the absolute values;
* `entropy`: the threshold whose clipped, quantised histogram tells least apart from the
  original (Migacz 2017, the calibrator of TensorRT 10 and before).
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.inference import INPUT_NAME, InputEntry, prepare
from leukoscope_train.errors import DataError

Method = Literal["minmax", "percentile", "entropy"]
METHODS: tuple[Method, ...] = ("minmax", "percentile", "entropy")

BATCH = 16
N_BINS = 2048
"""Bins of a histogram of absolute values; Migacz's number."""
N_LEVELS = 128
"""Levels of the positive half of int8."""
BIN_STEP = 16
"""Thresholds are tried every 16 bins, which moves one by 0.8 % of the range."""
PERCENT = 99.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """The table.

    Attributes:
        method: How the ranges were chosen.
        model_sha256: Of the fp32 file.
        cells_sha256: Of the calibration cells' pixels, in order.
        n_cells: How many.
        ranges: (low, high) of every activation by its name in the fp32 file.
    """

    method: Method
    model_sha256: str
    cells_sha256: str
    n_cells: int
    ranges: dict[str, tuple[float, float]]


def measure(fp32: bytes, crops: U8, spec: InputEntry, method: Method) -> Scales:
    """Run the calibration cells through the fp32 network and choose the ranges.

    Args:
        fp32: The clean ONNX file.
        crops: (N, side, side, 3) uint8 RGB, the calibration cells.
        spec: The card's input entry.
        method: How to choose.
    """
    if len(crops) == 0:
        raise DataError("calibration needs at least one cell")
    runs = _Runs(fp32, crops, spec)
    ranges = _extremes(runs)
    if method != "minmax":
        for name, histogram in _histograms(runs, ranges).items():
            low, high = ranges[name]
            limit = _limit(histogram, max(-low, high), method)
            ranges[name] = (max(low, -limit), min(high, limit))
    return Scales(
        method=method,
        model_sha256=hashlib.sha256(fp32).hexdigest(),
        cells_sha256=hashlib.sha256(crops.tobytes()).hexdigest(),
        n_cells=len(crops),
        ranges=ranges,
    )


def save_scales(path: Path, scales: Scales) -> None:
    """Write the table as JSON."""
    path.write_text(json.dumps(asdict(scales), indent=1) + "\n", encoding="utf-8")


class _Runs:
    """The activations of every batch, by name; a new pass with every iteration."""

    def __init__(self, fp32: bytes, crops: U8, spec: InputEntry) -> None:
        import onnxruntime

        model = onnx.load_from_string(fp32)
        made = [name for n in model.graph.node for name in n.output]
        known = {o.name for o in model.graph.output}
        model.graph.output.extend(
            onnx.helper.make_empty_tensor_value_info(name)
            for name in made
            if name not in known
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._crops, self._spec = crops, spec

    def __iter__(self) -> Iterator[dict[str, F32]]:
        names = [o.name for o in self._session.get_outputs()]
        for start in range(0, len(self._crops), BATCH):
            ready = prepare(self._crops[start : start + BATCH], self._spec)
            values = self._session.run(names, {INPUT_NAME: ready})
            found = {INPUT_NAME: ready, **dict(zip(names, values, strict=True))}
            yield {k: v for k, v in found.items() if v.dtype == np.float32}


def _extremes(runs: _Runs) -> dict[str, tuple[float, float]]:
    ranges: dict[str, tuple[float, float]] = {}
    for batch in runs:
        for name, value in batch.items():
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = (min(low, float(value.min())), max(high, float(value.max())))
    return ranges


def _histograms(runs: _Runs, ranges: dict[str, tuple[float, float]]) -> dict[str, F64]:
    """Return (2048,) counts of absolute values up to the largest, by tensor."""
    counts = {name: np.zeros(N_BINS) for name in ranges}
    for batch in runs:
        for name, value in batch.items():
            top = max(-ranges[name][0], ranges[name][1]) or 1.0
            counts[name] += np.histogram(np.abs(value), N_BINS, (0.0, top))[0]
    return counts


def _limit(histogram: F64, top: float, method: Method) -> float:
    if method == "entropy":
        return top * entropy_bin(histogram) / N_BINS
    mass = np.cumsum(histogram) / max(histogram.sum(), 1)
    return top * (int(np.searchsorted(mass, PERCENT / 100)) + 1) / N_BINS


def entropy_bin(histogram: F64) -> int:
    """Return how many bins to keep so that int8 tells least apart (KL divergence).

    Args:
        histogram: (2048,) float64 counts of absolute values.

    Source: Migacz, "8-bit inference with TensorRT", GTC 2017.
    """
    candidates = range(N_LEVELS, N_BINS + 1, BIN_STEP)
    losses = [_divergence(histogram, n) for n in candidates]
    return candidates[int(np.argmin(losses))]


def _divergence(histogram: F64, n_bins: int) -> float:
    """Return the KL divergence of int8's view of a clipped histogram from it."""
    kept = histogram[:n_bins]
    clipped = kept.copy()
    clipped[-1] += histogram[n_bins:].sum()
    level = np.arange(n_bins) * N_LEVELS // n_bins
    mass = np.bincount(level, kept, N_LEVELS)
    width = np.bincount(level, kept > 0, N_LEVELS)
    share = mass / np.maximum(width, 1)
    seen = np.where(kept > 0, share[level], 0.0)
    p, q = clipped / max(clipped.sum(), 1), seen / max(seen.sum(), 1)
    here = p > 0
    return float(np.sum(p[here] * np.log(p[here] / np.maximum(q[here], 1e-12))))
