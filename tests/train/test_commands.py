"""What every command of training does alike."""

from pathlib import Path

import pytest
from tests.train.commands.small_run import run


@pytest.mark.parametrize(
    "words",
    [
        ("fit", "--work", "none"),
        ("prepare", "none", "--work", "made"),
        ("evaluate", "none", "--work", "none"),
        ("thin", "none", "--most", "2", "--work", "made"),
        ("differ", "one", "two", "--name", "three", "--work", "none"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 1
    assert capsys.readouterr().err.count("\n") == 1
