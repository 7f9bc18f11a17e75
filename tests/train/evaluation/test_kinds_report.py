"""The report of the shipped bundles is what its command makes of stored figures."""

from pathlib import Path

import pytest

from leukoscope_edge.inference.bundle import shipped_bundle_for
from leukoscope_edge.inference.card import read_card
from leukoscope_train.data.cells import DataError
from leukoscope_train.evaluation.kinds_report import HEALTHY, kind_documents
from leukoscope_train.evaluation.targets import TARGETS, Interval, Shown, Target
from leukoscope_train.run_folder import read_json

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
def test_no_laboratory_has_more_false_calls_than_the_rule_allows(folder: Path) -> None:
    found = read_json(FIGURES / f"{folder.name}.json")
    for name in HEALTHY:
        assert found[name]["mature"]["called_blast"] <= 0.02


def test_figures_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"kinds-lite0-1\.json"):
        kind_documents(BUNDLES, tmp_path, "the command")


@pytest.mark.parametrize(
    ("is_least", "found", "told"),
    [
        (True, [], "not measured"),
        (True, [[0.9], [0.5]], "0.900 / 0.500: met"),
        (True, [[0.899], [0.9]], "0.899 / 0.900: **missed**"),
        (
            True,
            [[0.9], [0.499, 0.4, 0.6]],
            "0.900 / 0.499 (0.400 to 0.600): **missed**",
        ),
        (False, [[0.9], [0.5]], "0.900 / 0.500: met"),
        (False, [[0.1], [0.501]], "0.100 / 0.501: **missed**"),
    ],
)
def test_a_target_is_met_at_its_limit_and_missed_beyond(
    is_least: bool, found: list[Interval], told: str
) -> None:
    def reached(_: Shown, __: object) -> list[Interval]:
        return found

    target = Target(
        what="two", limits=("0.9", "0.5"), reached=reached, is_least=is_least
    )
    one = Shown(card=read_card(BUNDLES[0]), figures={})
    assert target.told(one, {}) == told


def test_the_report_names_every_target_with_what_measured_it() -> None:
    report = (ROOT / "docs" / "validation.md").read_text()
    for target in TARGETS:
        (row,) = [x for x in report.splitlines() if x.startswith(f"| {target.what} ")]
        assert target.command in row
