"""What `leukoscope screen` makes of its options, before the work and behind it."""

import argparse
import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import pytest
from tests.edge.records.one_screening import SCREENING

from leukoscope_edge.cli import main
from leukoscope_edge.cli.commands import screen
from leukoscope_edge.errors import SourceError, UsageError
from leukoscope_edge.messages import message
from leukoscope_edge.screening_result import ImageReport, Screening
from leukoscope_edge.types import THRESHOLDS

FIRMWARE = Path(__file__).parents[4] / "firmware_config"


def options_of(*words: str) -> argparse.Namespace:
    """What the command's own parser reads."""
    parser = argparse.ArgumentParser()
    screen.add(parser.add_subparsers())
    return parser.parse_args(["screen", *words])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile of ours in the folder where the command runs, with its own answers."""
    (tmp_path / "site.toml").write_text(
        'segmenter = "of-the-profile"\nonly_new = false\n'
        + (FIRMWARE / "simulated.toml").read_text()
    )
    monkeypatch.chdir(tmp_path)


def screened(*reasons: str) -> Screening:
    """A screening with an image a reason's id, "" where it could be read."""
    images = tuple(
        ImageReport(
            name=f"{number}.png",
            status="skipped" if reason else "screened",
            reason=message(reason) if reason else None,
        )
        for number, reason in enumerate(reasons)
    )
    return replace(SCREENING, source="fields", images=images)


@pytest.mark.parametrize(
    ("n_bad", "n_lines", "last"),
    [
        (0, 0, ""),
        (1, 1, "0.png is empty: copy it again"),
        (20, 20, "19.png is empty: copy it again"),
        (21, 21, "and 1 more; the results name each"),
        (30, 21, "and 10 more; the results name each"),
    ],
)
def test_of_many_images_that_cannot_be_read_only_the_first_are_named(
    capsys: pytest.CaptureFixture[str], n_bad: int, n_lines: int, last: str
) -> None:
    screen._require_read(screened(*["file-empty"] * n_bad, "", ""))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == n_lines
    assert "".join(lines[-1:]).endswith(last)


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        (["file-empty"], ""),
        (["file-empty", "file-truncated"], ""),
        (["file-empty", "file-empty"], " (each is empty: copy it again)"),
    ],
)
def test_a_source_of_which_nothing_can_be_read_is_none(
    reasons: list[str], said: str
) -> None:
    with pytest.raises(SourceError) as refused:
        screen._require_read(screened(*reasons))
    what = "fields: no image could be read; nothing written"
    assert str(refused.value) == what + said


@pytest.mark.parametrize(
    ("words", "used"),
    [
        ([], THRESHOLDS),
        (["--segmenter", "unet-nuclei-1"], "unet-nuclei-1"),
        (["--profile", "site.toml"], "of-the-profile"),
    ],
)
@pytest.mark.usefixtures("site")
def test_cells_are_found_as_was_asked_for(words: list[str], used: str) -> None:
    assert screen._segmenter(options_of("x", *words)) == used


def test_two_words_on_how_cells_are_found_are_one_too_many() -> None:
    words = ["--segmenter", THRESHOLDS, "--profile", "simulated"]
    with pytest.raises(UsageError, match="no --segmenter"):
        screen._segmenter(options_of("x", *words))


@pytest.mark.parametrize(
    ("given", "active", "opened"),
    [
        ("mine", "updated", "mine"),
        ("mine", None, "mine"),
        (None, "updated", "updated"),
        (None, None, "shipped"),
    ],
)
def test_the_model_is_what_was_named_or_updated_or_shipped(
    monkeypatch: pytest.MonkeyPatch, given: str | None, active: str | None, opened: str
) -> None:
    path = Path(active) if active else None
    monkeypatch.setattr(screen, "active_bundle", lambda *_: path)
    monkeypatch.setattr(screen, "shipped_bundle_for", lambda _: Path("shipped"))
    monkeypatch.setattr(screen, "open_bundle", lambda folder: folder)
    words = ["--bundle", given] if given else []
    assert screen._bundle_for(options_of("x", *words)) == Path(opened)  # type: ignore[comparison-overlap]


CALIBRATION = ["--calibration", "100x.toml"]


def test_a_calibration_is_of_stored_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "open_source", lambda *_, **__: "the source")
    monkeypatch.setattr(screen, "read_toml", lambda path, _: path.name)
    monkeypatch.setattr(screen, "with_calibration", lambda *both: both)
    assert screen._open_camera(options_of("x")) == "the source"  # type: ignore[comparison-overlap]
    with_one = screen._open_camera(options_of("x", *CALIBRATION))
    assert with_one == ("the source", "100x.toml")  # type: ignore[comparison-overlap]
    with pytest.raises(UsageError, match="brings its own scale"):
        screen._open_camera(options_of("simulated", *CALIBRATION))


@pytest.mark.parametrize(
    ("source", "words", "is_refused"),
    [
        ("camera", [], True),
        ("camera", ["--frames", "1"], False),
        ("fields", [], False),
    ],
)
def test_a_camera_alone_is_told_its_end(
    source: str, words: list[str], *, is_refused: bool
) -> None:
    worked: list[str] = []
    options = options_of(source, *words)
    refused = pytest.raises(SourceError, match="--frames")
    with refused if is_refused else contextlib.nullcontext():
        screen.require_end(options)
        worked.append(source)
    assert worked == ([] if is_refused else [source])


@pytest.mark.parametrize(
    ("words", "is_sequence", "n_threads"),
    [
        (["fields"], False, 4),
        (["fields", "--sequence"], True, 4),
        (["slide.mp4"], True, 4),
        (["fields", "--threads", "0"], False, 4),
        (["fields", "--threads", "3"], False, 3),
    ],
)
def test_frames_are_searched_by_as_many_threads_as_was_said_each_with_one(
    *,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    is_sequence: bool,
    n_threads: int,
) -> None:
    asked, own = dict[str, Any](), list[int]()
    nothing: Callable[..., Any] = lambda *_, **__: contextlib.nullcontext()  # noqa: E731
    for name in ("watched", "open_engine"):
        monkeypatch.setattr(screen, name, nothing)
    monkeypatch.setattr(cv2, "setNumThreads", own.append)
    monkeypatch.setattr(screen, "share_arenas", lambda: None)
    own_cores = {0: {0, 1, 4, 5}}
    monkeypatch.setattr(os, "sched_getaffinity", own_cores.__getitem__)
    monkeypatch.setattr(screen, "screen", lambda *_, **how: asked.update(how))
    options = options_of(*words)
    options.segmenter = THRESHOLDS
    bundle: Any = SimpleNamespace(folder=Path(), card=SimpleNamespace(domain="real"))
    screen._walk(contextlib.nullcontext(), options, bundle, None)  # type: ignore[arg-type]
    assert asked["is_sequence"] == is_sequence
    assert asked["n_threads"] == n_threads
    assert own == [1]


@pytest.mark.parametrize("words", [["--frames", "0"], ["--threads", "65"]])
def test_a_number_that_cannot_be_meant_is_refused(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["screen", "camera", *words])
    assert stop.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_the_command_asks_a_camera_for_its_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["screen", "camera"]) == 1
    assert "how many frames with --frames" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "is_so"),
    [
        ([], True),
        (["--every-frame"], False),
        (["--profile", "site.toml"], False),
        (["--profile", "simulated"], True),
        (["--profile", "simulated", "--every-frame"], False),
    ],
)
@pytest.mark.usefixtures("site")
def test_only_what_is_new_is_searched_unless_somebody_or_the_profile_says_otherwise(
    words: list[str], *, is_so: bool
) -> None:
    assert screen._only_new(options_of("x", *words)) is is_so
