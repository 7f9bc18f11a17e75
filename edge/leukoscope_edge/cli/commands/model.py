"""`leukoscope model ...`: which models this device has, and how it gets new ones."""

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from leukoscope_edge import updates
from leukoscope_edge.cli.arguments import path
from leukoscope_edge.cli.data import add_data
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.cli.output import say
from leukoscope_edge.inference import (
    open_bundle,
    open_engine,
    read_card,
    self_test,
    shipped_bundles,
)
from leukoscope_edge.records import DATABASE_NAME, Store, open_store
from leukoscope_edge.types import Domain
from leukoscope_edge.updates import DOMAINS, SHIPPED, Shadow, Step, UpdateContext, slots


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    model = add_command(
        commands,
        "model",
        "A new model comes on a signed stick, proves itself on its stored cells, and\n"
        "is compared on this device's own earlier cells before it is used.",
        (
            "leukoscope model list",
            "leukoscope model verify",
            "leukoscope model install /media/stick --data DIR",
        ),
    )
    actions = model.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the models of this device")
    listing.set_defaults(run=_list)
    verify = actions.add_parser(
        "verify", help="check hashes and run the stored cells of a bundle"
    )
    verify.set_defaults(run=_verify)
    verify.add_argument(
        "bundle", type=path, nargs="?", help="default: all shipped and installed"
    )
    install = actions.add_parser("install", help="take a new model from a stick")
    install.set_defaults(run=_install)
    install.add_argument(
        "path", type=path, help="the stick, its LEUKOSCOPE-UPDATE, or an .allbundle"
    )
    install.add_argument(
        "--accept", metavar="NAME", help="who accepts that earlier cells change call"
    )
    back = actions.add_parser("rollback", help="use the model before this one")
    back.set_defaults(run=_rollback)
    back.add_argument("--domain", choices=DOMAINS, default="real")
    back.add_argument("--by", default="", help="who decides it, for the history")
    history = actions.add_parser("history", help="which model served when")
    history.set_defaults(run=_history)
    trust = actions.add_parser("trust", help="say whose updates this device takes")
    trust.set_defaults(run=_trust)
    trust.add_argument("root", type=path, help="the publisher's first root file")
    for action in (listing, verify, install, back, history, trust):
        add_data(action)


def _list(options: argparse.Namespace) -> int:
    device = UpdateContext(data=options.data)
    serving = {updates.in_use(options.data, d).folder for d in DOMAINS}
    for folder in (*shipped_bundles().values(), *_installed(options.data)):
        card = open_bundle(folder).card
        mark = "*" if folder in serving else " "
        print(f"{mark} {card.id:<32} {card.domain:<10} {card.created}  {card.summary}")
    for line in updates.banners(device):
        say(line.said())
    return 0


def _installed(data: Path) -> list[Path]:
    """Return the folders of whole installed models, those in use first."""
    models, folders = slots.models_folder(data), []
    for domain in DOMAINS:
        used = updates.in_use(data, domain)
        for slot in (used.slot, used.previous):
            if slot not in (None, SHIPPED) and slots.read_slot(models, str(slot)):
                folders.append(slots.slot_folder(models, str(slot)))
    return folders


def _verify(options: argparse.Namespace) -> int:
    everything = [*shipped_bundles().values(), *_installed(options.data)]
    for folder in [options.bundle] if options.bundle else everything:
        bundle = open_bundle(folder)
        with open_engine(bundle, backend="cpu") as engine:
            worst = self_test(engine, bundle)
            print(
                f"{bundle.card.id}: hashes agree; {len(bundle.golden.crops)} stored "
                f"cells on {engine.name}: largest logit difference {worst:.2g}"
            )
    return 0


def _install(options: argparse.Namespace) -> int:
    def accept(shadow: Shadow) -> str | None:
        say(shadow.told.said())
        return options.accept or _ask_name()

    with updates.open_stick(options.path) as stick, _records(options.data) as store:
        with _Told() as told:
            device = _device(options.data, store, accept=accept, tell=told)
            installed = updates.install(device, stick)
        manifest = installed.manifest
        _note(store, "model installed", manifest.bundle_id, installed.accepted_by)
    print(f"{manifest.bundle_id} (release {manifest.release}) is in use now.")
    print(installed.shadow.told.said())
    return 0


def _device(data: Path, store: Store | None, **parts: Any) -> UpdateContext:
    return (
        updates.device_with(store, **parts)
        if store
        else UpdateContext(data=data, **parts)
    )


@contextmanager
def _records(data: Path) -> Iterator[Store | None]:
    """Open this device's records, where it keeps any."""
    if not (data / DATABASE_NAME).exists():
        yield None
        return
    with open_store(data, may_recover=False) as store:
        yield store


def _note(store: Store | None, what: str, model: str, by: str) -> None:
    """Put a change of models into the audit chain."""
    if store is not None:
        store.log.note(what, {"model": model}, by or getpass.getuser())


def _ask_name() -> str | None:
    """Ask at a terminal; elsewhere nobody is there to accept."""
    if not sys.stdin.isatty():
        return None
    say("Accept this? Type your name, or nothing to refuse:")
    return input().strip() or None


class _Told:
    """Shows each step, and a bar of what is read; a context manager."""

    def __enter__(self) -> "_Told":
        self._bar = tqdm(unit="B", unit_scale=True, disable=not sys.stderr.isatty())
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, step: Step, n_bytes: int) -> None:
        if n_bytes:
            self._bar.update(n_bytes)
        else:
            tqdm.write(f"leukoscope: {step.value}", file=sys.stderr)


def _rollback(options: argparse.Namespace) -> int:
    domain: Domain = options.domain
    used = updates.roll_back(UpdateContext(data=options.data), domain, options.by)
    if used.folder is not None:
        model = read_card(used.folder).id
        with _records(options.data) as store:
            _note(store, "model rolled back", model, options.by)
        print(f"{model} is in use now.")
    return 0


def _history(options: argparse.Namespace) -> int:
    for event in updates.history(options.data):
        note = f"  {event.note}" if event.note else ""
        print(f"{event.time}  {event.what:<12} {event.domain:<10} {event.slot}{note}")
    with _records(options.data) as store:
        for slide in store.reader.every_slide(oldest_first=True) if store else ():
            model = f"{slide.origin.bundle} ({slide.origin.bundle_sha256[:12]})"
            print(f"{slide.started_at}  slide {slide.id} was judged by {model}")
    return 0


def _trust(options: argparse.Namespace) -> int:
    version = updates.trust_root(options.data, options.root)
    print(f"This device takes updates of the publisher of root {version}.")
    return 0
