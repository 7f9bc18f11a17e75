"""The figures: measured once, shown thrice, and nobody's when they are old."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.edge.service.figures import figures

from leukoscope_edge.cli import main
from leukoscope_edge.service import disk, metrics, processes, run_folder
from leukoscope_edge.service.health import (
    FOUND_BY,
    HEALTH,
    STALE_S,
    HealthWriter,
    Sign,
    read_health,
    signs,
    why_no_new_slide,
)
from leukoscope_edge.service.heartbeat import write_json


def test_without_a_service_there_are_no_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read_health(tmp_path) is None
    assert signs({}) == []
    assert metrics(None).splitlines()[-1] == "leukoscope_up 0.0"
    assert main(["health", "--data", str(tmp_path)]) == 1
    assert "leukoscope serve" in capsys.readouterr().err


def test_old_figures_are_nobody_s(data: Path) -> None:
    old_s = time.monotonic() - STALE_S - 1
    write_json(run_folder(data) / HEALTH, figures(at_s=old_s))
    assert read_health(data) is None


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"safe": "it died"}, "Screening"),
        ({"disk": {"free_bytes": 1, "n_slides": 0, "room": "full"}}, "Disk, slides"),
        ({"disk": {"trouble": "I/O error", "room": "full"}}, "Disk, slides"),
        ({"throttling": "the power supply is too weak"}, "Temperature"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], name: str) -> None:
    assert [s.name for s in signs(figures(**changes)) if not s.is_good] == [name]


@pytest.mark.parametrize(
    ("part", "facts", "line"),
    [
        ("page", {"clock": "trusted"}, ("Clock", "trusted", True)),
        ("page", {"clock": "guessed"}, ("Clock", "guessed", False)),
        ("count", {"segmenter": "net", "found_by": ""}, (FOUND_BY, "net", True)),
        (
            "count",
            {"segmenter": "net", "found_by": "the classic one"},
            (FOUND_BY, "the classic one", False),
        ),
        (
            "count",
            {"engine": "onnxruntime-cpu 1.22", "fallback": "the GPU is hot"},
            ("Runs on", "the processor, the GPU is hot", False),
        ),
    ],
)
def test_what_the_parts_tell_has_a_line(
    part: str, facts: dict[str, Any], line: tuple[str, str, bool]
) -> None:
    found = figures(parts={part: {"n_restarts": 0, "facts": facts}})
    assert line in [(s.name, s.value, s.is_good) for s in signs(found)]


@pytest.mark.parametrize("n_slides", [disk.REFUSE_SLIDES - 1, disk.REFUSE_SLIDES])
def test_no_slide_is_started_on_a_full_disk(
    data: Path, monkeypatch: pytest.MonkeyPatch, n_slides: int
) -> None:
    room = SimpleNamespace(free=n_slides * disk.BYTES_PER_SLIDE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    assert bool(why_no_new_slide(data)) is (n_slides < disk.REFUSE_SLIDES)


def test_figures_name_the_supervisor_its_parts_and_helpers(data: Path) -> None:
    children = [subprocess.Popen(["sleep", "600"]) for _ in range(2)]
    part = SimpleNamespace(
        name="count",
        pid=children[0].pid,
        n_restarts=2,
        trouble="",
        beat=lambda _folder: None,
    )
    service = SimpleNamespace(
        state=SimpleNamespace(safe="", is_cpu_only=False),
        parts=[part, SimpleNamespace(**vars(part) | {"name": "page", "pid": None})],
        folder=run_folder(data),
    )
    us, now_s, more_s = os.getpid(), [0.0], [0.0]

    def family(pid: int) -> list[processes.Process]:
        own = processes.family(pid)
        return [replace(p, cpu_s=p.cpu_s + more_s[0]) for p in own]

    writer = HealthWriter(data, now_s=lambda: now_s[0], family=family)
    try:
        writer.write(service)  # type: ignore[arg-type]
        first = json.loads((run_folder(data) / HEALTH).read_text())
        now_s[0], more_s[0] = 1e6, 5e5
        writer.write(service)  # type: ignore[arg-type]
        found = json.loads((run_folder(data) / HEALTH).read_text())
    finally:
        for child in children:
            child.kill()
            child.wait()
    names = {p["pid"]: p["name"] for p in found["processes"]}
    shown = [names[pid] for pid in (us, *(c.pid for c in children))]
    assert shown == ["supervisor", "count", "helper"]
    assert all(p["cpu_percent"] is None for p in first["processes"])
    used = {p["pid"]: p["cpu_percent"] for p in found["processes"]}
    assert used[us] == pytest.approx(50.0, abs=5.0)
    assert found["parts"]["count"]["n_done"] == 0
    assert found["parts"]["page"]["beat_age_s"] is None


def test_all_is_well() -> None:
    assert all(s.is_good for s in signs(figures()))


CAMERA = {
    "camera": "/dev/leukoscope-camera",
    "is_locked": True,
    "frame_at_s": 0.0,
    "camera_fault": "",
}


@pytest.mark.parametrize(
    ("changes", "scales", "words", "is_good"),
    [
        ({}, {"100x": 0.08}, "0.2 s ago, locked, 100x 0.0800 µm/px", True),
        ({}, {}, "0.2 s ago, locked, not calibrated", False),
        ({}, None, "0.2 s ago, locked", True),  # the simulated slide's own scale
        ({"is_locked": None, "frame_at_s": None}, None, "", True),
        ({"is_locked": False}, {"40x": 0.2}, "not locked, 40x 0.2000 µm/px", False),
        ({"camera_fault": "is torn"}, None, "is torn, locked", False),
    ],
)
def test_the_camera_has_a_line(
    changes: dict[str, Any], scales: dict[str, float] | None, words: str, is_good: bool
) -> None:
    parts = {
        "count": {"n_restarts": 0, "facts": CAMERA | changes},
        "page": {"n_restarts": 0, "facts": {"scales_um_per_px": scales}},
    }
    [line] = [s for s in signs(figures(at_s=0.2, parts=parts)) if s.name == "Camera"]
    assert line.value.startswith("/dev/leukoscope-camera")
    assert line.value.endswith(words)
    assert line.is_good is is_good


def test_each_word_of_a_line_is_said_in_the_language() -> None:
    french = {"locked": "verrouillée"}
    sign = Sign(name="Camera", words=("usb, 2", "locked", "100x 0.08 µm/px"))
    assert sign.value == "usb, 2, locked, 100x 0.08 µm/px"
    said = sign.said(lambda word: french.get(word, word))
    assert said == "usb, 2 · verrouillée · 100x 0.08 µm/px"
