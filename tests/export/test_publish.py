"""The publisher's side, by its own commands, to a device that takes the stick."""

import re
from pathlib import Path

import pytest
from tests.export.publisher import Publisher, published

from leukoscope_edge.cli import main as leukoscope

ACCEPTED = ("--accept", "Ada Lovelace")
"""A device without earlier cells compares nothing, so that a person must accept."""


def test_from_six_keys_to_a_model_in_use(
    publisher: Publisher,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stick, data = published(publisher, bundle), ["--data", str(tmp_path / "data")]
    install = ["model", "install", str(stick), *data, *ACCEPTED]
    assert leukoscope(install) == 1
    assert "U15" in capsys.readouterr().err
    root = str(stick / "LEUKOSCOPE-UPDATE" / "metadata" / "1.root.json")
    assert leukoscope(["model", "trust", root, *data]) == 0
    assert leukoscope(install) == 0
    printed = capsys.readouterr()
    assert "simulated-1 (release 0.1) is in use now." in printed.out
    assert "trying it on stored cells" in printed.err
    assert leukoscope(install) == 1
    assert "U06" in capsys.readouterr().err
    assert leukoscope(["model", "list", *data]) == 0
    marked = [x for x in capsys.readouterr().out.splitlines() if x.startswith("*")]
    assert len(marked) == 2
    assert leukoscope(["model", "verify", *data]) == 0
    assert leukoscope(["model", "history", *data]) == 0
    assert "installed    simulated  0.1-" in capsys.readouterr().out
    back = ["model", "rollback", "--domain", "simulated", "--by", "Ann", *data]
    assert leukoscope(back) == 0
    assert leukoscope(["model", "history", *data]) == 0
    assert "Ann" in capsys.readouterr().out


def test_a_slide_is_screened_with_the_installed_model_and_history_says_so(
    publisher: Publisher,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The second release is compared on the cells of the slide."""
    stick, data = published(publisher, bundle), ["--data", str(tmp_path / "data")]
    root = str(stick / "LEUKOSCOPE-UPDATE" / "metadata" / "1.root.json")
    assert leukoscope(["model", "trust", root, *data]) == 0
    assert leukoscope(["model", "install", str(stick), *data, *ACCEPTED]) == 0
    simulated = ["screen", "simulated:seed=5,frames=12", "--keep", *data]
    assert leukoscope(simulated) == 0
    assert leukoscope(["model", "history", *data]) == 0
    assert re.search(r"slide \d+ was judged by simulated-1", capsys.readouterr().out)
    assert publisher.release(bundle, 2) == 0
    publisher.sign("2.targets.json", "dora", "emil")
    assert publisher.seal() == 0
    again = ["model", "install", str(publisher.stick("stick-2")), *data, *ACCEPTED]
    assert leukoscope(again) == 0
    out = capsys.readouterr().out
    assert re.search(r"\b0 of [1-9]\d* old cells change call, 0 slides", out)


def test_rotation_and_revocation_reach_a_device_on_the_next_stick(
    publisher: Publisher,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stick, data = published(publisher, bundle), ["--data", str(tmp_path / "data")]
    root = str(stick / "LEUKOSCOPE-UPDATE" / "metadata" / "1.root.json")
    leukoscope(["model", "trust", root, *data])
    leukoscope(["model", "install", str(stick), *data, *ACCEPTED])
    for name in ("gus", "hal", "ida"):
        publisher.key(name)
    assert publisher.root("ann", "ben", "gus", "dora", "hal", "ida") == 0
    publisher.sign("2.root.json", "ann", "gus")
    assert publisher.release(bundle, 1, epoch=1, revokes='["0.1"]') == 0
    assert publisher.seal("ida") == 1
    assert "2.root.json: 1 more" in capsys.readouterr().err
    publisher.sign("2.root.json", "ben")
    publisher.sign("2.targets.json", "dora", "emil")
    assert publisher.seal("ida") == 1  # emil's key was revoked
    publisher.sign("2.targets.json", "hal")
    assert publisher.seal("ida") == 0
    new = ["model", "install", str(publisher.stick("stick-2")), *data, *ACCEPTED]
    assert leukoscope(new) == 0
    assert "release 1.1" in capsys.readouterr().out


def test_one_file_is_published_beside_the_folder_and_is_taken_alone(
    publisher: Publisher, bundle: Path, tmp_path: Path
) -> None:
    stick, data = published(publisher, bundle), ["--data", str(tmp_path / "data")]
    root = str(stick / "LEUKOSCOPE-UPDATE" / "metadata" / "1.root.json")
    assert leukoscope(["model", "trust", root, *data]) == 0
    single = stick / "leukoscope.allbundle"
    assert leukoscope(["model", "install", str(single), *data, *ACCEPTED]) == 0
