"""A folder of many slides on the command line: what is refused, and what is told.

What is screened, and that the bytes are the same however, is in
`tests/edge/test_archive.py`.
"""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.cli import main
from leukoscope_edge.cli.archive_index import FIELDS, INDEX
from leukoscope_edge.cli.commands.archive import TABLE
from leukoscope_edge.durable import alone_in


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two slides of an image each, the second one's torn, and an image above both."""
    folder = tmp_path / "archive"
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for name in ("a/1", "b/1"):
        (folder / name).parent.mkdir(parents=True)
        assert cv2.imwrite(str(folder / f"{name}.png"), pixels)
    (folder / "b/1.png").write_bytes(b"no image")
    assert cv2.imwrite(str(folder / "stray.png"), pixels)
    return folder


@pytest.fixture
def screen(archive: Path, bundle_folder: Path) -> Callable[..., int]:
    def run(*words: str) -> int:
        command = ["screen", str(archive), "--um-per-px", "0.1", "--jobs", "1"]
        data = ["--data", str(archive.parent / "data")]
        return main([*command, *data, "--bundle", str(bundle_folder), *words])

    return run


def test_results_may_lie_among_the_slides_in_a_folder_of_their_own(
    screen: Callable[..., int], archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = archive / "results"
    for n_done in (0, 1):
        assert screen("--out", str(out)) == 1  # one slide's only image is torn
        assert f"2 slides, {n_done} of them done before" in capsys.readouterr().err
    assert (out / "a" / FIELDS).is_dir()


def test_two_runs_at_once_do_not_write_into_one_folder(
    screen: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with alone_in(out):
        assert screen("--out", str(out)) == 1
    assert "another run is writing its results there" in capsys.readouterr().err
    assert not (out / TABLE).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "holds many slides: give --out FOLDER"),
        (("--out", "out", "--keep"), "--keep keeps one slide, not an archive"),
        (("--out", "out", "--backend", "tensorrt"), "screened by the CPU"),
        (("--out", "archive"), "--out holds 2 of the slides, a among them"),
        (("--out", "archive/b"), "--out holds 1 of the slides, b among them"),
        (("--out", "."), "--out holds 2 of the slides"),
    ],
)
def test_what_an_archive_cannot_be_asked_for_is_refused(
    screen: Callable[..., int],
    words: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert screen(*words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_slide_that_fails_fails_the_command_and_the_rest_is_told(
    screen: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert screen("--out", str(out), "--json") == 1
    told = capsys.readouterr()
    rows = json.loads(told.out)
    assert [(r["slide"], r["result"] == "failed") for r in rows] == [
        ("a", False),
        ("b", True),
    ]
    assert "stray.png lies above the slides and is not screened" in told.err
    assert "2 slides, 0 of them done before" in told.err
    assert (out / TABLE).exists()
    assert (out / INDEX).exists()
    screen("--out", str(out))
    told = capsys.readouterr()
    assert "2 slides, 1 of them done before" in told.err
    assert [line.split(":")[0] for line in told.out.splitlines()] == ["a", "b"]
