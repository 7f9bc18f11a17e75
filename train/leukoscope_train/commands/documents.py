"""`document`: the validation report and the model card, from files, never by hand."""

import argparse
from pathlib import Path
from typing import Any

from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import call_model, limit_of_blank
from leukoscope_edge.inference import Card, read_card
from leukoscope_train.commands import add_command, say
from leukoscope_train.commands.fitting import comparison_table
from leukoscope_train.commands.judging import audit_table, difference_table
from leukoscope_train.data import NORMAL
from leukoscope_train.evaluation import (
    BLANK_CELLS,
    TRUST_NAME,
    Figures,
    TrustEntry,
    confusion_table,
    elsewhere_table,
    false_alarms,
    false_calls_of,
    flow_table,
    kind_documents,
    markdown_templates,
    model_table,
    people_for_share,
    people_needed,
    people_table,
    slide_row,
    slide_table,
)
from leukoscope_train.json_files import read_json

DOCUMENTS = ("validation-cnmc.md", "model-card-cnmc.md")
OPTIONAL = ("report", "baselines", "audit", "elsewhere")
"""Figures of a run that may not have been made; the document then says how."""

BY_NAME = {"compare": "compare", "differences": "differences", "reports": "report"}
"""What the templates call files such as `report-<plan>.json`, and their first word;
`report.json` is the shipped model's."""


def add_commands(commands: Any) -> None:
    """Add the parser of this module's command."""
    one = add_command(commands, "document", document, "write the report and the card")
    one.add_argument("--bundle", type=Path, required=True, help="the shipped model")
    one.add_argument("--figures", type=Path, required=True, help="folder of a run")
    one.add_argument("--out", type=Path, required=True, help="folder for both files")

    one = add_command(commands, "document-kinds", document_kinds, "of laboratories")
    one.add_argument("bundles", type=Path, nargs="+", help="the default first")
    one.add_argument("--figures", type=Path, required=True, help="folder of figures")
    one.add_argument("--out", type=Path, required=True, help="folder for both files")


def document_kinds(options: argparse.Namespace) -> None:
    """Write the report and the card of bundles that laboratories taught."""
    options.out.mkdir(parents=True, exist_ok=True)
    words = " ".join(str(folder) for folder in options.bundles)
    command = (
        f"python -m leukoscope_train document-kinds {words} "
        f"--figures {options.figures} --out {options.out}"
    )
    made = kind_documents(options.bundles, options.figures, command)
    for name, text in made.items():
        (options.out / name).write_text(text, encoding="utf-8")
        say(str(options.out / name))


def document(options: argparse.Namespace) -> None:
    """Write both documents."""
    options.out.mkdir(parents=True, exist_ok=True)
    command = (
        f"python -m leukoscope_train document --bundle {options.bundle} "
        f"--figures {options.figures} --out {options.out}"
    )
    for name, text in documents(options.bundle, options.figures, command).items():
        (options.out / name).write_text(text, encoding="utf-8")
        say(str(options.out / name))


def documents(bundle: Path, figures: Path, command: str) -> dict[str, str]:
    """Return the text of each document by file name.

    Args:
        bundle: Folder of the shipped model; its card is quoted.
        figures: Folder of a run; what it lacks is said to be missing.
        command: By which this is made, for the document to say.

    Raises:
        CardError: The bundle has no readable card.
        DataError: A file of figures is damaged.
    """
    card = read_card(bundle)
    environment = markdown_templates()
    environment.globals.update(
        model_table=model_table,
        comparison_table=comparison_table,
        audit_table=audit_table,
        difference_table=difference_table,
        people_table=people_table,
        elsewhere_table=elsewhere_table,
        flow_table=flow_table,
        confusion_table=confusion_table,
        slide_table=slide_table,
        people_needed=people_needed,
        people_for_share=people_for_share,
    )
    found = evidence(figures)
    values = {
        "card": card,
        "command": command,
        "blanks": blanks_of(card),
        "slides": [slide_row(card.call_model, n) for n in BLANK_CELLS],
        "widened": widened(card, found["report"], found["evaluation"]),
        "short": shorter(found["compare"].get("table1", [])),
        **found,
    }
    return {n: environment.get_template(f"{n}.j2").render(values) for n in DOCUMENTS}


def evidence(folder: Path) -> dict[str, Any]:
    """Return a run's figures by name, None for those that were not made."""
    found: dict[str, Any] = dict.fromkeys(OPTIONAL)
    for name in OPTIONAL:
        if (folder / f"{name}.json").exists():
            found[name] = read_json(folder / f"{name}.json")
    trust = folder / TRUST_NAME
    found["trust"] = read_toml(trust, TrustEntry) if trust.exists() else None
    for kind in ("learning", "evaluation"):
        paths = sorted(folder.glob(f"{kind}-*.json"))
        found[kind] = [read_json(path) for path in paths]
    for name, kind in BY_NAME.items():
        paths = sorted(folder.glob(f"{kind}-*.json"))
        found[name] = {
            path.stem.removeprefix(f"{kind}-"): read_json(path) for path in paths
        }
    return found


def shorter(rows: list[Figures]) -> list[str]:
    """Return the networks that were fitted to fewer cells than the most of them."""
    most = max((row["n_seen"] for row in rows), default=0)
    return [row["model"].partition(",")[0] for row in rows if 0 < row["n_seen"] < most]


def widened(
    card: Card, report: Figures | None, evaluations: list[Figures]
) -> dict[str, Any] | None:
    """Return what slides would show if further people widened the false calls.

    Args:
        card: Of the shipped model; its spread stays as it is.
        report: Of the run, out of fold.
        evaluations: On further people.

    Returns:
        `spread` and `slides` of the training and the further people together, `alarms`
        (of such healthy people, the share above the background of the card) and
        `training` (the training people alone, by the same network); None without them.
    """
    people = [row for one in evaluations for row in one["people"]]
    if report is None or not any(row["label"] == NORMAL for row in people):
        return None
    spread = false_calls_of(report["people"], people)
    model = call_model(card.true_calls.spread, spread.spread)
    own = [slide_row(card.call_model, n) for n in BLANK_CELLS]
    return {
        "spread": spread,
        "training": false_calls_of(report["people"]),
        "slides": [slide_row(model, n) for n in BLANK_CELLS],
        "alarms": [
            (row.n_cells, false_alarms(spread.spread, row.n_cells, row.background))
            for row in own
        ],
    }


def blanks_of(card: Card) -> list[tuple[int, int]]:
    """Return the limit of blank of a card's false calls, by cells counted."""
    spread = card.false_calls.spread
    return [(n, limit_of_blank(spread, n)) for n in BLANK_CELLS]
