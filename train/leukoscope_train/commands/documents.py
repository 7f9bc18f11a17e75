"""`document`: the validation report and the model card, from files, never by hand."""

import argparse
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leukoscope_edge.config import read_toml
from leukoscope_edge.counting.statistics import limit_of_blank
from leukoscope_edge.inference.card import Card, read_card
from leukoscope_train import work
from leukoscope_train.commands import add_command, say
from leukoscope_train.commands.fitting import comparison_table
from leukoscope_train.commands.judging import audit_table
from leukoscope_train.tables import markdown_table, model_table
from leukoscope_train.trust import BLANK_CELLS, TRUST_NAME, TrustEntry

TEMPLATES = Path(__file__).parents[1] / "templates"
DOCUMENTS = ("validation.md", "model-card.md")
OPTIONAL = ("report", "baselines", "audit", "elsewhere")
"""Figures of a run that may not have been made; the document then says how."""


def add_commands(commands: Any) -> None:
    """Add the parser of this module's command."""
    one = add_command(commands, "document", document, "write the report and the card")
    one.add_argument("--bundle", type=Path, required=True, help="the shipped model")
    one.add_argument("--figures", type=Path, required=True, help="folder of a run")
    one.add_argument("--out", type=Path, required=True, help="folder for both files")


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
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown of our own figures, no page
    )
    environment.globals.update(
        model_table=model_table,
        comparison_table=comparison_table,
        audit_table=audit_table,
        people_table=people_table,
        elsewhere_table=elsewhere_table,
    )
    values = {
        "card": card,
        "command": command,
        "blanks": blanks_of(card),
        **evidence(figures),
    }
    return {n: environment.get_template(f"{n}.j2").render(values) for n in DOCUMENTS}


def evidence(folder: Path) -> dict[str, Any]:
    """Return a run's figures by name, None for those that were not made."""
    found: dict[str, Any] = dict.fromkeys(OPTIONAL)
    for name in OPTIONAL:
        if (folder / f"{name}.json").exists():
            found[name] = work.read_json(folder / f"{name}.json")
    trust = folder / TRUST_NAME
    found["trust"] = read_toml(trust, TrustEntry) if trust.exists() else None
    for kind in ("learning", "evaluation", "compare"):
        paths = sorted(folder.glob(f"{kind}-*.json"))
        found[kind] = [work.read_json(path) for path in paths]
    return found


def blanks_of(card: Card) -> list[tuple[int, int]]:
    """Return the limit of blank of a card's false calls, by cells counted."""
    spread = card.false_calls.spread
    return [(n, limit_of_blank(spread, n)) for n in BLANK_CELLS]


def people_table(rows: list[dict[str, Any]]) -> str:
    """Return the calls of every person: people differ more than cells."""
    lines = [
        [
            row["person"],
            "ALL" if row["label"] else "normal",
            str(row["n_cells"]),
            *(f"{row[name]:.2f}" for name in ("blast", "normal", "unclear")),
        ]
        for row in sorted(rows, key=lambda r: (r["label"], r["blast"]))
    ]
    head = ["person", "truth", "cells", "called blast", "called normal", "unclear"]
    return markdown_table(head, lines)


def elsewhere_table(rows: list[dict[str, Any]]) -> str:
    """Return the calls on other laboratories' cells, as `tools/` measured them."""
    lines = [
        [
            row["set"],
            row["truth"],
            f"{row['n_images']} ({row['n_without']})",
            str(row["n_cells"]),
            *(f"{row[name]:.3f}" for name in ("blast", "normal", "unclear", "unlike")),
            " / ".join(f"{share:.2f}" for share in row["by_image"]),
        ]
        for row in rows
    ]
    head = ["set", "truth", "images (no cell found)", "cells"]
    head += ["called blast", "called normal", "unclear", "of it unlike all known"]
    return markdown_table([*head, "blast by image, quartiles"], lines)
