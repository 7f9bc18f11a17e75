"""`leukoscope model ...`: the model bundles."""

import argparse
from pathlib import Path

from leukoscope_edge.inference.bundle import open_bundle, shipped_bundles
from leukoscope_edge.inference.engine import OnnxCpuEngine, self_test


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    model = commands.add_parser("model", help="list or verify model bundles")
    actions = model.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the bundles that came with the program")
    listing.set_defaults(run=_list)
    verify = actions.add_parser(
        "verify", help="check hashes and run the stored cells of a bundle"
    )
    verify.set_defaults(run=_verify)
    verify.add_argument("bundle", type=Path, nargs="?", help="default: all shipped")


def _list(_: argparse.Namespace) -> int:
    for folder in shipped_bundles().values():
        card = open_bundle(folder).card
        print(f"{card.id:<32} {card.domain:<10} {card.created}  {card.summary}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    folders = [options.bundle] if options.bundle else shipped_bundles().values()
    for folder in folders:
        bundle = open_bundle(folder)
        with OnnxCpuEngine(bundle) as engine:
            worst = self_test(engine, bundle)
            print(
                f"{bundle.card.id}: hashes agree; {len(bundle.golden.crops)} stored "
                f"cells on {engine.name}: largest logit difference {worst:.2g}"
            )
    return 0
