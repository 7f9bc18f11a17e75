"""A counting process that stands still, a browser's client, slides filled at once."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession

from leukoscope_edge.live import Mode, News, Order
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Refusal, Verdict, VerdictName
from leukoscope_edge.profile import CameraEntry, PageEntry, Profile
from leukoscope_edge.records import Store
from leukoscope_edge.records.slides import (
    Identity,
    SlideSetUp,
    digest_of,
    outcome_of,
    verdict_of,
)
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.sample import SIMULATED_SAMPLE, SlideFacts
from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import make_run_folder
from leukoscope_edge.types import Call, CallName, Cell, Sighting, Tally
from leukoscope_edge.web.device import Device

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PIN = "482917"
NAME = "Amina"
PROFILE = Profile(
    name="test",
    camera=CameraEntry(source="simulated:cells=12", frames_per_second=100.0),
    page=PageEntry(),
    data_dir="unused",
    n_threads=1,
)
FACTS = {"sample_type": "blood", "age": "adult"}
"""What the page asks of every new slide, for `POST /api/slides`."""
P_BLAST = {CallName.BLAST: 0.97, CallName.NORMAL: 0.02, CallName.UNCLEAR: 0.5}

IDLE = News(mode=Mode.IDLE, slide="", facts={"seq": 0})


@dataclass
class StillCounter:
    """A counting process that stands still: it keeps orders and tells given news."""

    newest: News = IDLE
    orders: list[Order] = field(default_factory=list)
    listeners: list[Callable[[News], None]] = field(default_factory=list)
    n_restarts: int = 0

    def order(self, order: Order) -> None:
        self.orders.append(order)

    def listen(self, listener: Callable[[News], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def picture(self, frame: str) -> News | None:
        return self.newest if self.newest.facts.get("frame") == frame else None

    def tell(self, news: News) -> None:
        self.newest = news
        for listener in list(self.listeners):
            listener(news)


class Counting:
    """The counting process for real, started again as often as it dies."""

    def __init__(self, data_dir: Path, source: str) -> None:
        profile = data_dir / "profile.toml"
        profile.write_text(
            f'name = "test"\ndata_dir = "{data_dir}"\nn_threads = 1\n[page]\n[camera]\n'
            f'source = "{source}"\nframes_per_second = 30.0\n'
        )
        self.folder = run_folder(data_dir)
        make_run_folder(self.folder)
        self._command = [sys.executable, "-m", "leukoscope_edge", "serve"]
        self._command += ["--part", "count", "--parent", str(os.getpid())]
        self._command += ["--profile", str(profile)]
        self._ends = False
        self._thread = threading.Thread(target=self._run)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _run(self) -> None:
        while not self._ends:
            self._process.wait()
            if not self._ends:
                self._process = subprocess.Popen(self._command)

    def __enter__(self) -> "Counting":
        self._process = subprocess.Popen(self._command)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = True
        self._process.kill()
        self._thread.join()
        shutil.rmtree(self.folder, ignore_errors=True)


class Browser(TestClient):
    """A client that sends what our pages send: cookie and token."""

    def refresh(self) -> None:
        text = self.get("/sign-in").text
        start = text.index('name="token" content="') + len('name="token" content="')
        self.headers["x-leukoscope-token"] = text[start : start + 64]

    def watch(self, **headers: str) -> WebSocketTestSession:
        return self.websocket_connect("ws://localhost:8000/live", headers=headers)

    def sign_in(self, name: str = NAME, pin: str = PIN) -> None:
        self.refresh()
        answer = self.post("/api/sign-in", json={"name": name, "pin": pin})
        assert answer.status_code == 200, answer.text
        self.refresh()


def make_cell(number: int, name: CallName, side_px: int = 64) -> Cell:
    random = np.random.default_rng(number)
    crop = np.zeros((side_px, side_px, 3), np.uint8)
    crop[16:48, 16:48] = random.integers(1, 255, (32, 32, 3))
    view = random.integers(0, 255, (96, 96, 3)).astype(np.uint8)
    sighting = Sighting(
        frame=f"frame {number:06d}",
        box_px=(10, 10, 60, 60),
        centre_px=(35.0, 35.0),
        slide_px=(float(200 * number), 35.0),
        sharpness=1.0,
        crop=crop,
        radius_px=20.0,
    )
    call = Call(name=name, p_blast=P_BLAST[name])
    return Cell(id=number, sightings=(sighting,), n_sightings=3, view=view, call=call)


def shown_of(device: Device, slide: str) -> str:
    """The digest of what the result page shows now, as the page would send it."""
    record = device.store.reader.slide(slide)
    verdict = verdict_of(record, device.card_of(record))
    return digest_of(record, outcome_of(verdict))


def new_slide_of(
    device: Device,
    *,
    sample: str = "S-1",
    name: str = "",
    facts: SlideFacts = SIMULATED_SAMPLE,
    n_readers: Literal[1, 2] = 1,
) -> SlideSetUp:
    """Return a slide of which nothing is counted yet."""
    return SlideSetUp(
        identity=Identity(sample=sample, name=name),
        facts=facts,
        mode="slide",
        domain="simulated",
        origin=device.origin(),
        n_readers=n_readers,
    )


def fill_slide(
    device: Device,
    *,
    n_blast: int = 0,
    n_unclear: int = 0,
    n_normal: int = 0,
    sample: str = "S-1",
    name: str = "",
    facts: SlideFacts = SIMULATED_SAMPLE,
    details: dict[str, str] | None = None,
    n_readers: Literal[1, 2] = 1,
    is_finished: bool = True,
    is_refused: bool = False,
) -> str:
    """Put a counted slide into the records and return its number."""
    calls = [CallName.BLAST] * n_blast + [CallName.UNCLEAR] * n_unclear
    calls += [CallName.NORMAL] * n_normal
    cells = [make_cell(i, c) for i, c in enumerate(calls, start=1)]
    store: Store = device.store
    new = new_slide_of(
        device, sample=sample, name=name, facts=facts, n_readers=n_readers
    )
    slide = store.start_slide(replace(new, details=details or {}), NAME)
    if cells:
        store.count.add_cells(slide, cells, frames={})
    verdict = Verdict(
        name=VerdictName.FEW,
        messages=(message("test"),),
        n_cells=len(cells),
        n_blast=n_blast,
        n_unclear=n_unclear,
        interval=Interval(low=0.0, high=0.2),
    )
    refusal = Refusal(reason=message("test"), n_unclear=n_unclear)
    if is_finished:
        outcome = refusal if is_refused else verdict
        store.count.finish_count(
            slide, outcome, NAME, tally=Tally(frames={"screened": 9})
        )
    return slide


def look_at_all(device: Device, slide: str) -> str:
    """Read every cell of the first look, as the model called it; return the slide."""
    for cell in first_pass(device.store.reader.slide(slide)):
        key = f"look-{slide}-{cell.id}"
        device.store.review.judge_cell(slide, cell.id, cell.final, NAME, key=key)
    return slide
