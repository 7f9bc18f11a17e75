"""What a person must accept by name before another model is used."""

from typing import Any

import pytest

from leukoscope_edge.updates.comparison import Shadow


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, False),
        ({"n_changed": 1}, True),
        ({"n_cells": 0}, True),
        ({"n_cells": 1}, False),
        ({"slides": ("0001",)}, True),  # no call changed, and still the sentence
        ({"why_not": "the records are closed"}, True),
    ],
)
def test_a_change_needs_a_person(changes: dict[str, Any], needs: bool) -> None:
    shadow = Shadow(**{"n_cells": 10, "n_changed": 0, **changes})
    assert shadow.needs_acceptance is needs


@pytest.mark.parametrize(
    ("shadow", "said"),
    [
        (Shadow(), "There are no old cells to compare with."),
        (
            Shadow(n_cells=1),
            "0 of 1 old cells change call, 0 slides change verdict.",
        ),
        (
            Shadow(n_cells=9, n_changed=2, slides=("0001",)),
            "2 of 9 old cells change call, 1 slide changes verdict.",
        ),
    ],
)
def test_a_comparison_says_what_changes(shadow: Shadow, said: str) -> None:
    assert shadow.told.said() == said
