"""How far may a stored answer move on another machine? Measured, not guessed.

int8 products are whole numbers, the same everywhere; what may differ is the float
arithmetic between them, and then a value that lies on the edge of two int8 steps tips
over. Running the cells one by one provokes that here. Measured on real and emulated
processors (x86-64 with AVX-512 VNNI, AVX2 and SSE4; 64-bit ARM with and without dot
products) and with four releases of ONNX Runtime the shipped files gave the very same
logits, but for a residual sum of one stored cell, which ARM rounds the other way: such
a cell is left out of its bundle. So the floor is what holds, and it lies below the
smallest step of a logit that a damaged weight makes (docs/engines.md). Without the
runtime's fusions a value is rounded at other places, and a network of many thin layers
answers otherwise by up to 0.24 of a logit; no device runs a file like that.
"""

import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference import InputEntry
from leukoscope_export.graphs import Files, run_onnx

FLOOR = 0.005
"""Logit. Float sums in another order differ by 1e-6."""
MARGIN = 4
"""Times what was provoked here."""
GPU_FLOOR = 0.05
"""Logit. TensorRT chooses its own kernels, and has not been measured."""
GPU_MARGIN = 2
"""Times what its file differs from the CPU's when both are run exactly."""


def cpu_tolerance(files: Files, crops: U8, spec: InputEntry, answers: F32) -> float:
    """Return the largest difference of a logit to allow on another processor.

    Args:
        files: The network.
        crops: (N, side, side, 3) uint8 RGB, the stored cells.
        spec: The card's input entry.
        answers: (N, A) their stored answers, of the CPU file.
    """
    one_by_one = run_onnx(files.cpu, crops, spec, batch=1)[0]
    return max(FLOOR, MARGIN * _largest(answers, [one_by_one]))


def gpu_tolerance(files: Files, crops: U8, spec: InputEntry, answers: F32) -> float:
    """Return the same for a GPU, which runs a file of another form; as above."""
    return max(GPU_FLOOR, GPU_MARGIN * _largest(answers, _gpu_ways(files, crops, spec)))


def gpu_tolerances(
    files: Files, crops: U8, spec: InputEntry, answers: F32
) -> tuple[float, float]:
    """Return the same of a logit and of the distance, which is the last answer."""
    off = np.max(
        [np.abs(way - answers) for way in _gpu_ways(files, crops, spec)], axis=0
    )
    logit, distance = float(off[:, :-1].max()), float(off[:, -1].max())
    return max(GPU_FLOOR, GPU_MARGIN * logit), max(GPU_FLOOR, GPU_MARGIN * distance)


def _gpu_ways(files: Files, crops: U8, spec: InputEntry) -> list[F32]:
    """Return the answers of the forms that a GPU may run."""
    forms = [files.trt] if files.fp16 is None else [files.trt, files.fp16]
    return [run_onnx(form, crops, spec)[0] for form in forms]


def _largest(answers: F32, ways: list[F32]) -> float:
    return max(float(np.abs(way - answers).max()) for way in ways)
