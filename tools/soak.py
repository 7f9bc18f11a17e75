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
clock: on a slow machine the soak goes on until it has seen slides enough. Prints JSON;
exit 1 where something grows or a process was restarted.

`--leak` plants one in the counting process, to see that it is found.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from leukoscope_edge.service.health import read_health
from leukoscope_edge.service.heartbeat import read_beat, run_folder
from leukoscope_edge.service.processes import family

NAME, PIN = "Soak", "482917"
PARTS = ("page", "count")
OWN, HELD = ("Pss_Anon:", "Pss_Shmem:"), ("Pss:",)
"""Memory that no file backs, and all memory; shared pages are divided."""
Figures = dict[str, float]
START_TIMEOUT_S = 60.0
SAMPLE_S = 1.0
LEAST_SLIDES = 64
"""The first half warms the device up: at least as many as it remembers
(`records/slide_cache.py`). In 588 slides the count's memory rose by 3 MB over the
first half and not at all over the second."""
MOST_GROWTH = {"own_mb": 6.0, "descriptors": 1.0, "threads": 1.0, "processes": 0.5}
"""Between the first and the last slide of the second half, however many there are: what
pools of memory still take, and nothing that repeats. One frame kept of each slide is 29
MB in as few as are counted."""
SCREENS = ("/", "/device", "/metrics", "/static/style.css")
OF_A_SLIDE = (
    "/slides/{slide}/result",
    "/slides/{slide}/paper",
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
RUN = """
import argparse, sys
from pathlib import Path
from leukoscope_edge.cli.commands.serve import supervise
from leukoscope_edge.service.restart_policy import Limits
profile, port, data, within_s = sys.argv[1:]
options = argparse.Namespace(profile=profile, port=int(port), data=Path(data))
limits = Limits(within_s=float(within_s), first_pause_s=0.1)
sys.exit(supervise(options.data, options, limits))
"""
"""The service with a ladder that forgets sooner: a storm of kills is no defect."""


class Device:
    """A running service and a person at its page."""

    def __init__(
        self,
        data: Path,
        *,
        source: str = "simulated:seed=1,cells=12,blasts=0.1,jerks=0",
        port: int = 8791,
        forgets_s: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Say what to run; `start` runs it.

        Args:
            data: Folder of the records; beside it lies the profile.
            source: In the place of a camera.
            port: Of the page.
            forgets_s: When the ladder forgets a failure.
            environment: Of the service; ours where there is none.
        """
        self.data = data
        profile = data.with_name("profile.toml")
        profile.write_text(
            f'name = "soak"\nn_threads = 1\ndata_dir = "{data}"\n[page]\n[camera]\n'
            f'source = "{source}"\nframes_per_second = 10.0\n'
        )
        own = [str(profile), str(port), str(data), str(forgets_s)]
        self._command = [sys.executable, "-I", "-c", RUN, *own]
        self._environment = environment
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as we live
        self.page = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the service; wait for nothing."""
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            self._command, stderr=self._log, env=self._environment
        )

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the service; `start` may start it again."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20)

    def stop(self) -> None:
        """End the service, be sure of it, and leave nothing of it in memory."""
        self.end()
        shutil.rmtree(run_folder(self.data), ignore_errors=True)
        self.page.close()
        self._log.close()

    def answers(self) -> bool:
        """Say whether the page answers."""
        try:
            return self.page.get("/sign-in").status_code in (200, 303)
        except httpx.HTTPError:
            return False

    def set_up(self) -> None:
        """Be the first person, and sign in."""
        self._post("/api/set-up", {"name": NAME, "pin": PIN})

    def sign_in(self) -> None:
        """Sign in."""
        self._post("/api/sign-in", {"name": NAME, "pin": PIN})

    def new_slide(self, sample: str) -> httpx.Response:
        """Ask for a new slide."""
        body = {
            "sample": sample,
            "sample_type": "blood",
            "age": "adult",
            "key": f"soak-{sample}-{time.monotonic_ns()}",
        }
        return self._ask("/api/slides", body)

    def begin(self, sample: str) -> str:
        """Start a slide and its count; return its number."""
        answer = self.new_slide(sample)
        answer.raise_for_status()
        slide = str(answer.json()["next"]).split("/")[2]
        wait_for(lambda: self._is_taken(slide))
        return slide

    def _is_taken(self, slide: str) -> bool:
        """Order the count; the page may still have the end of the last one to hear."""
        body = {"do": "count", "anyway": True}
        answer = self._ask(f"/api/slides/{slide}/orders", body)
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        answer.raise_for_status()
        return True

    def order(self, slide: str, do: str) -> None:
        """Order the count about."""
        self._post(f"/api/slides/{slide}/orders", {"do": do})

    def look_at(self, path: str) -> str:
        """Ask for a screen or a picture; return its text."""
        answer = self.page.get(path)
        answer.raise_for_status()
        return answer.text

    def sign(self, slide: str) -> None:
        """Judge the cells of a counted slide, sign it and take the report."""
        own = f"/api/slides/{slide}"
        review = self.look_at(f"/slides/{slide}/review")
        cells = {w.split('"')[0] for w in review.split('data-cell="')[1:]}
        for cell in sorted(cells):
            key = f"soak-{slide}-{cell:0>8}"
            body = {"cell": cell, "word": "normal", "key": key, "seen": 0}
            self._post(f"{own}/judge", body)
        result = self.look_at(f"/slides/{slide}/result")
        shown = result.split('name="shown" value="')[1].split('"')[0]
        key = f"soak-{slide}-sign"
        self._post(f"{own}/sign", {"pin": PIN, "shown": shown, "key": key})
        self._post(f"{own}/files/pdf", {"identified": True})

    def pid(self, part: str) -> int:
        """Return the number of a part's process, 0 where it does not run."""
        return int(self.part(part).get("pid") or 0)

    def part(self, name: str) -> Mapping[str, Any]:
        """Return what the health says of a process."""
        found = read_health(self.data) or {"parts": {}}
        part: Mapping[str, Any] = found["parts"].get(name, {})
        return part

    def mode(self) -> str:
        """Return what the count is at, by its last beat."""
        beat = read_beat(run_folder(self.data), "count")
        return str(beat.facts.get("mode", "")) if beat else ""

    def n_restarts(self) -> int:
        """Return how often any process was started again."""
        return sum(self.part(n).get("n_restarts", 0) for n in PARTS)

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self._ask(path, body).raise_for_status()

    def _ask(self, path: str, body: dict[str, Any]) -> httpx.Response:
        text = self.page.get("/sign-in", follow_redirects=True).text
        token = text.split('name="token" content="')[1][:64]
        return self.page.post(path, json=body, headers={"x-leukoscope-token": token})


@contextmanager
def running(device: Device) -> Iterator[Device]:
    """Run a device with a person signed in."""
    device.start()
    try:
        wait_for(device.answers)
        device.set_up()
        yield device
    finally:
        device.stop()


def wait_for(is_so: Callable[[], object], timeout_s: float = START_TIMEOUT_S) -> float:
    """Wait until something is so and return how long that took, in seconds.

    Raises:
        TimeoutError: It did not happen.
    """
    began_s = time.monotonic()
    while not is_so():
        if time.monotonic() - began_s > timeout_s:
            raise TimeoutError(f"it did not happen in {timeout_s:g} s")
        time.sleep(0.02)
    return time.monotonic() - began_s


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
        "growth": grown,
        "growth_a_slide": {k: round(2 * v / len(rested), 4) for k, v in grown.items()},
        "most_growth": MOST_GROWTH,
    }
    print(json.dumps(found, indent=1))
    grows = [k for k, most in MOST_GROWTH.items() if grown[k] > most]
    if grows:
        print(f"grows: {', '.join(grows)}", file=sys.stderr)
    return int(bool(grows) or n_restarts > 0)


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


def own_memory_mb(pid: int) -> float:
    """Return a process's memory that no file backs, shared pages divided."""
    return memory_mb(pid, OWN)


def memory_mb(pid: int, what: Sequence[str]) -> float:
    """Return lines of a process's /proc/PID/smaps_rollup, added up (proc(5))."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it ended meanwhile
        return 0.0
    lines = [line.split() for line in text.splitlines()]
    return sum(int(w[1]) for w in lines if w[0] in what) * 1024 / 1e6


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
