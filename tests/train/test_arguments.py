"""Numbers on the command line of the workshop."""

import argparse
import ast
from pathlib import Path

import pytest

from leukoscope_train.__main__ import main
from leukoscope_train.arguments import MAX_SEED, number, whole

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("text", ["-1", "0", "257", "1,5", "1.5", "nan", "", "²", "a"])
def test_a_whole_number_outside_its_range_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"expected 1\.\.256, got"):
        whole(1, 256)(text)


def test_both_ends_of_a_range_are_within_it() -> None:
    assert [whole(1, 256)(t) for t in ("1", "256")] == [1, 256]
    assert whole(0)("0") == 0
    assert whole(0, MAX_SEED)(f"{MAX_SEED}") == MAX_SEED
    assert [number(0, 0.9)(t) for t in ("0", "0.9", "1e-3")] == [0.0, 0.9, 0.001]


@pytest.mark.parametrize("text", ["-0.1", "0.91", "0,5", "nan", "inf", "", "a"])
def test_a_number_outside_its_range_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"expected 0\.\.0\.9, got"):
        number(0, 0.9)(text)


@pytest.mark.parametrize("option", ["--threads=-1", "--threads=0", "--workers=-1"])
def test_a_wrong_number_is_one_line_and_no_traceback(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([option, "learn", "--work", "nowhere"])
    assert left.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].count("expected") == 1


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "train").rglob("*.py")) + sorted((ROOT / "export").rglob("*.py")),
)
def test_every_number_on_a_command_line_has_a_range(path: Path) -> None:
    """`int` lets -1 threads pass, and torch ends in a traceback."""
    calls = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)
    ]
    for call in calls:
        given = {k.arg: k.value for k in call.keywords}
        kind = given.get("type")
        if isinstance(kind, ast.Name) and "choices" not in given:
            assert kind.id not in ("int", "float"), f"line {call.lineno}"
