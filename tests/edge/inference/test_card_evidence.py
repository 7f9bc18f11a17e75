"""What a card says of its own worth: shares are shares, nobody judges themselves."""

from typing import Any

import pytest

from leukoscope_edge.inference.card_evidence import (
    BaselineEntry,
    LaboratoriesEntry,
    LeftOutEntry,
    MetricsEntry,
)

SHARES = ("weighted_f1", "auroc", "sensitivity", "specificity", "ece")
METRICS: dict[str, Any] = {"set": "test", "n_cells": 10, "n_people": 2}
LEFT_OUT: dict[str, Any] = {
    "laboratory": "far",
    "network": "net",
    "n_cells": 3,
    "auroc": 0.9,
    "low": 0.8,
    "high": 0.95,
}


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_measure_beyond_its_ends_is_refused_by_name(name: str, value: float) -> None:
    shares = dict.fromkeys(SHARES, 0.5)
    MetricsEntry(**METRICS, **shares)
    with pytest.raises(ValueError, match=f"'{name}' must lie"):
        MetricsEntry(**METRICS, **(shares | {name: value}))


@pytest.mark.parametrize("name", ["weighted_f1", "auroc"])
def test_what_size_alone_reaches_is_a_share_too(name: str) -> None:
    BaselineEntry(weighted_f1=0.0, auroc=1.0)
    with pytest.raises(ValueError, match=f"'{name}' must lie"):
        BaselineEntry(**({"weighted_f1": 0.5, "auroc": 0.5} | {name: 1.01}))


@pytest.mark.parametrize("name", ["auroc", "low", "high"])
def test_an_interval_of_a_left_out_laboratory_lies_between_its_ends(name: str) -> None:
    LeftOutEntry(**LEFT_OUT)
    with pytest.raises(ValueError, match=f"'{name}' must lie"):
        LeftOutEntry(**(LEFT_OUT | {name: 1.01}))


def test_laboratories_that_taught_do_not_judge() -> None:
    LaboratoriesEntry(taught=(), judged=())
    LaboratoriesEntry(taught=("a", "b"), judged=("c",))
    with pytest.raises(ValueError, match="b, c taught and judged"):
        LaboratoriesEntry(taught=("c", "a", "b"), judged=("b", "c", "d"))
