"""`leukoscope records ...`: what was screened, who signed it, and what leaves."""

import argparse
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from leukoscope_edge.cli.arguments import path, whole
from leukoscope_edge.cli.ask import ask_secret
from leukoscope_edge.cli.data import add_by, add_data
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.cli.output import say
from leukoscope_edge.durable import prepare_folder, write_whole
from leukoscope_edge.errors import RecordError, StepError, UsageError
from leukoscope_edge.i18n import SOURCE_LANGUAGE, language_codes, languages
from leukoscope_edge.inference import Bundle, open_bundle, open_engine, shipped_bundles
from leukoscope_edge.messages import in_english
from leukoscope_edge.outcome import marked
from leukoscope_edge.profile import ReviewEntry
from leukoscope_edge.records import (
    DATABASE_NAME,
    ERASING,
    Retention,
    Store,
    apply_retention,
    open_store,
)
from leukoscope_edge.records.backups import restore_backup, write_backup
from leukoscope_edge.records.exports import (
    FORMATS,
    INTENDED_USE,
    export_labelled,
    file_name,
    file_of,
    open_version,
)
from leukoscope_edge.records.slides import (
    FieldsAgain,
    Reproduction,
    SlideRecord,
    archived,
    look_again,
    reproduce_slide,
    told_of_machine,
)
from leukoscope_edge.review import why_files_wait

EXIT_DONE, EXIT_FAILED = 0, 1
MAX_DAYS = 36500
MAX_PASSPHRASE = 1 << 20
"""Letters, more than a file of a key has; one without end, as /dev/zero, is none."""
NO_PROFILE = ReviewEntry(blind="off")
"""Two readers stand in the slide itself and are blind whatever a profile says; whoever
screens at the command line has seen the sentence that it prints."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    records = add_command(
        commands,
        "records",
        "Every slide that was kept, as signed events in one chain.",
        (
            "leukoscope records list",
            "leukoscope records export SLIDE --out FOLDER --language fr",
            "leukoscope records verify-audit",
            "leukoscope records backup /media/stick --passphrase-file FILE",
        ),
    )
    actions = records.add_subparsers(required=True, metavar="ACTION")
    _add(actions, "list", _list, "the slides, the newest first")
    show = _add(actions, "show", _show, "one slide as JSON")
    show.add_argument("slide")
    _add_export(actions)
    erase = _add(actions, "erase", _erase, "destroy the key of whose blood it was")
    erase.add_argument("slide")
    erase.add_argument("--why", default="request", help="the ground; no names")
    audit = _add(actions, "verify-audit", _verify_audit, "look for changed events")
    audit.add_argument("--code", help="also look for the audit code of a report")
    again = _add(actions, "reproduce", _reproduce, "judge a slide's cells again")
    again.add_argument("slide")
    again.add_argument("--bundle", type=path, help="default: the shipped one")
    _add_backup(actions)
    retain = _add(actions, "retain", _retain, "erase what a rule no longer keeps")
    retain.add_argument(
        "--identities-days", type=whole(0, MAX_DAYS), help="default: for ever"
    )
    retain.add_argument(
        "--pictures-days", type=whole(0, MAX_DAYS), help="default: for ever"
    )


def _add(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=text)
    action.set_defaults(run=run)
    add_data(action)
    add_by(action)
    return action


def _add_export(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    export = _add(actions, "export", _export, "write PDF, CSV and FHIR, or crops")
    export.add_argument("slide", nargs="?", help="none: labelled crops of all slides")
    export.add_argument("--out", type=path, required=True)
    export.add_argument("--deidentify", action="store_true", help="name nobody")
    export.add_argument(
        "--language",
        choices=language_codes(),
        default=SOURCE_LANGUAGE,
        help="of the report",
    )


def _add_backup(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    backup = _add(actions, "backup", _backup, "write a sealed backup to a folder")
    backup.add_argument("folder", type=path)
    restore = _add(actions, "restore", _restore, "put a backup in the records' place")
    restore.add_argument("file", type=path)
    for action in (backup, restore):
        action.add_argument(
            "--passphrase-file", type=path, help="its first line; default: asked for"
        )


def _open(options: argparse.Namespace) -> Store:
    folder = options.data
    if not (folder / DATABASE_NAME).exists():
        raise RecordError(f"{folder}: no records here; name their folder with --data")
    return open_store(folder, may_recover=False)


def _list(options: argparse.Namespace) -> int:
    with _open(options) as store:
        for record in store.reader.every_slide():
            identity = store.reader.identity(record.id)
            sample = identity.sample if identity else "erased"
            cells = f"{len(record.counted)} cells"
            print(
                f"{record.id}  {record.started_at}  {record.state.value:<8}  "
                f"{cells:>10}  {sample:<16}  {_sentence(record)}"
            )
        for slide, why in store.reader.damaged.items():
            say(f"slide {slide} is left out: {in_english(why)}")
        return EXIT_FAILED if store.reader.damaged else EXIT_DONE


def _sentence(record: SlideRecord) -> str:
    if record.void is not None:
        return "void"
    if why_files_wait(record, NO_PROFILE):
        return "being read by two people"
    outcome = told_of_machine(record.machine, None)
    if record.signatures:
        outcome = record.signatures[-1].outcome
    return marked(outcome.sentence, record.domain) if outcome else "counting"


def _show(options: argparse.Namespace) -> int:
    with _open(options) as store:
        record = _readable(store, options.slide)
        identity = store.reader.identity(options.slide)
        signed = record.signatures[-1].outcome if record.signatures else None
        machine = told_of_machine(record.machine, signed)
        plain: dict[str, Any] = asdict(replace(record, machine=machine)) | {
            "identity": asdict(identity) if identity else None,
            "cells": [asdict(c) | {"final": c.final} for c in record.cells],
            "to_review": [c.id for c in record.to_review],
            "intended_use": INTENDED_USE,
        }
        for internal in ("sealed", "machine_cells"):
            del plain[internal]
        for outcome in (plain["machine"], *(s["outcome"] for s in plain["signatures"])):
            _tell_no_negative(outcome)
        print(json.dumps(plain, indent=1, ensure_ascii=False))
    return EXIT_DONE


def _tell_no_negative(outcome: dict[str, Any] | None) -> None:
    """Leave out what a refusal did not see: a 0 would read as a negative."""
    if outcome is not None and outcome["blast_fraction_95"] is None:
        for seen in ("n_blast", "n_confirmed"):
            outcome[seen] = outcome[seen] or None


def _readable(store: Store, slide: str) -> SlideRecord:
    """Return a slide of which the words may be told.

    Raises:
        StepError: Two people read it, and not both have looked.
    """
    record = store.reader.slide(slide)
    if why := why_files_wait(record, NO_PROFILE):
        raise StepError(why)
    return record


def _export(options: argparse.Namespace) -> int:
    if options.slide is None and options.deidentify:
        raise UsageError("crops name nobody: --deidentify is for one slide's reports")
    if options.slide is None and options.language != SOURCE_LANGUAGE:
        raise UsageError("crops have no language: --language is for a slide's reports")
    with _open(options) as store:
        if options.slide is None:
            n = export_labelled(store, options.out, options.by)
            print(f"{n} labelled crops in {options.out}")
            return EXIT_DONE
        _readable(store, options.slide)
        version = open_version(store, options.slide, identified=not options.deidentify)
        prepare_folder(options.out, tuple(file_name(version, f) for f in FORMATS))
        written = []
        for suffix in FORMATS:
            data = file_of(version, suffix, languages()[options.language])
            path = options.out / file_name(version, suffix)
            write_whole(path, data)
            digest = hashlib.sha256(data).hexdigest()
            store.log.note_export(options.slide, path.name, digest, options.by)
            written.append(path)
    for path in written:
        print(path)
    return EXIT_DONE


def _erase(options: argparse.Namespace) -> int:
    with _open(options) as store:
        store.erase(options.slide, options.why, options.by)
        if store.is_erasing:
            raise RecordError(
                f"slide {options.slide}: {ERASING.said()} End the program that reads "
                "the records, then run this again."
            )
    print(
        f"slide {options.slide}: whose blood it was can no longer be told here. Older "
        "backups still can: make a new one and destroy them."
    )
    return EXIT_DONE


def _verify_audit(options: argparse.Namespace) -> int:
    with _open(options) as store:
        problems = store.verify_audit()
        for problem in problems:
            print(f"event {problem.seq}: {problem.what}")
        head = store.log.head()
        if options.code and not store.log.event_of_code(options.code):
            print(f"no event has the code {options.code}: the list was cut off")
            return EXIT_FAILED
    if problems:
        return EXIT_FAILED
    print(f"{head.seq} events, whole and unchanged; code {head.code}")
    return EXIT_DONE


def _reproduce(options: argparse.Namespace) -> int:
    with _open(options) as store:
        record = _readable(store, options.slide)
        bundle = _bundle(options.bundle, record)
        with open_engine(bundle, backend="cpu") as engine:
            cells = list(archived(store.pictures, record))
            again = reproduce_slide(record, cells, bundle, engine)
            _say_crops(record, again)  # before the frames, which may be refused
            _say_fields(look_again(record, store.pictures, bundle, engine))
    return EXIT_FAILED if again.differences else EXIT_DONE


def _say_crops(record: SlideRecord, again: Reproduction) -> None:
    for cell in again.differences:
        print(f"cell {cell.cell}: was {cell.was}, is now {cell.now}")
    print(
        f"slide {record.id}: crops of {again.n_cells} cells judged again, "
        f"{len(again.differences)} differ; largest difference of a probability "
        f"{again.largest_difference:.2g}"
    )


def _say_fields(fields: FieldsAgain) -> None:
    if not fields.n_cells:
        print("no frame was kept of this slide: finding the cells was not compared")
        return
    print(
        f"kept frames of {fields.n_cells} cells looked at again, cells found by "
        f"{' and '.join(fields.found_by)} as then (JPEG, one sighting each; told, not "
        f"required): {fields.n_found} found where they were, {fields.n_same} with the "
        f"same call; largest difference of a probability "
        f"{fields.largest_difference:.2g}"
    )


def _bundle(folder: Path | None, record: SlideRecord) -> Bundle:
    shipped = shipped_bundles()
    found = folder or shipped.get(record.origin.bundle)
    if found is None:
        raise RecordError(
            f"slide {record.id} was judged by {record.origin.bundle}, which is not "
            "installed: name it with --bundle"
        )
    return open_bundle(found)


def _backup(options: argparse.Namespace) -> int:
    passphrase = _passphrase(options.passphrase_file)
    with _open(options) as store:
        print(write_backup(store, options.folder, passphrase, options.by))
    return EXIT_DONE


def _restore(options: argparse.Namespace) -> int:
    passphrase = _passphrase(options.passphrase_file)
    folder = options.data
    before = restore_backup(options.file, folder, passphrase, options.by)
    kept = f"; what was there before is in {before}" if before else ""
    print(f"{folder}: restored{kept}")
    return EXIT_DONE


def _passphrase(path: Path | None) -> str:
    if path is None:
        return ask_secret("Passphrase: ", "--passphrase-file")
    try:
        with path.open(encoding="utf-8") as file:  # a pipe, too
            line = file.readline(MAX_PASSPHRASE + 1)
    except (OSError, UnicodeDecodeError) as err:
        raise RecordError(f"{path}: cannot be read as a passphrase") from err
    if "\0" in line:
        raise RecordError(f"{path}: cannot be read as a passphrase")
    passphrase = line.removesuffix("\n")
    if len(passphrase) > MAX_PASSPHRASE:
        raise RecordError(
            f"{path}: its first line has more than {MAX_PASSPHRASE} letters, which is "
            "no passphrase"
        )
    return passphrase


def _retain(options: argparse.Namespace) -> int:
    try:
        rule = Retention(
            identities_days=options.identities_days,
            pictures_days=options.pictures_days,
        )
    except ValueError as err:
        raise RecordError(str(err)) from err
    with _open(options) as store:
        done = apply_retention(store, rule, datetime.now(timezone.utc), options.by)
    for sentence in done:
        print(sentence)
    return EXIT_DONE
