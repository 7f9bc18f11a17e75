"""Measure how segmentation's time and memory grow with the frame, and against a peer.

    python tools/bench_segmentation.py [--unknown-scale] [--segmenter NAME] [--json]
    python tools/bench_segmentation.py --peer FOLDER [--every N] [--json]
    python tools/bench_segmentation.py --against EDGE FOLDER [--every N] [--um-per-px X]
    python tools/bench_segmentation.py --mosaic FOLDER [--um-per-px X]
        [--segmenter NAME] [--json]

A drawn field of 640x480 is seen by finer and finer cameras, from 0.3 to 12 megapixels,
with its scale known or not. Each size runs in a process of its own: processor time of
one frame on one thread (best of five), and by how much segmenting raised the peak of
the memory, as a multiple of the frame's own bytes (a small frame hides under the peak
that loading and drawing left).

`--peer`: the same work by scikit-image (`evaluate_segmentation`'s `skimage`, at the
frame's scale, and `skimage-reduced`, at ours) on the images of a set, turn by turn on
one thread, so that a busy machine slows all alike. Times are medians over the images.

`--against`: the folder `edge` of another checkout, such as of an older version, and a
set: each image by both, turn by turn on one thread, best of eight. The ratio holds on a
busy machine; the milliseconds do not.

`--mosaic`: 39 images of 640x480 of a set as one frame of 12 megapixels, which holds
the cells of all, against one of them: the best of five runs each, and the white cells
that are found.
"""

import argparse
import json
import pickle
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import parse_simulated
from leukoscope_edge.cli.scale import parse_scale
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.inference import Segment, segmentation_named
from leukoscope_edge.types import THRESHOLDS, CellKind
from leukoscope_train.children import spawned
from leukoscope_train.data import SET_SCALES
from leukoscope_train.evaluation import (
    method_of,
    picture,
    pictures_of,
    truths,
    whole_number,
)

SIZES_PX = ((640, 480), (1280, 960), (2048, 1536), (4000, 3000))
PEERS = ("otsu3", "skimage", "skimage-reduced")
"""Ours first."""
MIN_PEER_IMAGES = 2
N_RUNS = 5
N_TURNS = 8
TIMER = """
import pickle, sys, time
sys.path.insert(0, sys.argv[1])  # by a variable -I would not see it
import cv2
from leukoscope_edge.vision.segmentation import segment
cv2.setNumThreads(1)
while True:
    pixels, scale = pickle.load(sys.stdin.buffer)
    times = []
    for _ in range({n}):
        start = time.process_time()
        kept = segment(pixels, scale)  # a program holds its last answer, too
        times.append(time.process_time() - start)
    print(min(times), flush=True)
"""
MOSAIC, FIELD_SHAPE = (13, 3), (480, 640, 3)
FIELD = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One size."""

    width_px: int
    height_px: int
    ms: float
    times_smallest: float
    memory_over_frame: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRow:
    """One method beside ours."""

    method: str
    n_images: int
    ms: float
    times_ours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MosaicRow:
    """Many fields as one frame, beside each alone."""

    n_fields: int
    ms_field: float
    ms_mosaic: float
    times_field: float
    n_white_alone: int
    n_white_mosaic: int


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    try:
        rows: list[Row] | list[PeerRow] | list[MosaicRow]
        if options.against:
            edge, folder = options.against
            rows = compare(edge, folder, options.every, options.um_per_px)
        elif options.peer:
            rows = race(options.peer, options.every)
        elif options.mosaic:
            run = segmentation_named(options.segmenter)
            rows = [join_fields(options.mosaic, run, options.um_per_px)]
        else:
            rows = grow(options.segmenter, is_known=not options.unknown_scale)
    except (OSError, LeukoscopeError) as err:
        print(f"bench_segmentation: {err}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        print("\n".join(_line(row) for row in rows))
    return 0


def race(folder: Path, every: int) -> list[PeerRow]:
    """Time ours and scikit-image's turn by turn on the images of a set."""
    cv2.setNumThreads(1)
    methods = {name: method_of(name, Path()) for name in PEERS}
    times_s: dict[str, list[float]] = {name: [] for name in PEERS}
    for truth in truths(str(folder), every):
        for name, method in methods.items():
            start = time.process_time()
            method(truth.pixels, truth.scale_um_per_px)
            times_s[name].append(time.process_time() - start)
    # The first image pays for what is loaded once.
    if len(times_s[PEERS[0]]) < MIN_PEER_IMAGES:
        raise SourceError(
            f"{folder}: {len(times_s[PEERS[0]])} images with truth, and "
            f"{MIN_PEER_IMAGES} are needed: give a smaller --every"
        )
    ms = {name: 1e3 * statistics.median(t[1:]) for name, t in times_s.items()}
    return [
        PeerRow(
            method=name,
            n_images=len(times_s[name]) - 1,
            ms=ms[name],
            times_ours=ms[name] / ms[PEERS[0]],
        )
        for name in PEERS
    ]


def compare(other: Path, folder: Path, every: int, um_per_px: float) -> list[PeerRow]:
    """Time another version and this one turn by turn on the images of a set."""
    if not (other / "leukoscope_edge").is_dir():
        raise SourceError(f"{other}: is no folder 'edge' of a checkout")
    here = Path(__file__).resolve().parents[1] / "edge"
    versions = {"now": _timer_of(here), str(other): _timer_of(other)}
    times_s: dict[str, list[float]] = {name: [] for name in versions}
    for path in pictures_of(folder)[::every]:
        pixels = picture(path)
        for name, process in versions.items():
            times_s[name].append(_one_turn(process, pixels, um_per_px))
    for process in versions.values():
        process.kill()
        process.communicate()
    ms = {name: 1e3 * statistics.mean(t) for name, t in times_s.items()}
    return [
        PeerRow(
            method=name, n_images=len(t), ms=ms[name], times_ours=ms[name] / ms["now"]
        )
        for name, t in times_s.items()
    ]


def _timer_of(edge: Path) -> subprocess.Popen[bytes]:
    """Start a process that times the segmentation of one checkout."""
    return subprocess.Popen(  # noqa: S603 (our own code)
        [sys.executable, "-I", "-c", TIMER.format(n=N_TURNS), str(edge)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _one_turn(process: subprocess.Popen[bytes], pixels: U8, scale: float) -> float:
    if process.stdin is None or process.stdout is None:
        raise SourceError("the timing process has no pipes")
    try:
        pickle.dump((pixels, scale), process.stdin)
        process.stdin.flush()
        return float(process.stdout.readline())
    except (BrokenPipeError, ValueError) as err:
        raise SourceError("the other version does not segment: see above") from err


def join_fields(folder: Path, run: Segment, um_per_px: float) -> MosaicRow:
    """Time a mosaic of fields against the fields."""
    cv2.setNumThreads(1)
    rows, columns = MOSAIC
    every = (picture(path) for path in pictures_of(folder))
    chosen = [p for p in every if p.shape == FIELD_SHAPE][: rows * columns]
    if len(chosen) < rows * columns:
        raise SourceError(
            f"{folder}: {len(chosen)} images of 640x480, and {rows * columns} are "
            "needed: name a larger set"
        )
    starts = range(0, len(chosen), columns)
    mosaic = np.vstack([np.hstack(chosen[i : i + columns]) for i in starts])
    alone = [_timed(run, field, um_per_px) for field in chosen]
    ms, n_white = _timed(run, mosaic, um_per_px)
    ms_field = statistics.mean(ms for ms, _ in alone)
    return MosaicRow(
        n_fields=len(chosen),
        ms_field=ms_field,
        ms_mosaic=ms,
        times_field=ms / ms_field,
        n_white_alone=sum(n for _, n in alone),
        n_white_mosaic=n_white,
    )


def _timed(run: Segment, frame: U8, um_per_px: float) -> tuple[float, int]:
    """Return the milliseconds of a frame and its white cells, cut-off ones too."""
    times_s, n_white = [], 0
    for _ in range(N_RUNS):
        start = time.process_time()
        found = run(frame, um_per_px)
        times_s.append(time.process_time() - start)
        kinds = (CellKind.WBC, CellKind.BORDER)
        n_white = sum(k in kinds for k in found.kinds)
    return 1e3 * min(times_s), n_white


def grow(segmenter: str, *, is_known: bool) -> list[Row]:
    """Measure each size in a process of its own."""
    measured = []
    for size in SIZES_PX:
        with spawned(1) as pool:
            run = pool.submit(measure, size, segmenter, is_known=is_known)
            measured.append(run.result())
    return [
        Row(
            width_px=width,
            height_px=height,
            ms=ms,
            times_smallest=ms / measured[0][0],
            memory_over_frame=memory,
        )
        for (width, height), (ms, memory) in zip(SIZES_PX, measured, strict=True)
    ]


def measure(
    size_px: tuple[int, int], segmenter: str, *, is_known: bool
) -> tuple[float, float]:
    """Return milliseconds, and memory over the frame's bytes, of one size."""
    cv2.setNumThreads(1)
    run = segmentation_named(segmenter)
    camera = parse_simulated("simulated:seed=1,cells=30")
    field = camera.render(FIELD)
    seen_um_per_px = camera.scale_um_per_px * field.shape[1] / size_px[0]
    run(field[:64, :64].copy(), camera.scale_um_per_px)  # loads what is loaded once
    frame = np.asarray(cv2.resize(field, size_px), np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times_s = []
    for _ in range(N_RUNS):
        start = time.process_time()
        run(frame, seen_um_per_px if is_known else None)
        times_s.append(time.process_time() - start)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1e3 * min(times_s), (after - before) * 1024 / frame.nbytes


def _line(row: Row | PeerRow | MosaicRow) -> str:
    if isinstance(row, MosaicRow):
        return (
            f"{row.n_fields} fields as one frame {row.ms_mosaic:.0f} ms, "
            f"{row.times_field:.1f} times one ({row.ms_field:.1f} ms); white cells "
            f"{row.n_white_mosaic}, alone {row.n_white_alone}"
        )
    if isinstance(row, PeerRow):
        return f"{row.method:<16} {row.ms:7.1f} ms, {row.times_ours:.2f} times ours"
    return (
        f"{row.width_px:>5}x{row.height_px:<5} {row.ms:7.1f} ms, "
        f"{row.times_smallest:.1f} times the smallest; "
        f"memory {row.memory_over_frame:.1f} times the frame"
    )


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--unknown-scale", action="store_true", help="let it be estimated"
    )
    parser.add_argument("--peer", type=Path, help="a set: time scikit-image beside us")
    parser.add_argument(
        "--against",
        type=Path,
        nargs=2,
        metavar=("EDGE", "FOLDER"),
        help="another checkout's folder 'edge', and a set: time both turn by turn",
    )
    parser.add_argument("--mosaic", type=Path, help="a set: many fields as one frame")
    parser.add_argument(
        "--um-per-px",
        type=parse_scale,
        default=SET_SCALES["wbc-fields"].um_per_px,
        help="of the set; default: that of wbc-fields",
    )
    parser.add_argument(
        "--every", type=whole_number, default=8, help="of the set, every n-th"
    )
    parser.add_argument("--segmenter", default=THRESHOLDS, help="or a shipped network")
    parser.add_argument("--json", action="store_true", help="one array on stdout")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
