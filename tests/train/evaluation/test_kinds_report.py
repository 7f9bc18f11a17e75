"""The report of the shipped bundles is what its command makes of stored figures."""

import re
import shutil
from pathlib import Path

import pytest

from leukoscope_edge.counting import limit_of_blank
from leukoscope_edge.inference import read_card, shipped_bundle_for
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation.kinds_report import HEALTHY, kind_documents
from leukoscope_train.json_files import read_json, write_json

ROOT = Path(__file__).parents[3]

FIGURES = ROOT / "train" / "runs" / "figures" / "kinds"

SHIPPED = ROOT / "edge" / "leukoscope_edge" / "bundles"

BUNDLES = sorted(SHIPPED.glob("kinds-*"))


def test_the_documents_are_what_the_command_makes() -> None:
    stored = {
        n: (ROOT / "docs" / n).read_text() for n in ("validation.md", "model-card.md")
    }
    command = stored["validation.md"].split("`")[1]
    assert kind_documents(BUNDLES, FIGURES, command) == stored


def test_the_default_is_the_first_that_the_report_names() -> None:
    assert shipped_bundle_for("real").name == BUNDLES[0].name
    report = (ROOT / "docs" / "validation.md").read_text()
    assert report.startswith(f"# Validation report: {BUNDLES[0].name}")


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda folder: folder.name)
def test_no_judge_taught_and_the_figures_are_the_cards(folder: Path) -> None:
    card, found = read_card(folder), read_json(FIGURES / f"{folder.name}.json")
    assert card.is_research
    assert card.laboratories is not None
    assert not set(card.laboratories.taught) & set(card.laboratories.judged)
    assert set(HEALTHY) < set(card.laboratories.judged)
    for row in card.laboratories.left_out:
        assert found[row.laboratory]["auroc"]["pair"] == [row.auroc, row.low, row.high]
    assert found["points"]["blast_from"] == card.decision.blast_from


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda folder: folder.name)
def test_the_background_covers_every_laboratory_at_its_own_scale(folder: Path) -> None:
    card, found = read_card(folder), read_json(FIGURES / f"{folder.name}.json")
    blank = limit_of_blank(card.false_calls.spread, 200)
    for name in HEALTHY:
        assert 200 * found[name]["mature"]["called_blast"] < blank


def test_int8_is_told_of_the_bundle_whose_files_they_are(tmp_path: Path) -> None:
    shutil.copytree(FIGURES, tmp_path, dirs_exist_ok=True)
    lite, name = BUNDLES[0], f"{BUNDLES[0].name}.json"
    found = read_json(FIGURES / name)
    forms = {f"deep {f}": {"calls_changed": 0.123} for f in ("cpu", "trt")}
    first = found["files_of"]
    older = {"cnmc": {"forms": forms}, "asked_deep": 1.0}
    write_json(tmp_path / f"{first}.json", older)
    report = kind_documents(BUNDLES, tmp_path, "the command")["validation.md"]
    assert re.search(rf"\| {first} +\| deep cpu .*0\.123 \(", report)
    own = {k: v for k, v in found.items() if k != "files_of"}
    own["cnmc"] |= {"forms": forms}
    write_json(tmp_path / name, own)
    report = kind_documents(BUNDLES, tmp_path, "the command")["validation.md"]
    assert re.search(rf"\| {lite.name} +\| deep cpu .*0\.123 \(", report)


def test_figures_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"kinds-lite0-4\.json"):
        kind_documents(BUNDLES, tmp_path, "the command")
