"""Screen one archive on a Dask cluster of one worker and of several, and compare.

    python tools/bench_archive.py --slides 16 --frames 6 --workers 4

The archive is drawn (the simulated slide, saved as images) and screened for its speed
and its bytes, not for its verdicts. Prints slides a minute, their ratio, and whether
every file is the same. More workers than cores gain nothing.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import cv2
import distributed

from leukoscope_edge.archive import SlideTask, find_slides
from leukoscope_edge.archive_workers import run_on_dask
from leukoscope_edge.capture import parse_simulated
from leukoscope_edge.inference import open_bundle, shipped_bundle_for
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import Frame

Files = dict[str, dict[str, bytes]]


def main() -> int:
    """Run both; return 0 where the bytes are the same."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--slides", type=int, default=8)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # Dask's processes run files of the folder they start in
        draw(Path(folder), options.slides, options.frames)
        one, one_s = screen_all(tasks_of(Path(folder)), 1)
        many, many_s = screen_all(tasks_of(Path(folder)), options.workers)
    for n_workers, seconds in ((1, one_s), (options.workers, many_s)):
        rate = 60 * options.slides / seconds
        print(f"{n_workers} workers: {seconds:.1f} s, {rate:.1f} slides a minute")
    print(f"ratio {one_s / many_s:.2f}; same bytes: {one == many}")
    return int(one != many)


def draw(folder: Path, n_slides: int, n_frames: int) -> None:
    """Save simulated frames as an archive."""
    for slide in range(n_slides):
        (folder / f"slide-{slide}").mkdir()
        with parse_simulated(f"simulated:seed={slide},frames={n_frames}") as camera:
            while isinstance(frame := camera.read(), Frame):
                bgr = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(folder / f"slide-{slide}" / f"{frame.name}.png"), bgr)


def tasks_of(archive: Path) -> list[SlideTask]:
    """Return the archive's slides as tasks for the shipped model."""
    bundle = open_bundle(shipped_bundle_for("real"))
    return [
        SlideTask(
            name=folder.name,
            folder=folder,
            bundle=bundle.folder,
            model_sha256=bundle.card.model_cpu.sha256,
            scale_um_per_px=0.1,
            is_sequence=False,
            facts=SIMULATED_SAMPLE,
        )
        for folder in find_slides(archive)
    ]


def screen_all(tasks: list[SlideTask], n_workers: int) -> tuple[Files, float]:
    """Screen on a cluster of so many workers; return all files and the seconds."""
    cluster = distributed.LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=n_workers, threads_per_worker=1, dashboard_address=None
    )
    with cluster:
        list(run_on_dask(tasks[:n_workers], cluster.scheduler_address))  # warm
        started_s = time.perf_counter()
        done = list(run_on_dask(tasks, cluster.scheduler_address))
        seconds = time.perf_counter() - started_s
    return {d.task.name: d.files for d in done}, seconds


if __name__ == "__main__":
    sys.exit(main())
