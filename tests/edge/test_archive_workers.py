"""Who screens an archive's slides: a process each, or a cluster."""

import json
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.edge.vision.scale.test_stage_micrometer import OWN

from leukoscope_edge import archive_workers
from leukoscope_edge.archive import SlideDone, SlideTask
from leukoscope_edge.archive_workers import DIED, _plain, _task, run_on_cores
from leukoscope_edge.counting import NormalSlide, SiteBackground
from leukoscope_edge.sample import SIMULATED_SAMPLE

ECHO = """
import sys, time
from leukoscope_edge.capture.child import Answers
answers = Answers()
for question in answers.questions():
    if question["name"] == "deadly":
        sys.exit()
    if question["name"] == "endless":
        time.sleep(9999)
    files = {"a.txt": 2, "b.txt": 3}
    answers.send({"trouble": question["name"], "files": files}, b"aabbb")
"""


def task_of(folder: Path, name: str) -> SlideTask:
    return SlideTask(
        name=name,
        folder=folder,
        bundle=folder,
        model_sha256="0",
        scale_um_per_px=0.1,
        is_sequence=False,
        facts=SIMULATED_SAMPLE,
    )


def test_a_slide_goes_to_another_process_and_comes_there_as_it_was(
    tmp_path: Path,
) -> None:
    slides = tuple(NormalSlide(n_cells=100 + i, n_blast=i) for i in range(5))
    for more in ({}, {"site": SiteBackground(bundle="x", slides=slides)}):
        task = SlideTask(
            name="caf\udce9",
            folder=tmp_path / "caf\udce9",
            bundle=tmp_path,
            model_sha256="0",
            scale_um_per_px=None if more else 0.1,
            is_sequence=True,
            facts=SIMULATED_SAMPLE,
            calibration=OWN if more else None,
            **more,
        )
        assert _task(json.loads(json.dumps(_plain(task)))) == task


def test_no_slide_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_workers, "COMMAND", ["/no/such/program"])
    assert list(run_on_cores([], 2)) == []


def test_each_file_comes_back_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_workers, "COMMAND", [sys.executable, "-I", "-c", ECHO])
    task = task_of(tmp_path, "1")
    (done,) = run_on_cores([task], 1)
    files = {"a.txt": b"aa", "b.txt": b"bbb"}
    assert done == SlideDone(task=task, files=files, trouble="1")


def test_a_process_that_dies_costs_the_slide_it_was_at_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_workers, "COMMAND", [sys.executable, "-I", "-c", ECHO])
    tasks = [task_of(tmp_path, name) for name in ("deadly", "next")]
    lost, screened = sorted(run_on_cores(tasks, 1), key=lambda one: one.task.name)
    assert lost == SlideDone(task=tasks[0], files={}, trouble=DIED)
    assert (screened.task, screened.trouble) == (tasks[1], "next")


def test_who_stops_waits_for_no_slide(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(archive_workers, "COMMAND", [sys.executable, "-I", "-c", ECHO])
    tasks = [task_of(tmp_path, name) for name in ("quick", "endless", "never", "never")]
    run = run_on_cores(tasks, 2)
    assert isinstance(run, Generator)
    assert next(run).task.name == "quick"
    run.close()  # as Ctrl-C does
    assert capfd.readouterr().err == ""
