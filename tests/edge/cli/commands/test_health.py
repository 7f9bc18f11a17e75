"""The device's figures in a terminal."""

import json
import os
from pathlib import Path

import pytest
from tests.edge.service.figures import figures

from leukoscope_edge.cli import main
from leukoscope_edge.service import HEALTH, run_folder
from leukoscope_edge.service.heartbeat import write_json


def test_the_terminal_shows_words_or_everything(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(run_folder(data) / HEALTH, figures(safe="it died"))
    assert main(["health", "--data", str(data)]) == 0
    assert "!   Screening        it died" in capsys.readouterr().out
    assert main(["health", "--data", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["temperature_c"] == 61.5


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT DONE HERE: needs root")
def test_another_user_is_told_whose_service_it_is(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(run_folder(data) / HEALTH, figures())
    os.seteuid(65534)
    try:
        assert main(["health", "--data", str(data)]) == 1
    finally:
        os.seteuid(0)
    assert "cannot be read by you: run this as root" in capsys.readouterr().err
