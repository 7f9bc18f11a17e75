"""`leukoscope screen SOURCE`: one slide, or one set of fields, to a result."""

import argparse
import sys
from pathlib import Path

from leukoscope_edge.archive import is_archive
from leukoscope_edge.capture.source import (
    is_camera,
    is_sequence,
    is_simulated,
    open_source,
)
from leukoscope_edge.cli import archive
from leukoscope_edge.errors import SourceError
from leukoscope_edge.inference.bundle import Bundle, open_bundle, shipped_bundle_for
from leukoscope_edge.inference.engine import OnnxCpuEngine
from leukoscope_edge.records.files import prepare_folder
from leukoscope_edge.records.result import result_bytes
from leukoscope_edge.records.results import RESULT_FILES, result_files, write_files
from leukoscope_edge.records.table import table_text
from leukoscope_edge.screening import screen
from leukoscope_edge.types import Domain, Screening

SCALE_RANGE_UM_PER_PX = (0.01, 2.0)
"""From a 100x objective on the finest sensor to a 10x one on the coarsest."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    screen_ = commands.add_parser("screen", help="screen a slide or a set of images")
    screen_.set_defaults(run=_screen)
    screen_.add_argument(
        "source",
        help="a folder of images, a folder of such folders, an image, a video, "
        "camera[:DEVICE or FILE.toml], or simulated[:key=value,...]",
    )
    screen_.add_argument(
        "--out", type=Path, help="write report.html, cells.csv and result.json here"
    )
    screen_.add_argument(
        "--json", action="store_true", help="print the result as one JSON object"
    )
    screen_.add_argument(
        "--sequence",
        action="store_true",
        help="the images of the folder are frames of one hand-moved slide",
    )
    screen_.add_argument(
        "--um-per-px",
        type=_scale,
        help="calibrated micrometres per pixel of stored images",
    )
    screen_.add_argument("--bundle", type=Path, help="a model bundle's folder")
    screen_.add_argument(
        "--threads", type=int, default=0, help="threads of the network; 0: all cores"
    )
    screen_.add_argument(
        "--frames", type=int, help="how many of a camera, which has no end"
    )
    archive.add_options(screen_)


def _scale(text: str) -> float:
    low, high = SCALE_RANGE_UM_PER_PX
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"expected micrometres per pixel in {low}..{high}, got {text!r}"
        )
    return value


def _screen(options: argparse.Namespace) -> int:
    bundle = _bundle_for(options)
    if is_archive(options.source):
        return archive.run(options, bundle)
    if is_camera(options.source) and options.frames is None:
        raise SourceError("a camera has no end: say how many frames with --frames")
    if options.out:
        prepare_folder(options.out, tuple(RESULT_FILES))
    with (
        open_source(
            options.source,
            scale_um_per_px=options.um_per_px,
            n_frames=options.frames,
        ) as camera,
        OnnxCpuEngine(bundle, n_threads=options.threads) as engine,
    ):
        screening = screen(
            camera,
            engine,
            bundle,
            source=options.source,
            is_sequence=options.sequence or is_sequence(options.source),
            show_progress=sys.stderr.isatty(),
        )
    _report_skipped(screening)
    if all(image.status == "skipped" for image in screening.images):
        raise SourceError(f"{options.source}: no image could be read; nothing written")
    if options.out:
        write_files(options.out, result_files(screening))
        print(f"report: {options.out / 'report.html'}", file=sys.stderr)
    text = result_bytes(screening).decode() if options.json else table_text(screening)
    print(text.rstrip("\n"))
    return 0


def _bundle_for(options: argparse.Namespace) -> Bundle:
    domain: Domain = "simulated" if is_simulated(options.source) else "real"
    return open_bundle(options.bundle or shipped_bundle_for(domain))


def _report_skipped(screening: Screening) -> None:
    for image in screening.images:
        if image.status == "skipped":
            print(f"leukoscope: {image.name} {image.reason}", file=sys.stderr)
