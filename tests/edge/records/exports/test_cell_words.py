"""What is said under a cell's picture."""

import pytest

from leukoscope_edge.records.exports.cell_words import (
    KIND_KEYS,
    KIND_OF_ONE,
    KINDS,
    WORDS,
    capital,
    model_said,
)
from leukoscope_edge.types import CallName, Reading


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
    said = model_said(CallName.NORMAL, p_blast)
    assert said == f"model: normal, blast {percent} %"


@pytest.mark.parametrize(("text", "wanted"), [("", ""), ("é", "É"), ("wBC", "WBC")])
def test_a_capital_stands_in_front(text: str, wanted: str) -> None:
    assert capital(text) == wanted


def test_every_word_and_kind_has_its_name_and_key() -> None:
    assert set(WORDS) == set(Reading)
    assert set(KIND_OF_ONE) == set(KIND_KEYS) < set(KINDS)
    assert len(set(KIND_KEYS.values())) == len(KIND_KEYS)
