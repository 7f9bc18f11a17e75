"""What a model's false calls mean for a slide."""

import pytest

from leukoscope_edge.counting import BetaSpread, call_model
from leukoscope_train.evaluation import Figures
from leukoscope_train.evaluation.slides import (
    false_alarms,
    false_calls_of,
    people_for_share,
    people_needed,
    slide_row,
)


def test_wider_false_calls_ask_for_more_blasts_and_find_fewer_patients() -> None:
    true = BetaSpread(alpha=8, beta=2)
    narrow, wide = BetaSpread(alpha=20, beta=80), BetaSpread(alpha=2, beta=8)
    few, many = (slide_row(call_model(true, own), 200) for own in (narrow, wide))
    assert few.background < many.background
    assert all(a > b for a, b in zip(few.found, many.found, strict=True))
    assert few.least is not None
    assert many.least is not None
    assert few.least < many.least
    anything = call_model(true, BetaSpread(alpha=1, beta=1))
    assert slide_row(anything, 200).least is None
    assert false_alarms(narrow, 200, few.background) <= 0.04
    assert false_alarms(wide, 200, few.background) > 0.15


def test_false_calls_are_those_of_healthy_people_of_all_sets() -> None:
    def person(label: int, blast: float) -> Figures:
        return {"label": label, "n_cells": 100, "blast": blast, "normal": 0.9 - blast}

    alike = [person(0, 0.1), person(0, 0.12), person(1, 0.9)]
    others = [person(0, 0.8), person(1, 0.9)]
    own, both = false_calls_of(alike), false_calls_of(alike, others)
    assert (own.n_people, both.n_people) == (2, 3)
    assert own.alpha / (own.alpha + own.beta) == pytest.approx(0.11 / 0.9, abs=0.02)
    assert people_needed(both.spread) > 10 * people_needed(own.spread)


def test_a_share_of_people_takes_as_many_as_the_textbook_says() -> None:
    assert [people_for_share(share) for share in (0.05, 0.5)] == [73, 385]
