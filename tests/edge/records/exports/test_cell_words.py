"""What is said under a cell's picture."""

from dataclasses import replace

import pytest
from tests.edge.records.bench import KEPT_CELL

from leukoscope_edge.records.exports.cell_words import (
    KIND_KEYS,
    KIND_OF_ONE,
    KINDS,
    WORDS,
    called,
    capital,
    model_said,
)
from leukoscope_edge.types import CallName, Reading

CELL = replace(KEPT_CELL, call=CallName.NORMAL, p_blast=0.5)


@pytest.mark.parametrize(
    ("p_blast", "percent"),
    [
        (0.0, "<1"),
        (0.0099, "<1"),
        (0.01, "1"),
        (0.5, "50"),
        (0.99, "99"),
        (0.995, ">99"),
    ],
)
def test_no_probability_is_said_to_be_certain(p_blast: float, percent: str) -> None:
    said = model_said(replace(CELL, p_blast=p_blast))
    assert said == f"model: normal, blast {percent} %"


@pytest.mark.parametrize(("text", "wanted"), [("", ""), ("é", "É"), ("wBC", "WBC")])
def test_a_capital_stands_in_front(text: str, wanted: str) -> None:
    assert capital(text) == wanted


def test_every_word_and_kind_has_its_name_and_key() -> None:
    assert set(WORDS) == set(Reading)
    assert set(KIND_OF_ONE) == set(KIND_KEYS) < set(KINDS)
    assert len(set(KIND_KEYS.values())) == len(KIND_KEYS)


def test_of_a_cell_that_no_model_saw_nothing_is_said() -> None:
    assert called(replace(CELL, call=None, p_blast=None)) == ""


@pytest.mark.parametrize(
    ("off_scale", "unlike", "why"),
    [
        (False, False, ""),
        (False, True, "; unlike all that the model learned from"),
        (True, False, "; seen at another scale than the slide's"),
        (True, True, "; seen at another scale than the slide's"),
    ],
)
def test_a_cell_says_why_it_is_unclear_whatever_its_probability(
    off_scale: bool, unlike: bool, why: str
) -> None:
    cell = replace(CELL, call=CallName.UNCLEAR, is_off_scale=off_scale)
    assert called(replace(cell, is_unlike=unlike)) == f"unclear, blast 50 %{why}"
