"""Every command explains itself."""

import argparse
import subprocess
import sys
from collections.abc import Iterator

import pytest

from leukoscope_edge.cli import COMMANDS, _parser, main


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in _parser(COMMANDS)._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


@pytest.mark.parametrize(("name", "parser"), commands())
def test_a_command_has_a_description_and_examples(
    name: str, parser: argparse.ArgumentParser
) -> None:
    assert name in COMMANDS
    assert parser.description
    assert f"leukoscope {name}" in (parser.epilog or "")


def test_every_option_of_screen_stands_in_a_group() -> None:
    parser = dict(commands())["screen"]
    (plain,) = (g for g in parser._action_groups if g.title == "options")
    assert [a.dest for a in plain._group_actions] == ["help"]


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["-h"], ["no-command"], []]
)
def test_what_needs_no_command_starts_without_one(words: list[str]) -> None:
    heavy = ["numpy", "cv2", "cryptography", "sqlite3"]
    program = (
        "import sys; from leukoscope_edge.cli import main\n"
        "try: main(sys.argv[1:])\n"
        f"except SystemExit: print('loaded', set({heavy}) & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True
    )
    assert done.stdout.endswith("loaded set()\n"), done.stdout + done.stderr


def test_an_option_before_the_command_is_what_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["-x", "screen", "FOLDER", "--json"])
    assert "unrecognized arguments: -x\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--um-per-px", "0.1", "--um-per-px", "1"], "--um-per-px: was given twice"),
        (["--age", "child", "--age=child"], "--age: was given twice"),
        (["\u2013um-per-px", "0.08"], "is --um-per-px meant?"),
        (["\u2014um-per-px", "0.08"], "is --um-per-px meant?"),
        (["-um-per-px", "0.08"], "is --um-per-px meant?"),
        (["--um_per_px=0.08"], "is --um-per-px meant?"),
        (["--umperpixel=1"], "is --um-per-px meant?"),
        (["--nonsense"], "unrecognized arguments: --nonsense\n"),
        (["."], "unrecognized arguments: .; one source at a time"),
        (["gone"], "unrecognized arguments: gone\n"),
        (["--sample", "-S1"], "expected one argument; one that begins with a dash"),
        (["\x1b[31m"], r"unrecognized arguments: \x1b[31m"),
    ],
)
def test_what_was_meant_is_said_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["screen", "gone", *words])
    assert stop.value.code == 2
    usage, error = capsys.readouterr().err.splitlines(keepends=True)
    assert usage.startswith("usage: leukoscope")
    assert said in error


def test_switches_may_be_given_twice() -> None:
    words = ["screen", "x", "--json", "--json", "--um-per-px", "0.1"]
    assert _parser(["screen"]).parse_args(words).um_per_px == 0.1
