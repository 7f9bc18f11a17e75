"""The workstation's export commands.

python -m leukoscope_export onnx      a fitted network as clean fp32 ONNX
python -m leukoscope_export quantize  the same as two int8 files from one scale table
python -m leukoscope_export parity    do all forms say the same of real cells?
python -m leukoscope_export pair      what would a quick network before a deep one cost?
python -m leukoscope_export engine    build a bundle's TensorRT engine on this GPU, or
                                      compile engines for other GPUs into the bundle
python -m leukoscope_export bundle    quantise fitted runs and put them into a bundle
python -m leukoscope_export kinds     a pair that laboratories taught, into a bundle
python -m leukoscope_export recalibrate  points and limits anew, of a bundle's own files
python -m leukoscope_export marrow    a normal marrow's false calls onto a new card
python -m leukoscope_export publish   keys, signatures and the stick of a release
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_export import cli_steps
from leukoscope_export.compiled import add_engines
from leukoscope_export.graphs import METHODS, QatPlan
from leukoscope_export.laboratories import make_kind_bundle
from leukoscope_export.marrow import make_marrow_card
from leukoscope_export.recalibrate import Kept, make_recalibrated_card
from leukoscope_export.release import Recipe, make_bundle
from leukoscope_export.runs import FINAL
from leukoscope_export.signing import publish_cli
from leukoscope_train.arguments import whole


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parse(arguments)
    try:
        options.run(options)
    except LeukoscopeError as err:
        print(f"leukoscope_export: {err}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def onnx(options: argparse.Namespace) -> None:
    """Export one network and check it against torch."""
    _say(cli_steps.export(options.work, options.network, options.out))


def quantize(options: argparse.Namespace) -> None:
    """Write both int8 files and say what each way of choosing ranges costs."""
    recipe = _recipe(options)
    _say(cli_steps.quantize(options.work, options.network, options.out, recipe))


def parity(options: argparse.Namespace) -> None:
    """Compare all forms on the cells that the network never saw, or on all."""
    _say(cli_steps.parity(options.work, options.network, options.files))


def pair(options: argparse.Namespace) -> None:
    """Say how often the deep network would be asked, and what that costs."""
    _say(cli_steps.pair(options.work, options.quick_work))


def engine(options: argparse.Namespace) -> None:
    """Compile for other GPUs, or build here and check against the stored answers."""
    if options.targets:
        _say(add_engines(options.bundle, options.targets))
    else:
        _say(cli_steps.engine(options.bundle, options.backend, options.cache))


def bundle(options: argparse.Namespace) -> None:
    """Make a bundle and say where it is and how much int8 cost."""
    folder, parity = make_bundle(
        options.work,
        options.release,
        options.out,
        quick=options.quick_work,
        recipe=replace(_recipe(options), has_fp16=options.fp16),
    )
    _say(f"{folder}: {parity}")


def kinds(options: argparse.Namespace) -> None:
    """Make a bundle of kinds, calibrated on laboratories left out."""
    folder, found = make_kind_bundle(options.release, options.out)
    _write_figures(folder, f"{folder.name}.json", found)


def recalibrate(options: argparse.Namespace) -> None:
    """Write a bundle of the same files whose card was measured anew."""
    folder, found = make_recalibrated_card(
        options.release,
        options.bundle,
        options.views,
        options.out,
        keeps=options.keep,
    )
    _write_figures(folder, f"{folder.name}.json", found)


def marrow(options: argparse.Namespace) -> None:
    """Write a bundle of the same files whose card knows a normal marrow."""
    folder, found = make_marrow_card(
        options.release, options.bundle, options.cells, options.out
    )
    _write_figures(folder, f"marrow-{folder.name}.json", found)


def _write_figures(folder: Path, name: str, found: dict[str, Any]) -> None:
    text = json.dumps(found, indent=1) + "\n"
    folder.with_name(name).write_text(text, encoding="utf-8")
    _say(f"{folder}: the figures are beside it, in {name}")


def _recipe(options: argparse.Namespace) -> Recipe:
    qat = QatPlan(n_steps=options.qat) if options.qat else None
    return Recipe(method=options.method, qat=qat)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m leukoscope_export")
    commands = parser.add_subparsers(required=True)
    _add_steps(commands)
    _add_engine(commands)
    _add_bundles(commands)
    publish_cli.add(commands)
    return parser.parse_args(arguments)


def _add_steps(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("onnx", help="a fitted network as clean fp32 ONNX")
    one.set_defaults(run=onnx)
    _add_network(one)
    one.add_argument("--out", type=Path, required=True, help="folder for fp32.onnx")

    one = commands.add_parser("quantize", help="two int8 files from one scale table")
    one.set_defaults(run=quantize)
    _add_network(one)
    one.add_argument("--out", type=Path, required=True, help="folder for the files")
    _add_recipe(one)

    one = commands.add_parser("parity", help="compare all forms on real cells")
    one.set_defaults(run=parity)
    _add_network(one)
    one.add_argument("--files", type=Path, required=True, help="folder of `quantize`")

    one = commands.add_parser("pair", help="a quick network before a deep one")
    one.set_defaults(run=pair)
    one.add_argument("--work", type=Path, required=True, help="folder of `fit`")
    one.add_argument("--quick-work", type=Path, required=True, help="of the smaller")


def _add_engine(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    one = commands.add_parser("engine", help="build a bundle's TensorRT engines")
    one.set_defaults(run=engine)
    one.add_argument("bundle", type=Path)
    one.add_argument(
        "--for",
        dest="targets",
        action="append",
        metavar="SM86",
        help="compile for this GPU into the bundle, without a GPU (TensorRT for RTX); "
        "may be repeated",
    )
    one.add_argument(
        "--backend", choices=("tensorrt", "tensorrt-rtx"), default="tensorrt"
    )
    one.add_argument("--cache", type=Path, help="folder of the plans")


def _add_bundles(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    one = commands.add_parser("bundle", help="quantise fitted runs into a bundle")
    one.set_defaults(run=bundle)
    _add_release(one)
    one.add_argument("--work", type=Path, required=True, help="folder of `fit`")
    one.add_argument("--quick-work", type=Path, help="a smaller network, asked first")
    one.add_argument(
        "--fp16", action="store_true", help="also a file for GPUs without int8"
    )
    _add_recipe(one)

    one = commands.add_parser("kinds", help="a bundle that laboratories taught")
    one.set_defaults(run=kinds)
    _add_release(one)

    one = commands.add_parser("recalibrate", help="a new card for the same files")
    one.set_defaults(run=recalibrate)
    _add_release(one)
    one.add_argument("--bundle", type=Path, required=True, help="whose files stay")
    one.add_argument(
        "--views", type=int, choices=(1, 4), required=True, help="of a cell, turned"
    )
    one.add_argument(
        "--keep",
        nargs="*",
        choices=get_args(Kept),
        default=[],
        help="as the old card has them: points (temperatures, too) or outlier limits",
    )

    one = commands.add_parser("marrow", help="a new card that knows a normal marrow")
    one.set_defaults(run=marrow)
    _add_release(one)
    one.add_argument("--bundle", type=Path, required=True, help="whose files stay")
    one.add_argument("--cells", type=Path, nargs="+", required=True)


def _add_release(one: argparse.ArgumentParser) -> None:
    one.add_argument("release", type=Path, help="TOML; see export/releases")
    one.add_argument("--out", type=Path, required=True, help="folder of bundles")


def _add_network(one: argparse.ArgumentParser) -> None:
    one.add_argument("--work", type=Path, required=True, help="folder of `fit`")
    one.add_argument("--network", default=FINAL, help="final, or fold0 and so on")


def _add_recipe(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--method", choices=METHODS, default="minmax", help="how ranges are chosen"
    )
    one.add_argument(
        "--qat",
        type=whole(0),
        default=0,
        metavar="STEPS",
        help="fine-tune as int8 before",
    )


if __name__ == "__main__":
    sys.exit(main())
