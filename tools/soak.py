"""Let the whole service work for a long time and see whether anything grows.

    python tools/soak.py --minutes 5           # as CI does
    python tools/soak.py --minutes 1440        # a day

The service runs as on a device, with the simulated slide in the place of a camera; a
client signs in through the page and works as a person does: slide after slide is
counted to its end, judged cell by cell and signed, and screens, pictures, figures and
the report are asked for.

Whenever a slide is done, where the device stands as after every other one, the kernel
is asked what the service holds: memory of its own (what files back, programs and
libraries, the kernel can drop, and other programs share), descriptors, threads and
processes. The first half of the slides warms it up. A line is laid through the figures
after the others; its rise must not exceed the limit below. Nothing is asked of the
clock: on a slow machine the soak goes on until it has seen slides enough.

Own memory is read fifty times a second beside all that: a frame or a checked PIN takes
tens of MB for less than a tenth, and one look a second finds them by luck. Its largest
sum must not exceed MOST_OWN_MB. Prints JSON; exit 1 where something grows, is too large
or a process was restarted.

`--leak` plants one in the counting process, to see that it is found.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from leukoscope_edge.service import family

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.running_service import (
    HELD,
    PARTS,
    Device,
    anonymous_mb,
    memory_mb,
    own_memory_mb,
    running,
    wait_for,
)

Figures = dict[str, float]
SAMPLE_S = 1.0
LEAST_SLIDES = 64
"""The first half warms the device up: at least as many as it remembers
(`records/slides/slide_cache.py`). In 588 slides the count's memory rose by 3 MB over
the first half and not at all over the second."""
MOST_GROWTH = {"own_mb": 6.0, "descriptors": 1.0, "threads": 1.0, "processes": 0.5}
"""Between the first and the last slide of the second half, however many there are: what
pools of memory still take, and nothing that repeats. One frame kept of each slide is 29
MB in as few as are counted."""
MOST_OWN_MB = 288.0
"""Of all processes at any moment, what no file backs: 400 MiB less what libraries and
programs hold, which are 131 MB counted once (docs/faults.md)."""
LOOK_S = 0.02
SCREENS = ("/", "/device", "/metrics", "/static/style.css")
OF_A_SLIDE = (
    "/slides/{slide}/result",
    "/slides/{slide}/print",
    "/slides/{slide}/share",
    "/api/slides/{slide}/cells/1/view.png",
    "/api/slides/{slide}/cells/1/heat.png",
)
LEAKS = {
    "none": "",
    "frames": "kept.append(self.last_pixels)",
    "descriptors": "kept.append(open(os.devnull))",
}
LEAK = """
import os
from leukoscope_edge.live.running_count import RunningCount
kept, finish = [], RunningCount.finish
def leaking(self, by):
    {what}
    finish(self, by)
RunningCount.finish = leaking
"""
"""Planted where a slide ends; the counting process runs it before all else."""


def main() -> int:
    """Soak, print, and say whether all stayed as it was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--cells", type=int, default=12, help="on each slide")
    parser.add_argument("--port", type=int, default=8791)
    parser.add_argument("--leak", choices=LEAKS, default="none", help="plant one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = f"simulated:seed=1,cells={options.cells},blasts=0.1,jerks=0"
        environment = plant(Path(folder), LEAKS[options.leak])
        device = Device(
            Path(folder) / "data",
            source=source,
            port=options.port,
            environment=environment,
        )
        began_s = time.monotonic()
        with running(device):
            answer_s = time.monotonic() - began_s
            idle_cpu_percent = idle(device)
            with Peaks(device) as peaks:
                largest, rested = soak(device, 60 * options.minutes)
            n_restarts = device.n_restarts()
    grown = growth(rested)
    found = {
        "minutes": round((time.monotonic() - began_s) / 60, 1),
        "slides": len(rested),
        "start_to_page_s": round(answer_s, 2),
        "idle_cpu_percent": idle_cpu_percent,
        "restarts": n_restarts,
        "largest": largest,
        "peak_own_mb": peaks.most_mb,
        "most_own_mb": MOST_OWN_MB,
        "growth": grown,
        "growth_a_slide": {k: round(2 * v / len(rested), 4) for k, v in grown.items()},
        "most_growth": MOST_GROWTH,
    }
    print(json.dumps(found, indent=1))
    grows = [k for k, most in MOST_GROWTH.items() if grown[k] > most]
    if grows:
        print(f"grows: {', '.join(grows)}", file=sys.stderr)
    is_large = peaks.most_mb["all"] > MOST_OWN_MB
    if is_large:
        print("holds too much: peak_own_mb", file=sys.stderr)
    return int(bool(grows) or is_large or n_restarts > 0)


def plant(folder: Path, what: str) -> dict[str, str]:
    """Return the environment in which the counting process leaks, or does not."""
    if not what:
        return dict(os.environ)
    (folder / "sitecustomize.py").write_text(LEAK.format(what=what))
    paths = [str(folder), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def idle(device: Device, for_s: float = 6.0) -> float:
    """Return what the whole service takes of one core while nobody does anything."""
    time.sleep(3.0)  # let the start end
    before_s, began_s = _cpu_s(device), time.monotonic()
    time.sleep(for_s)
    return round(100 * (_cpu_s(device) - before_s) / (time.monotonic() - began_s), 2)


class Peaks:
    """The most memory of its own that each part held, and all at one moment."""

    def __init__(self, device: Device) -> None:
        """Look at a device that runs, inside `with`.

        Args:
            device: The service; a part that is started again is found again.
        """
        self.most_mb: Figures = dict.fromkeys(("all", *PARTS), 0.0)
        self._device, self._is_over = device, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Peaks":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(LOOK_S):
            now = {name: anonymous_mb(self._device.pid(name)) for name in PARTS}
            now["all"] = sum(now.values())
            for name, mb in now.items():
                self.most_mb[name] = max(self.most_mb[name], round(mb, 1))


def soak(device: Device, for_s: float) -> tuple[Figures, list[Figures]]:
    """Work through slide after slide, for so long and until there are enough.

    Returns:
        The largest figures of any moment, and the figures at rest after each slide.
    """
    largest: Figures = {}
    rested: list[Figures] = []
    until_s = time.monotonic() + for_s
    while time.monotonic() < until_s or len(rested) < LEAST_SLIDES:
        slide = device.begin(f"S-{len(rested)}")
        while device.mode() != "ended":
            for screen in SCREENS:
                device.look_at(screen)
            device.page.get("/live.jpg")  # there is none before the first frame
            now = figures(device)
            largest = {k: max(v, largest.get(k, v)) for k, v in now.items()}
            time.sleep(SAMPLE_S)
        device.order(slide, "finish")
        wait_for(lambda: device.mode() == "finished")
        device.sign(slide)
        for screen in OF_A_SLIDE:
            device.look_at(screen.format(slide=slide))
        rested.append(figures(device))
    return largest, rested


def figures(device: Device) -> Figures:
    """Return what the service holds now, and who holds it.

    `memory_mb` counts a library once for every process that has it, `held_mb` once.
    """
    members = family(device.process.pid if device.process else os.getpid())
    own_mb = {p.pid: own_memory_mb(p.pid) for p in members}
    of_parts = {f"own_mb_of_{n}": own_mb.get(device.pid(n), 0.0) for n in PARTS}
    return {
        "memory_mb": sum(p.rss_bytes for p in members) / 1e6,
        "held_mb": sum(memory_mb(p.pid, HELD) for p in members),
        "own_mb": sum(own_mb.values()),
        **of_parts,
        "descriptors": sum(p.n_descriptors for p in members),
        "threads": sum(p.n_threads for p in members),
        "processes": len(members),
    }


def growth(rested: Sequence[Figures]) -> Figures:
    """Return how much a line through each figure rises over the second half."""
    warm = rested[len(rested) // 2 :]
    return {k: round(_rise([one[k] for one in warm]), 2) for k in warm[0]}


def _rise(values: list[float]) -> float:
    if len(values) < 2:
        return 0.0
    slope, _ = statistics.linear_regression(range(len(values)), values)
    return slope * (len(values) - 1)


def _cpu_s(device: Device) -> float:
    pid = device.process.pid if device.process else os.getpid()
    return sum(p.cpu_s for p in family(pid))


if __name__ == "__main__":
    sys.exit(main())
