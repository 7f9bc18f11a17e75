"""What a person must accept by name before another model is used."""

from typing import Any

import pytest

from leukoscope_edge.updates.comparison import Shadow


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, False),
        ({"n_changed": 1}, True),
        ({"slides": ("0001",)}, True),  # no call changed, and still the sentence
        ({"why_not": "the records are closed"}, True),
    ],
)
def test_a_change_needs_a_person(changes: dict[str, Any], needs: bool) -> None:
    shadow = Shadow(**{"n_cells": 10, "n_changed": 0, **changes})
    assert shadow.needs_acceptance is needs
