"""A plan of a fit: what it may hold, and those that are stored."""

from pathlib import Path
from typing import Any

import pytest

from leukoscope_edge.config import read_toml
from leukoscope_train.plan import FitPlan

PLANS = Path(__file__).parents[2] / "train" / "runs"

STORED = sorted(p for p in PLANS.rglob("*.toml") if "figures" not in p.parts)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch": 0}, "'batch' must be positive"),
        ({"n_draws": 8, "batch": 16}, "at least a batch of 16"),
        ({"rate_ratio": 0.0}, "'rate_ratio'"),
        ({"warm_up": 1.0}, "'warm_up'"),
        ({"average": 1.0}, "'average'"),
    ],
)
def test_an_impossible_plan_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FitPlan(**change)


@pytest.mark.parametrize("path", STORED, ids=lambda p: p.stem)
def test_every_stored_plan_can_be_read(path: Path) -> None:
    assert read_toml(path, FitPlan).n_batches > 0
