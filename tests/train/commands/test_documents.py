"""What the documents say of the founding paper's networks."""

from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_all_ten_networks_of_the_founding_paper_stand_in_the_document() -> None:
    report = (ROOT / "docs" / "validation-cnmc.md").read_text(encoding="utf-8")
    section = report.partition("## The ten networks")[2].partition("The last two")[0]
    rows = [line for line in section.splitlines() if ", seed 0 |" in line]
    named = {row.partition(",")[0].removeprefix("| ") for row in rows}
    assert named == {p.stem for p in (ROOT / "train/runs/table1").glob("*.toml")}
    assert len(named) == len(rows) == 10
    assert "before mobilenet-v2 had its turn" in report
