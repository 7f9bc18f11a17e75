"""`leukoscope ...`: results on stdout, the rest on stderr.

Exit 0: done, whatever the medical outcome. 1: failed. 2: wrong use.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from leukoscope_edge import __version__
from leukoscope_edge.capture.source import is_sequence, is_simulated, open_source
from leukoscope_edge.errors import LeukoscopeError, SourceError
from leukoscope_edge.inference.bundle import (
    Bundle,
    open_bundle,
    shipped_bundle_for,
    shipped_bundles,
)
from leukoscope_edge.inference.engine import OnnxCpuEngine, self_test
from leukoscope_edge.records.files import prepare_folder, write_whole
from leukoscope_edge.records.report import report_bytes
from leukoscope_edge.records.result import result_bytes
from leukoscope_edge.records.table import cells_csv_bytes, table_text
from leukoscope_edge.screening import screen
from leukoscope_edge.types import Domain, Screening

EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130
RESULT_FILES: dict[str, Callable[[Screening], bytes]] = {
    "report.html": report_bytes,
    "cells.csv": cells_csv_bytes,
    "result.json": result_bytes,  # last: where it stands, the others are whole
}
SCALE_RANGE_UM_PER_PX = (0.01, 2.0)
"""From a 100x objective on the finest sensor to a 10x one on the coarsest."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except LeukoscopeError as err:
        print(f"leukoscope: {err}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("leukoscope: stopped; no result was written", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leukoscope",
        description="Offline screening of blood smears for acute lymphoblastic "
        "leukemia. Flags smears for review; not a diagnosis.",
    )
    parser.add_argument(
        "--version", action="version", version=f"leukoscope {__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_screen(commands)
    _add_model(commands)
    return parser


def _add_screen(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    screen_ = commands.add_parser("screen", help="screen a slide or a set of images")
    screen_.set_defaults(run=_run_screen)
    screen_.add_argument(
        "source",
        help="a folder of images, an image, a video, or simulated[:key=value,...]",
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


def _add_model(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    model = commands.add_parser("model", help="list or verify model bundles")
    actions = model.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the bundles that came with the program")
    listing.set_defaults(run=_run_model_list)
    verify = actions.add_parser(
        "verify", help="check hashes and run the stored cells of a bundle"
    )
    verify.set_defaults(run=_run_model_verify)
    verify.add_argument("bundle", type=Path, nargs="?", help="default: all shipped")


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


def _run_screen(options: argparse.Namespace) -> int:
    bundle = _bundle_for(options)
    if options.out:
        prepare_folder(options.out, tuple(RESULT_FILES))
    with (
        open_source(options.source, scale_um_per_px=options.um_per_px) as camera,
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
        for name, make in RESULT_FILES.items():
            write_whole(options.out / name, make(screening))
        print(f"report: {options.out / 'report.html'}", file=sys.stderr)
    text = result_bytes(screening).decode() if options.json else table_text(screening)
    print(text.rstrip("\n"))
    return EXIT_DONE


def _bundle_for(options: argparse.Namespace) -> Bundle:
    domain: Domain = "simulated" if is_simulated(options.source) else "real"
    return open_bundle(options.bundle or shipped_bundle_for(domain))


def _report_skipped(screening: Screening) -> None:
    for image in screening.images:
        if image.status == "skipped":
            print(f"leukoscope: {image.name} {image.reason}", file=sys.stderr)


def _run_model_list(_: argparse.Namespace) -> int:
    for folder in shipped_bundles().values():
        card = open_bundle(folder).card
        print(f"{card.id:<32} {card.domain:<10} {card.created}  {card.summary}")
    return EXIT_DONE


def _run_model_verify(options: argparse.Namespace) -> int:
    folders = [options.bundle] if options.bundle else shipped_bundles().values()
    for folder in folders:
        bundle = open_bundle(folder)
        with OnnxCpuEngine(bundle) as engine:
            worst = self_test(engine, bundle)
            print(
                f"{bundle.card.id}: hashes agree; {len(bundle.golden.crops)} stored "
                f"cells on {engine.name}: largest logit difference {worst:.2g}"
            )
    return EXIT_DONE
