"""Options without an effect, each with the source that would ignore it."""

from argparse import Namespace
from pathlib import Path

import pytest

from leukoscope_edge.cli.effect import require_clear, require_effect
from leukoscope_edge.errors import UsageError

NOTHING = {
    "source": "slides",
    "sample": None,
    "keep": False,
    "um_per_px": None,
    "calibration": None,
    "frames": None,
    "sequence": False,
    "only_new": None,
    "dask": None,
    "jobs": None,
    "threads": 0,
}
ONE, MANY = False, True


@pytest.mark.parametrize(
    ("given", "is_archive", "said"),
    [
        ({"sample": "S-1"}, ONE, "kept with --keep only"),
        ({"um_per_px": 0.1, "calibration": "own.toml"}, ONE, "brings its own scale"),
        ({"source": "simulated", "um_per_px": 0.1}, ONE, "brings its own scale"),
        ({"frames": 3}, ONE, "--frames is for a camera"),
        ({"source": "simulated:cells=3", "frames": 3}, ONE, "--frames is for a camera"),
        ({"source": "simulated", "sequence": True}, ONE, "is a sequence already"),
        ({"source": "camera", "sequence": True}, ONE, "is a sequence already"),
        ({"only_new": False}, ONE, "--every-frame is for a sequence"),
        ({"only_new": False}, MANY, "--every-frame is for a sequence"),
        ({"dask": "tcp://host:8786"}, ONE, "--dask is for a folder of many slides"),
        ({"jobs": 2}, ONE, "and this is one"),
        ({"threads": 2}, MANY, "an archive takes one thread a slide"),
    ],
)
def test_what_would_be_ignored_is_refused(
    given: dict[str, object], is_archive: bool, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        require_effect(Namespace(**(NOTHING | given)), is_archive=is_archive)


@pytest.mark.parametrize(
    ("given", "is_archive"),
    [
        ({}, ONE),
        ({}, MANY),
        ({"sample": "S-1", "keep": True}, ONE),
        ({"um_per_px": 0.1, "sequence": True, "threads": 2}, ONE),
        ({"calibration": "own.toml"}, MANY),
        ({"source": "camera", "frames": 3}, ONE),
        ({"source": "simulated", "only_new": False}, ONE),
        ({"source": "slide.avi", "only_new": False}, ONE),
        ({"sequence": True, "only_new": False}, MANY),
        ({"dask": "tcp://host:8786"}, MANY),
        ({"jobs": 1}, ONE),
        ({"jobs": 2}, MANY),
    ],
)
def test_what_has_an_effect_is_let_through(
    given: dict[str, object], is_archive: bool
) -> None:
    require_effect(Namespace(**(NOTHING | given)), is_archive=is_archive)


@pytest.mark.parametrize(
    ("source", "what"),
    [("camera", "the camera"), ("simulated:cells=3", "the simulated slide")],
)
def test_a_word_that_means_two_things_is_refused(
    source: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    require_clear(source)
    (tmp_path / source).mkdir()
    with pytest.raises(UsageError, match=rf"means {what}.*write \./{source}"):
        require_clear(source)
    require_clear(f"./{source}")
