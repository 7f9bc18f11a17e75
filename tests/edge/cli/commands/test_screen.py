"""The command line as a user meets it: real bundles, real files, real exit codes."""

import html
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from tests.simulated import camera_on

from leukoscope_edge.cli import main
from leukoscope_edge.cli.commands.screen import do_each
from leukoscope_edge.durable import alone_in
from leukoscope_edge.errors import OutputError
from leukoscope_edge.types import Frame
from leukoscope_edge.updates import UpdateContext, state
from leukoscope_edge.updates.state import State

SIMULATED = "simulated:seed=5,frames=12"


def save_frames(folder: Path, n: int = 3) -> Path:
    """Simulated frames as files: to the program they are a folder of real images."""
    folder.mkdir()
    with camera_on("simulated:seed=5,frames=12") as camera:
        for number in range(n):
            frame = camera.read()
            assert isinstance(frame, Frame)
            bgr = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
            assert cv2.imwrite(str(folder / f"{number}.png"), bgr)
    return folder


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_screens_the_simulated_slide_and_marks_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["screen", SIMULATED, "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "SIMULATION: " in printed.out
    assert str(out / "report.html") in printed.err
    assert sorted(p.name for p in out.iterdir()) == [
        "cells.csv",
        "report.html",
        "result.json",
    ]
    result = json.loads((out / "result.json").read_text())
    assert result["simulation"]
    assert result["sequence"]
    assert len(result["images"]) == 12


def test_json_is_one_object_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["screen", SIMULATED, "--json"]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert printed.err == ""
    assert {"verdict", "images", "cells", "model", "software"} <= set(result)


def test_the_same_slide_gives_the_same_bytes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = []
    for _ in range(2):
        assert main(["screen", SIMULATED, "--json"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_a_bad_image_among_many_is_listed_and_the_others_are_screened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_frames(tmp_path / "fields")
    (folder / "bad.jpg").write_text("no image")
    assert main(["screen", str(folder), "--json"]) == 0
    printed = capsys.readouterr()
    statuses = {i["name"]: i for i in json.loads(printed.out)["images"]}
    assert statuses["bad.jpg"]["status"] == "skipped"
    assert "not an image" in statuses["bad.jpg"]["reason"]
    assert sum(s["status"] == "skipped" for s in statuses.values()) == 1
    assert printed.err.startswith("leukoscope: bad.jpg is not an image")


def test_no_verdict_without_a_scale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_frames(tmp_path / "fields")
    assert main(["screen", str(folder), "--sample-type", "blood", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["scale_um_per_px"] is None
    assert result["count"]["result"] == "none-possible"
    assert "--um-per-px" in result["verdict"]


def all_bad(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.jpg").write_text("x")
    return folder


def empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (empty, "no image in this folder"),
        (all_bad, "no image could be read"),
        (lambda folder: folder, "no such folder"),
    ],
)
def test_an_unusable_source_fails_in_one_line_and_writes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], Path],
    message: str,
) -> None:
    out = tmp_path / "out"
    assert main(["screen", str(make(tmp_path / "in")), "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in last_line(printed.err)
    assert not out.exists() or list(out.iterdir()) == []


def test_a_failed_run_leaves_no_older_result_to_be_mistaken(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("of yesterday")
    assert main(["screen", str(all_bad(tmp_path / "in")), "--out", str(out)]) == 1
    assert list(out.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to read /proc as a folder")
def test_an_unwritable_folder_is_refused_before_the_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["screen", SIMULATED, "--out", "/proc/out"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "/proc/out: cannot be written to" in printed.err
    assert "--out" in printed.err


def test_a_missing_model_fails_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["screen", SIMULATED, "--bundle", str(tmp_path / "gone")]) == 1
    assert "no model bundle here" in last_line(capsys.readouterr().err)


def test_a_changed_model_is_refused(
    bundle_factory: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bundle_factory(domain="simulated")
    model = bytearray((folder / "model.cpu.onnx").read_bytes())
    model[len(model) // 2] ^= 1
    (folder / "model.cpu.onnx").write_bytes(model)
    assert main(["screen", SIMULATED, "--bundle", str(folder)]) == 1
    assert "damaged or replaced" in last_line(capsys.readouterr().err)
    assert main(["model", "verify", str(folder)]) == 1


@pytest.mark.parametrize("source_is_real", [True, False])
def test_a_model_of_another_domain_is_refused(
    tmp_path: Path,
    bundle_factory: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    source_is_real: bool,
) -> None:
    source = str(save_frames(tmp_path / "fields")) if source_is_real else SIMULATED
    folder = bundle_factory(domain="simulated" if source_is_real else "real")
    assert main(["screen", source, "--bundle", str(folder)]) == 1
    assert "was made for" in last_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["screen"],
        ["screen", "x", "--um-per-px", "0"],
        ["screen", "x", "--um-per-px", "nan"],
        ["screen", "x", "--colour", "red"],
        ["dance"],
    ],
)
def test_wrong_use_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


PROFILE = """
name = "site"
data_dir = "d"
segmenter = "{segmenter}"
[camera]
source = "simulated"
frames_per_second = 10.0
[page]
"""


@pytest.mark.parametrize(
    ("segmenter", "used", "why"),
    [
        ("thresholds", "thresholds", ""),
        ("unet-nuclei-1", "unet-nuclei-1", ""),
        ("unet-x", "thresholds", "unet-x cannot be used: there is no segmenter"),
    ],
)
def test_cells_are_found_as_the_profile_says_or_every_result_says_why_not(
    segmenter: str,
    used: str,
    why: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    profile = tmp_path / "site.toml"
    profile.write_text(PROFILE.format(segmenter=segmenter))
    few = "simulated:seed=5,frames=3"
    words = ["screen", few, "--profile", str(profile), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    printed = capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["segmenter"] == used
    assert result["segmenter_fallback"].startswith(why)
    note = f"Cells are found by thresholds: {result['segmenter_fallback']}"
    assert (note in printed) == (note in result["notes"]) == bool(why)
    report = (tmp_path / "out" / "report.html").read_text()
    assert f"<dt>Cells found by</dt><dd><bdi>{used}</bdi>" in report
    assert (note in html.unescape(report)) == bool(why)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--segmenter", "unet-x"], "there are: thresholds, unet-nuclei-1"),
        (["--segmenter", "thresholds", "--profile", "simulated"], "no --segmenter"),
        (["--profile", "no-such"], "there is no profile 'no-such'"),
    ],
)
def test_a_segmenter_that_is_not_there_fails_before_the_work(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["screen", SIMULATED, *words]) in (1, 2)
    printed = capsys.readouterr()
    assert why in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.real
def test_screens_one_real_field(
    real_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    field = real_data / "wbc-fields" / "images" / "BloodImage_00000.jpg"
    assert main(["screen", str(field), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert not result["simulation"]
    (cell,) = result["cells"]
    x0, y0, x1, y1 = cell["box_px"]
    assert 260 < (x0 + x1) / 2 < 491
    assert 177 < (y0 + y1) / 2 < 376


def test_a_slide_that_a_wrong_clock_dates_is_kept_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = UpdateContext(data=tmp_path).models
    models.mkdir()
    state.save(models, replace(State(), time_floor="2099-01-01T00:00:00+00:00"))
    words = ["screen", "simulated:seed=5,frames=1", "--keep", "--data", str(tmp_path)]
    assert main(words) == 0
    error = capsys.readouterr().err
    assert "kept as slide 0001" in error
    assert last_line(error).startswith("leukoscope: W01: this device's clock is wrong")
    assert "expected 2099-01-01 or soon after" in error


def test_where_one_result_cannot_be_written_the_others_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, data = tmp_path / "out", tmp_path / "data"
    out.mkdir()
    (out / ".report.html.part").symlink_to("nowhere")  # as a stick that was pulled
    words = ["screen", "simulated:seed=5,frames=1", "--keep", "--data", str(data)]
    assert main([*words, "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert "kept as slide 0001" in printed.err
    assert "report.html: cannot be written" in last_line(printed.err)
    assert "SIMULATION: " in printed.out


def test_each_step_is_done_and_the_first_that_failed_raises(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done: list[str] = []

    def fail(error: BaseException) -> Callable[[], None]:
        def step() -> None:
            raise error

        return step

    do_each([])
    first, second = OutputError("a: is full"), OutputError("b: is full")
    with pytest.raises(OutputError, match="a: is full"):
        do_each([fail(first), fail(second), lambda: done.append("c")])
    assert done == ["c"]
    assert "b: is full" in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):  # who stops it wants no more
        do_each([fail(KeyboardInterrupt()), lambda: done.append("d")])
    assert done == ["c"]


def test_a_folder_that_another_run_writes_into_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "result.json").write_text("the other's")
    with alone_in(tmp_path):
        assert main(["screen", SIMULATED, "--out", str(tmp_path)]) == 1
    assert "another run is writing its results there" in capsys.readouterr().err
    assert (tmp_path / "result.json").read_text() == "the other's"


def test_gives_up_politely_when_interrupted(tmp_path: Path) -> None:
    out = tmp_path / "out"
    # A run in the background starts with interrupts ignored, and so would this.
    heeding = ["env", "--default-signal=INT", sys.executable, "-m", "leukoscope_edge"]
    with subprocess.Popen(
        [*heeding, "screen", "simulated:frames=999", "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not out.exists():  # made after the imports, before the first frame
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert last_line(errors) == "leukoscope: stopped; no file is left half written"
    assert list(out.iterdir()) == []


def test_a_camera_needs_to_be_told_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", "camera:/dev/video9"]) == 1
    assert "--frames" in last_line(capsys.readouterr().err)


def test_a_camera_that_is_not_there_gives_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    source = "camera:/dev/v4l/by-id/usb-gone-video-index0"
    assert main(["screen", source, "--frames", "2", "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "usb-gone-video-index0 is not plugged in" in printed.err
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("action", [["show", "simulated"], ["list"]])
def test_a_reader_that_has_enough_ends_a_command_quietly(action: list[str]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "leukoscope_edge", "profile", *action]
    done = subprocess.run(
        command, stdout=writes, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writes)
    assert done.stderr == ""
