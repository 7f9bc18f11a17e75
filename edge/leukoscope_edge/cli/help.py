"""How a command explains itself: a description, examples, options in groups."""

import argparse
import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from leukoscope_edge.names import on_terminal

COMMANDS = {
    "screen": "screen a slide or a set of images",
    "serve": "the device's page, camera and records",
    "health": "how the running device is",
    "calibrate": "measure a pixel with a stage micrometer, and the light",
    "model": "list, verify, install, roll back models",
    "software": "verify and install this program from a signed stick",
    "records": "slides, reports, audit, backup",
    "people": "who may use the page; a lost PIN",
    "profile": "list or show the kinds of devices, lock a camera's light",
    "doctor": "is this machine fit for the device, and what cures it",
    "completion": "what the tabulator key knows, for your shell",
}
"""Each command, with one line of help: what is known before its module is loaded."""


GIVEN = "options_given"
DASHES = re.compile(r"^[-\u2010-\u2015\u2212]+")
"""Of a document, which makes one long dash of two short ones."""


class Once(argparse.Action):
    """An option of which the last would win in silence, were it given twice."""

    def __call__(  # noqa: D102 - as argparse's own
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given = vars(namespace).setdefault(GIVEN, set())
        if option_string is not None and self.dest in given:
            raise argparse.ArgumentError(self, "was given twice: which is meant?")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, and fails where it cannot print."""

    def __init__(self, *words: Any, **named: Any) -> None:
        """As argparse's own."""
        super().__init__(*words, **named)
        self.register("action", None, Once)
        self.register("action", "store", Once)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and what was meant; exit with 2."""
        usage = f"usage: {self.prog} ...; {self.prog} --help says more"
        what = on_terminal(message + self._hint(message))
        self.exit(2, f"{usage}\n{self.prog}: error: {what}\n")

    def _hint(self, message: str) -> str:
        if message.endswith("expected one argument"):
            return "; one that begins with a dash is written behind a ="
        if not message.startswith("unrecognized arguments: "):
            return ""
        word = message.partition(": ")[2].split()[0]
        if not DASHES.match(word):
            is_file = Path(word).exists()
            return "; one source at a time: name their folder" if is_file else ""
        plain = DASHES.sub("--", word).lower().replace("_", "-").partition("=")[0]
        meant = difflib.get_close_matches(plain, set(self.options()), 1)
        return f"; is {meant[0]} meant?" if meant else ""

    def options(self) -> Iterator[str]:
        """Return the name of every option, of commands as well."""
        for action in self._actions:
            yield from action.option_strings
            commands = action.choices if isinstance(action.choices, dict) else {}
            for parser in commands.values():
                yield from parser.options()

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:
            sys.stdout.write(message)  # argparse's own passes over an error here
        else:
            super()._print_message(message, file)


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    description: str,
    examples: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """Add a command to the parser.

    Args:
        commands: Of the parser.
        name: One of `COMMANDS`.
        description: What it does, and what it deliberately does not.
        examples: Lines as somebody would type them.
    """
    help_ = COMMANDS[name]
    lines = "\n".join(f"  {line}" for line in examples)
    return commands.add_parser(
        name,
        help=help_,
        description=f"{help_[0].upper()}{help_[1:]}.\n\n{description}",
        epilog=f"examples:\n{lines}" if lines else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
