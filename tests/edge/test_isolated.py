"""A folder is data: files beside pictures are never imported, whatever they are called.

Each planted module leaves a mark where it is run. All processes here are real ones,
started in a folder of such files.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.waiting import wait_for

from leukoscope_edge import isolated
from leukoscope_edge.archive import SlideTask
from leukoscope_edge.archive_workers import run_on_dask
from leukoscope_edge.cli.commands.serve import _command
from leukoscope_edge.inference import open_bundle
from leukoscope_edge.isolated import command_of
from leukoscope_edge.sample import SIMULATED_SAMPLE

ROOT = Path(__file__).resolve().parents[2]
EDGE = ROOT / "edge" / "leukoscope_edge"
NAMES = (
    *("cv2", "json", "numpy", "copy", "struct", "selectors", "tempfile", "random"),
    *("pickle", "socket", "signal", "argparse", "typing", "dataclasses", "pathlib"),
    *("onnxruntime", "tqdm", "sitecustomize", "usercustomize", "leukoscope_edge"),
)
PLANTED = "open({mark!r}, 'a').write(__name__ + '\\n')\n"
CHILDREN = sorted(
    module
    for path in EDGE.rglob("*.py")
    for module in re.findall(r'command_of\(\s*"([\w.]+)"', path.read_text())
)
QUIET_S = 60
"""Each child ends when its standard input does; this is for a slow machine."""


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder of one picture and twenty files that must not be run."""
    folder = tmp_path / "stick"
    folder.mkdir()
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (48, 64, 3), np.uint8)
    assert cv2.imwrite(str(folder / "a.png"), pixels)
    text = PLANTED.format(mark=str(tmp_path / "mark"))
    for name in NAMES:
        (folder / f"{name}.py").write_text(text)
    return folder


def what_was_run(planted: Path) -> str:
    mark = planted.parent / "mark"
    return mark.read_text() if mark.exists() else ""


def run_in(
    folder: Path, command: list[str], **more: str
) -> "subprocess.CompletedProcess[str]":
    path = {"PYTHONPATH": ":"}  # an empty part means the current folder
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **path, **more},
        input="",
        capture_output=True,
        text=True,
        timeout=QUIET_S,
    )


def test_the_planted_files_are_run_where_nobody_takes_care(planted: Path) -> None:
    run_in(planted, [sys.executable, "-c", "import json"])
    assert "json" in what_was_run(planted)


def test_every_module_that_is_a_child_is_tried() -> None:
    assert len(NAMES) == 20
    assert len(CHILDREN) >= 4
    starts = [
        str(path.relative_to(EDGE))
        for path in EDGE.rglob("*.py")
        if re.search(
            r'sys\.executable, "-[mc]"|get_context|ProcessPool', path.read_text()
        )
    ]
    assert starts == []


TOOLS = sorted([*(ROOT / "tools").glob("*.py"), *(ROOT / "tests/rigs").glob("*.py")])


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.stem)
def test_no_tool_starts_python_on_the_folder_it_is_used_in(tool: Path) -> None:
    starts = re.findall(r'sys\.executable,\s*"-[mc]",\s*("?\w+)', tool.read_text())
    assert [word for word in starts if word != '"pytest'] == []  # which runs in ours


@pytest.mark.parametrize(
    "words",
    [
        ("contact_sheet.py", ".", "--out", "../sheet.jpg"),
        ("refused_pictures.py", "."),
        ("fuzz_pictures.py", "a.png", "--mutations", "1"),
        pytest.param(
            ("bench_archive.py", "--slides", "1", "--frames", "1", "--workers", "1"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_no_tool_runs_a_file_of_the_folder_it_is_used_in(
    planted: Path, words: tuple[str, ...]
) -> None:
    command = [sys.executable, str(ROOT / "tools" / words[0]), *words[1:]]
    done = run_in(planted, command, PYTHONPATH="")
    assert "Traceback" not in done.stderr
    assert what_was_run(planted) == ""


@pytest.mark.parametrize("module", CHILDREN)
def test_no_child_runs_a_file_of_its_folder(planted: Path, module: str) -> None:
    settings = json.dumps({"kind": "v4l2", "device": "/dev/v4l/none"})
    done = run_in(planted, [*command_of(module, settings, "cpu")])
    assert what_was_run(planted) == ""
    assert "No module named" not in done.stderr


@pytest.mark.parametrize("part", ["page", "count"])
def test_no_part_of_the_service_runs_a_file_of_its_folder(
    planted: Path, part: str
) -> None:
    words = _command(part, _Options(), _State())  # type: ignore[arg-type]
    done = run_in(planted, [*words, "--help"])
    assert done.stdout.startswith("usage: leukoscope serve")
    assert what_was_run(planted) == ""


DASK = "-I -m distributed.cli.dask_"
"""How the guide starts a scheduler and its workers."""


@pytest.fixture
def dask_address(planted: Path) -> Iterator[str]:
    """A scheduler with one worker, both started in the planted folder."""
    pytest.importorskip("distributed")
    told = planted.parent / "scheduler.json"
    own = ["--scheduler-file", str(told), "--no-dashboard"]
    python, environment = [sys.executable], {**os.environ, "PYTHONPATH": ":"}
    programs = [
        f"{DASK}scheduler --host 127.0.0.1 --port 0".split(),
        f"{DASK}worker --nthreads 1 --local-directory {planted.parent}".split(),
    ]
    with contextlib.ExitStack() as stack:
        for words in programs:
            process = stack.enter_context(
                subprocess.Popen(
                    [*python, *words, *own],
                    cwd=planted,
                    env=environment,
                    stderr=subprocess.DEVNULL,
                )
            )
            stack.callback(process.terminate)
        wait_for(told.exists)
        yield json.loads(told.read_text())["address"]


@pytest.mark.slow
def test_no_dask_worker_runs_a_file_of_its_folder(
    planted: Path, dask_address: str, bundle_folder: Path
) -> None:
    task = SlideTask(
        name="a",
        folder=planted,
        bundle=bundle_folder,
        model_sha256=open_bundle(bundle_folder).card.model_cpu.sha256,
        scale_um_per_px=0.1,
        is_sequence=False,
        facts=SIMULATED_SAMPLE,
    )
    [done] = run_on_dask([task], dask_address)
    assert "result.json" in done.files
    assert what_was_run(planted) == ""


def test_the_guide_starts_dask_like_that() -> None:
    guide = (ROOT / "docs" / "guide" / "engineer.md").read_text()
    starts = re.findall(r"^    (python .*dask.*)$", guide, re.MULTILINE)
    assert [start.startswith(f"python {DASK}") for start in starts] == [True, True]


class _Options:
    profile, port, data = "simulated", None, None


class _State:
    is_cpu_only, safe = False, ""


def test_the_folder_of_the_pictures_may_be_the_current_one(planted: Path) -> None:
    main = "from leukoscope_edge.__main__ import main; main(['screen', '.', '--json'])"
    program = f"import sys; sys.path.insert(0, {str(EDGE.parent)!r}); {main}"
    done = run_in(planted, [sys.executable, "-I", "-c", program])
    assert json.loads(done.stdout)["images"][0]["name"] == "a.png"
    assert what_was_run(planted) == ""


def test_an_archive_may_be_the_current_folder(planted: Path) -> None:
    slide = planted / "slide"
    slide.mkdir()
    (planted / "a.png").rename(slide / "a.png")
    words = ["screen", ".", "--out", str(planted.parent / "out"), "--jobs", "2"]
    done = run_in(planted, [*command_of("leukoscope_edge", *words)])
    assert done.returncode == 0, done.stderr
    assert (planted.parent / "out" / "slide" / "result.json").exists()
    assert what_was_run(planted) == ""


def test_a_package_that_only_a_variable_names_is_found_again(tmp_path: Path) -> None:
    """As in an unpacked wheel: the children find what their parent is made of."""
    (tmp_path / "leukoscope_edge").symlink_to(EDGE)
    program = (
        "from leukoscope_edge import isolated; "
        "print(*isolated.command_of('leukoscope_edge', '--version'))"
    )
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = subprocess.run(
        [sys.executable, "-c", program],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.startswith("leukoscope ")


def test_folders_of_a_variable_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `numpy.py` there, or another numpy, is not the one that is installed."""
    monkeypatch.chdir(tmp_path)
    named, root = str(tmp_path / "named"), isolated.ROOT
    monkeypatch.setenv("PYTHONPATH", f"{named}:{root}::")
    monkeypatch.setattr(sys, "path", ["", named, root, "/usr/lib/python3", "/site"])
    isolated.leave_folder()
    assert sys.path == [root, "/usr/lib/python3", "/site", named]


def test_no_variable_of_opencv_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", "100")
    monkeypatch.setenv("OPENCVX", "kept")
    isolated.forget_variables()
    assert "OPENCV_IO_MAX_IMAGE_PIXELS" not in os.environ
    assert os.environ["OPENCVX"] == "kept"


@pytest.mark.parametrize(("asked", "kept"), [(100, 64), (64, 64), (32, 32)])
def test_who_starts_a_process_may_allow_it_less_than_it_would_take(
    asked: int, kept: int
) -> None:
    program = (
        "import resource as r; from leukoscope_edge.isolated import lower_limit; "
        f"lower_limit(r.RLIMIT_NOFILE, {asked}); print(r.getrlimit(r.RLIMIT_NOFILE))"
    )
    shell = 'ulimit -n 64; exec "$0" -c "$1"'
    words = ["bash", "-c", shell, sys.executable, program]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert done.stdout == f"({kept}, {kept})\n"
