import json
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

import simulate_study  # noqa: E402


def test_the_study_of_a_few_people_has_its_summary(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["--slides", "40", "--count-seeds", "0", "--docs", str(tmp_path)]
    assert simulate_study.main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"coverage_min", "stop_rule_error", "false_alarm_healthy"} <= set(found)
    assert 0.8 < found["coverage_min"] <= found["coverage_max"] <= 1
    assert "| blasts %" in (tmp_path / "study.md").read_text()
    assert (tmp_path / "coverage.svg").stat().st_size > 1000


@pytest.mark.slow
def test_a_slipping_hand_that_obeys_the_page_counts_each_cell_once() -> None:
    found = simulate_study.count_slide(2, 12, n_jumps=1)
    assert 0.9 <= found.ratio <= 1.01
