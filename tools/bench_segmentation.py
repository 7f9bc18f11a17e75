"""Measure how segmentation's time and memory grow with the frame.

    python tools/bench_segmentation.py [--json]

A drawn field of 640x480 is seen by finer and finer cameras, from 0.3 to 12 megapixels,
with its scale known. Each size runs in a process of its own: processor time of one
frame on one thread (best of five), and by how much segmenting raised the peak of the
memory, as a multiple of the frame's own bytes (a small frame hides under the peak that
loading and drawing left).
"""

import argparse
import json
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context

import cv2
import numpy as np

from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.vision.segmentation import segment

SIZES_PX = ((640, 480), (1280, 960), (2048, 1536), (4000, 3000))
N_RUNS = 5
FIELD = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One size."""

    width_px: int
    height_px: int
    ms: float
    times_smallest: float
    memory_over_frame: float


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    options = parser.parse_args(arguments)
    measured = []
    for size in SIZES_PX:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            measured.append(pool.submit(measure, size).result())
    rows = [
        Row(
            width_px=width,
            height_px=height,
            ms=ms,
            times_smallest=ms / measured[0][0],
            memory_over_frame=memory,
        )
        for (width, height), (ms, memory) in zip(SIZES_PX, measured, strict=True)
    ]
    print(json.dumps([asdict(r) for r in rows]) if options.json else _table(rows))
    return 0


def measure(size_px: tuple[int, int]) -> tuple[float, float]:
    """Return milliseconds, and memory over the frame's bytes, of one size."""
    cv2.setNumThreads(1)
    camera = parse_simulated("simulated:seed=1,cells=30")
    field = camera.render(FIELD)
    scale = camera.scale_um_per_px * field.shape[1] / size_px[0]
    segment(field[:64, :64].copy(), camera.scale_um_per_px)  # loads what is loaded once
    frame = np.asarray(cv2.resize(field, size_px), np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times_s = []
    for _ in range(N_RUNS):
        start = time.process_time()
        segment(frame, scale)
        times_s.append(time.process_time() - start)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1e3 * min(times_s), (after - before) * 1024 / frame.nbytes


def _table(rows: list[Row]) -> str:
    return "\n".join(
        f"{r.width_px:>5}x{r.height_px:<5} {r.ms:7.1f} ms, {r.times_smallest:.1f} "
        f"times the smallest; memory {r.memory_over_frame:.1f} times the frame"
        for r in rows
    )


if __name__ == "__main__":
    sys.exit(main())
