"""Options that would have no effect are refused: whoever gave one meant something."""

import argparse
from pathlib import Path

from leukoscope_edge.capture import is_camera, is_sequence, is_simulated
from leukoscope_edge.errors import UsageError


def require_effect(options: argparse.Namespace, *, is_archive: bool) -> None:
    """Refuse what `screen` would ignore.

    Args:
        options: Of `leukoscope screen`.
        is_archive: The source is a folder of many slides.

    Raises:
        UsageError: Such an option was given.
    """
    source = options.source
    simulated, camera = is_simulated(source), is_camera(source)
    frames_overlap = options.sequence or is_sequence(source)
    rules = (
        (source.startswith("/dev/video"), f"a camera is written camera:{source}"),
        (options.sample and not options.keep, "--sample is kept with --keep only"),
        (
            options.um_per_px is not None and options.calibration is not None,
            "--calibration brings its own scale: no --um-per-px with it",
        ),
        (
            options.um_per_px is not None and simulated,
            "the simulated slide brings its own scale: no --um-per-px",
        ),
        (
            options.frames is not None and not camera,
            "--frames is for a camera, which has no end; this source ends by itself",
        ),
        (
            options.sequence and (simulated or camera),
            f"{source} is a sequence already: no --sequence",
        ),
        (
            options.only_new is not None and not frames_overlap,
            "--every-frame is for a sequence; of separate images each is searched",
        ),
        (
            options.dask is not None and not is_archive,
            "--dask is for a folder of many slides, and this is one",
        ),
        (
            (options.jobs or 1) > 1 and not is_archive,
            "--jobs is how many slides run at the same time, and this is one",
        ),
        (
            options.threads and is_archive,
            "an archive takes one thread a slide: --jobs says how many slides",
        ),
    )
    for is_without_effect, why in rules:
        if is_without_effect:
            raise UsageError(why)


def require_clear(source: str) -> None:
    """Refuse a word that means two things here: a camera, and a folder of that name.

    Raises:
        UsageError: It does.
    """
    if (is_camera(source) or is_simulated(source)) and Path(source).exists():
        what = "the camera" if is_camera(source) else "the simulated slide"
        raise UsageError(
            f"{source!r} means {what}, and there is a file or folder of that name "
            f"here: write ./{source} for it"
        )
