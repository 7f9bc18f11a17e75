"""The device's own folder and who acts, as every command names them."""

import getpass
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from leukoscope_edge.cli.data import DEFAULT_DATA, add_by, add_data
from leukoscope_edge.durable import NO_HOME


def parsed(*words: str) -> Namespace:
    parser = ArgumentParser()
    add_data(parser)
    add_by(parser)
    return parser.parse_args(words)


def test_without_a_word_it_is_the_users_own_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert parsed().data == Path("/home/ann") / DEFAULT_DATA


def test_a_user_without_a_home_may_use_what_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere(_: type[Path]) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", classmethod(nowhere))
    assert parsed().data == NO_HOME / DEFAULT_DATA
    assert not NO_HOME.exists()


def test_a_folder_and_a_name_are_taken_as_they_are_typed() -> None:
    options = parsed("--data", "device", "--by", "Ann")
    assert (options.data, options.by) == (Path("device"), "Ann")


def test_an_empty_folder_ends_the_command() -> None:
    with pytest.raises(SystemExit) as stop:
        parsed("--data", "")
    assert stop.value.code == 2


@pytest.mark.parametrize("failure", [KeyError, OSError])
def test_a_user_without_a_name_is_a_number(
    monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    def nobody() -> str:
        raise failure("no entry")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert parsed().by == f"uid {os.getuid()}"
