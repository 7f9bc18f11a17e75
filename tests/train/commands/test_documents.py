"""The documents of a model are what one command makes."""

import json
from pathlib import Path

from leukoscope_train.commands.documents import documents

ROOT = Path(__file__).parents[3]

FIGURES = ROOT / "train" / "runs" / "figures" / "real"

BUNDLE = ROOT / "edge" / "leukoscope_edge" / "bundles" / "cnmc-lite0-1"


def test_a_report_without_figures_says_what_is_missing(tmp_path: Path) -> None:
    made = documents(BUNDLE, tmp_path, "the command")
    assert made["validation-cnmc.md"].count("Missing") >= 5
    assert "the command" in made["model-card-cnmc.md"]


def test_the_documents_are_what_the_command_makes() -> None:
    for name in ("validation-cnmc.md", "model-card-cnmc.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        stated = text.split("`")[1]
        made = documents(BUNDLE, FIGURES, stated)
        assert made[name] == text


def test_all_ten_rows_of_the_founding_paper_were_run() -> None:
    rows = json.loads((FIGURES / "compare-table1.json").read_text())
    fitted = [row for row in rows if row["n_parameters"] > 2]
    named = {row["model"].partition(",")[0] for row in fitted}
    assert named == {p.stem for p in (ROOT / "train/runs/table1").glob("*.toml")}
    assert len(named) == 10
    assert len({(row["n_cells"], row["n_people"]) for row in fitted}) == 1
    budgets = {row["model"].partition(",")[0]: row["n_seen"] for row in fitted}
    assert budgets.pop("mobilenet-v2") == 12_288  # and the report says so
    assert set(budgets.values()) == {36_864}
    assert [row["model"] for row in rows[-2:]] == ["size only", "always ALL"]
    report = (ROOT / "docs" / "validation-cnmc.md").read_text(encoding="utf-8")
    assert "before mobilenet-v2 had its turn" in report
