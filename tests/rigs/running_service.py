"""A whole service, run as on a device, and a person at its page."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.waiting import PATIENCE_S

from leukoscope_edge.service import read_health, run_folder
from leukoscope_edge.service.heartbeat import read_beat

NAME, PIN = "Soak", "482917"
PARTS = ("page", "count")
OWN, HELD = ("Pss_Anon:", "Pss_Shmem:"), ("Pss:",)
"""Memory that no file backs, and all memory; shared pages are divided."""
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
"""A restart policy that forgets sooner: a storm of kills is no defect."""


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port of an address of this machine that nobody has."""
    with socket.socket() as free:
        free.bind((address, 0))
        port: int = free.getsockname()[1]
        return port


class Device:
    """A running service and a person at its page."""

    def __init__(
        self,
        data: Path,
        *,
        source: str = "simulated:seed=1,cells=12,blasts=0.1,jerks=0",
        port: int | None = None,
        forgets_s: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Say what to run; `start` runs it.

        Args:
            data: Folder of the records; beside it lies the profile.
            source: In the place of a camera.
            port: Of the page; a free one where there is none.
            forgets_s: When the restart policy forgets a failure.
            environment: Of the service; ours where there is none.
        """
        self.data, self.port = data, port or free_port()
        profile = data.with_name("profile.toml")
        profile.write_text(
            f'name = "soak"\nn_threads = 1\ndata_dir = "{data}"\n[page]\n[camera]\n'
            f'source = "{source}"\nframes_per_second = 10.0\n'
        )
        own = [str(profile), str(self.port), str(data), str(forgets_s)]
        self._command = [sys.executable, "-I", "-c", RUN, *own]
        self._environment = environment
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as we live
        self.page = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60.0)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the service; wait for nothing."""
        self.process = subprocess.Popen(
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


def wait_for(is_so: Callable[[], object], timeout_s: float = PATIENCE_S) -> float:
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


def own_memory_mb(pid: int) -> float:
    """Return a process's memory that no file backs, shared pages divided."""
    return memory_mb(pid, OWN)


def anonymous_mb(pid: int) -> float:
    """Return a process's anonymous memory, which the kernel counts as it goes.

    `own_memory_mb` walks through all pages: ten milliseconds and more.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0.0
    found = [line.split()[1] for line in lines if line.startswith("RssAnon:")]
    return sum(map(int, found)) * 1024 / 1e6


def memory_mb(pid: int, what: Sequence[str]) -> float:
    """Return lines of a process's /proc/PID/smaps_rollup, added up (proc(5))."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it ended meanwhile
        return 0.0
    lines = [line.split() for line in text.splitlines()]
    return sum(int(w[1]) for w in lines if w[0] in what) * 1024 / 1e6
