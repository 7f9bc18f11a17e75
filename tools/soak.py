"""Let the whole service work for a long time and see whether anything grows.

    python tools/soak.py --minutes 10
    python tools/soak.py --minutes 1440        # a day

The service runs as on a device, with the simulated slide in the place of a camera; a
client signs in through the page, starts slide after slide, counts each to its end and
asks for screens and figures as a kiosk does. Memory (resident, which counts a page that
processes share once for each; and proportional, which divides it), descriptors, threads
and processes are read from the kernel every few seconds. After a warm-up of a fifth of
the time a line is laid through each: its rise must not exceed the limit below, which
wants many slides: `--cells` makes them longer, to see the largest figures. Prints JSON;
exit 1 where something grows, a process was restarted, or the time was too short to say.
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
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from leukoscope_edge.service.beats import read_beat, run_folder
from leukoscope_edge.service.health import read_health
from leukoscope_edge.service.processes import family

NAME, PIN = "Soak", "482917"
START_TIMEOUT_S = 60.0
SAMPLE_S = 2.0
WARM_UP = 0.2
MOST_GROWTH = {
    "memory_mb": 6.0,
    "proportional_mb": 6.0,
    "descriptors": 1.0,
    "threads": 1.0,
    "processes": 0.5,
}
"""Between the first and the last tenth of the time after the warm-up: what a counted
slide leaves in caches, and nothing that repeats."""
LEAST_SAMPLES = 20
SCREENS = ("/", "/device", "/metrics", "/static/style.css")
RUN = """
import argparse, sys
from pathlib import Path
from leukoscope_edge.cli.serve import supervise
from leukoscope_edge.service.ladder import Limits
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
    ) -> None:
        """Say what to run; `start` runs it.

        Args:
            data: Folder of the records; beside it lies the profile.
            source: In the place of a camera.
            port: Of the page.
            forgets_s: When the ladder forgets a failure.
        """
        self.data = data
        profile = data.with_name("profile.toml")
        profile.write_text(
            f'name = "soak"\nn_threads = 1\ndata_dir = "{data}"\n[page]\n[camera]\n'
            f'source = "{source}"\nframes_per_second = 10.0\n'
        )
        own = [str(profile), str(port), str(data), str(forgets_s)]
        self._command = [sys.executable, "-c", RUN, *own]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as we live
        self.page = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20.0)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the service; wait for nothing."""
        self.process = subprocess.Popen(self._command, stderr=self._log)  # noqa: S603

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
        body = {"sample": sample, "key": f"soak-{sample}-{time.monotonic_ns()}"}
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
        answer = self._ask(f"/api/slides/{slide}/orders", {"do": "count"})
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        answer.raise_for_status()
        return True

    def order(self, slide: str, do: str) -> None:
        """Order the count about."""
        self._post(f"/api/slides/{slide}/orders", {"do": do})

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
        return sum(self.part(n).get("n_restarts", 0) for n in ("page", "count"))

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
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = f"simulated:seed=1,cells={options.cells},blasts=0.1,jerks=0"
        device = Device(Path(folder) / "data", source=source)
        began_s = time.monotonic()
        with running(device):
            answer_s = time.monotonic() - began_s
            idle_cpu_percent = idle(device)
            samples, n_slides = soak(device, 60 * options.minutes)
            n_restarts = device.n_restarts()
    grown = growth(samples)
    found = {
        "minutes": options.minutes,
        "slides": n_slides,
        "samples": len(samples),
        "start_to_page_s": round(answer_s, 2),
        "idle_cpu_percent": idle_cpu_percent,
        "restarts": n_restarts,
        "largest": {k: max(s[k] for s in samples) for k in samples[0]},
        "growth": grown,
        "most_growth": MOST_GROWTH,
    }
    print(json.dumps(found, indent=1))
    grows = [k for k, v in grown.items() if v > MOST_GROWTH[k]]
    if grows:
        print(f"grows: {', '.join(grows)}", file=sys.stderr)
    is_short = len(samples) < LEAST_SAMPLES
    return int(bool(grows) or n_restarts > 0 or n_slides == 0 or is_short)


def idle(device: Device, for_s: float = 6.0) -> float:
    """Return what the whole service takes of one core while nobody does anything."""
    time.sleep(3.0)  # let the start end
    before_s, began_s = _cpu_s(device), time.monotonic()
    time.sleep(for_s)
    return round(100 * (_cpu_s(device) - before_s) / (time.monotonic() - began_s), 2)


def soak(device: Device, for_s: float) -> tuple[list[dict[str, float]], int]:
    """Count slide after slide; return samples and how many slides were counted."""
    samples, n_slides, until_s = [], 0, time.monotonic() + for_s
    slide = device.begin("S-0")
    while time.monotonic() < until_s:
        samples.append(sample(device))
        for screen in SCREENS:
            device.page.get(screen).raise_for_status()
        if device.mode() == "ended":
            device.order(slide, "finish")
            wait_for(lambda: device.mode() == "finished")
            n_slides += 1
            slide = device.begin(f"S-{n_slides}")
        time.sleep(SAMPLE_S)
    return samples, n_slides


def sample(device: Device) -> dict[str, float]:
    """Return what the service holds now."""
    members = family(device.process.pid if device.process else os.getpid())
    return {
        "memory_mb": sum(p.rss_bytes for p in members) / 1e6,
        "proportional_mb": sum(proportional_mb(p.pid) for p in members),
        "descriptors": sum(p.n_descriptors for p in members),
        "threads": sum(p.n_threads for p in members),
        "processes": len(members),
    }


def proportional_mb(pid: int) -> float:
    """Return a process's memory with each shared page divided among its users (PSS)."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it ended meanwhile
        return 0.0
    [pss] = [line for line in text.splitlines() if line.startswith("Pss:")]
    return int(pss.split()[1]) * 1024 / 1e6


def growth(samples: list[dict[str, float]]) -> dict[str, float]:
    """Return how much the straight line through each figure rises, warmed up."""
    warm = samples[int(WARM_UP * len(samples)) :]
    columns: dict[str, list[float]] = defaultdict(list)
    for one in warm:
        for name, value in one.items():
            columns[name].append(value)
    return {k: round(_rise(v), 2) for k, v in columns.items()}


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
