"""The tabulator key knows what the parser knows."""

import shutil
import subprocess
from pathlib import Path

import pytest

from leukoscope_edge.cli import COMMANDS, _parser, main
from leukoscope_edge.cli.commands.completion import SHELLS, words_of

ASKED = pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("leukoscope comp", ["completion"]),
        ("leukoscope records verify", ["verify-audit"]),
        ("leukoscope screen x --mode pas", ["passive"]),
        ("leukoscope screen x --um", ["--um-per-px"]),
        ("leukoscope profile show --no-such", []),
    ],
)
ZSH = """
compdef() {{ }}
compadd() {{ shift; print -l -- $@ }}
_files() {{ }}
source {script}
words=({words}); CURRENT={n}
_leukoscope
"""
"""What zsh itself brings for a completion, but for the terminal."""


def test_the_completion_knows_actions_options_and_choices() -> None:
    words = {w.command: w for w in words_of(_parser(COMMANDS))}
    assert set(COMMANDS) == set(words[""].actions)
    assert "list" in words["records"].actions
    assert "--um-per-px" in words["screen"].options
    assert words["screen"].choices["--mode"] == ("count", "passive")
    assert "--part" not in words["serve"].options  # of our own use


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_that_it_can_read(
    shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "um-per-px" in script
    if shutil.which(shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)


def completed(shell: str, script: str, line: str, folder: Path) -> list[str]:
    """Return what a shell offers for the last word of a line."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    path, words = folder / "_leukoscope", line.split()
    path.write_text(script)
    quoted, n = " ".join(f"'{w}'" for w in words), len(words)
    program = {
        "bash": f"COMP_WORDS=({quoted}); COMP_CWORD={n - 1}; source {path}\n"
        '_leukoscope; printf "%s\\n" "${COMPREPLY[@]}"',
        "zsh": ZSH.format(script=path, words=quoted, n=n),
        "fish": f'source {path}; complete -C "{line}"',
    }[shell]
    plain = {"zsh": ["-f"], "fish": ["--no-config"]}.get(shell, [])
    done = subprocess.run(
        [shell, *plain, "-c", program], capture_output=True, text=True, check=True
    )
    assert not done.stderr
    offered = [word.split("\t")[0] for word in done.stdout.splitlines()]
    return [word for word in offered if word and word.startswith(words[-1])]


@ASKED
@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_completes(
    shell: str,
    line: str,
    expected: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    main(["completion", shell])
    script = capsys.readouterr().out
    assert completed(shell, script, line, tmp_path) == expected
