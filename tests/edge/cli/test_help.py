"""Every command explains itself."""

import argparse
from collections.abc import Iterator

import pytest

from leukoscope_edge.cli import COMMANDS, _parser


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in _parser([])._actions:
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
