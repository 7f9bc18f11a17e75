"""What a model's false calls mean for a slide."""

import pytest

from leukoscope_edge.counting import BetaSpread, call_model
from leukoscope_train.evaluation.slides import Elsewhere, missed_elsewhere, slide_row


def test_wider_false_calls_ask_for_more_blasts_and_find_fewer_patients() -> None:
    true = BetaSpread(alpha=8, beta=2)
    narrow, wide = BetaSpread(alpha=20, beta=80), BetaSpread(alpha=2, beta=8)
    few, many = (slide_row(call_model(true, own), 200) for own in (narrow, wide))
    assert few.background < many.background
    assert all(a > b for a, b in zip(few.found, many.found, strict=True))


def test_more_could_be_missed_where_blasts_are_unclear_or_normal() -> None:
    """As the card says where all is as on the card; else more."""
    true, false = BetaSpread(alpha=19, beta=1), BetaSpread(alpha=2, beta=98)
    model = call_model(true, false)
    alike = Elsewhere(called=0.95, missed=0.05, unclear_normal=0.0)
    said, there = missed_elsewhere(model, alike, 3, 200)
    assert there == pytest.approx(said, rel=1e-6)
    unclear = Elsewhere(called=0.57, missed=0.03, unclear_normal=0.1)
    assert missed_elsewhere(model, unclear, 3, 200)[1] > 1.3 * said
    missed = Elsewhere(called=0.7, missed=0.3, unclear_normal=0.0)
    assert missed_elsewhere(model, missed, 3, 200)[1] > 1.2 * said
