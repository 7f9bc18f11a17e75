"""`document-kinds`: the validation report and the model card, from files."""

import argparse
from pathlib import Path
from typing import Any

from leukoscope_train.commands import add_command, say
from leukoscope_train.evaluation import kind_documents


def add_commands(commands: Any) -> None:
    """Add the parser of this module's command."""
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
