"""What a model's false calls mean for a slide."""

from leukoscope_edge.counting import BetaSpread, call_model
from leukoscope_train.evaluation.slides import slide_row


def test_wider_false_calls_ask_for_more_blasts_and_find_fewer_patients() -> None:
    true = BetaSpread(alpha=8, beta=2)
    narrow, wide = BetaSpread(alpha=20, beta=80), BetaSpread(alpha=2, beta=8)
    few, many = (slide_row(call_model(true, own), 200) for own in (narrow, wide))
    assert few.background < many.background
    assert all(a > b for a, b in zip(few.found, many.found, strict=True))
