"""The program itself by stick, on the command line.

What is signed, taken and refused is in `tests/edge/updates/test_software.py`, and with
real signatures in `tests/export`.
"""

from pathlib import Path

import pytest
from tests.edge.updates.conftest import Publisher

from leukoscope_edge.cli import main


def software(settings: Path, *words: str) -> int:
    return main(["software", *words, "--settings", str(settings)])


@pytest.mark.parametrize("words", [(), ("trust",), ("verify",), ("install",)])
def test_an_action_and_what_it_is_about_must_be_named(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["software", *words])
    assert stop.value.code == 2


def test_a_file_that_is_no_root_is_not_trusted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "root.json").write_text("{}")
    assert software(tmp_path / "settings", "trust", str(tmp_path / "root.json")) == 1
    assert "U04" in capsys.readouterr().err


def test_the_publishers_root_is_trusted_and_said(
    tmp_path: Path, publisher: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root.json"
    root.write_bytes(publisher.files["metadata/1.root.json"])
    assert software(tmp_path / "settings", "trust", str(root)) == 0
    assert "of the publisher of root 1" in capsys.readouterr().out


@pytest.mark.parametrize("action", ["verify", "install"])
def test_nothing_is_taken_of_a_stick_before_somebody_is_trusted(
    action: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provision = tmp_path / "stick" / "firmware_config" / "provision.sh"
    provision.parent.mkdir(parents=True)
    provision.write_text(f"touch {tmp_path}/ran\n")
    settings, stick = tmp_path / "settings", tmp_path / "stick"
    assert software(settings, action, str(stick)) == 1
    assert "leukoscope software trust ROOT.json" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()
