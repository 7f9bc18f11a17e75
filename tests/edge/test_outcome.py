"""What is concluded from a slide is said in one sentence, in every language."""

import pytest

from leukoscope_edge.messages import TEMPLATES, message
from leukoscope_edge.outcome import (
    Interval,
    Refusal,
    StopState,
    Verdict,
    VerdictName,
    marked,
)
from leukoscope_edge.types import Domain

SEEN = message("seen", k=4, n=200, p="2.0", low="0.8", high="5.0")
FEW = Verdict(
    name=VerdictName.FEW,
    messages=(message("few", seen=SEEN), message("not-this-site")),
    n_cells=200,
    n_blast=4,
    n_unclear=0,
    interval=Interval(low=0.008, high=0.05),
)
ENGLISH = (
    "Few blast-like cells seen: 4 of 200 cells (2.0 %; 0.8 to 5.0 %). Senior review. "
    "The background is the model's, not yet this site's own."
)


def backwards(text: str) -> str:
    """A language in which every text is its words in reverse order."""
    return " ".join(reversed(text.split()))


def test_a_verdict_is_one_sentence_after_another() -> None:
    assert FEW.sentence == ENGLISH
    assert FEW.said(str) == ENGLISH


def test_a_verdict_is_said_in_the_reader_s_language() -> None:
    said = FEW.said(backwards)
    assert said.startswith("review. Senior ")
    assert said.endswith(backwards(TEMPLATES["not-this-site"]))


@pytest.mark.parametrize(
    ("cure", "sentence"),
    [
        (None, "No result, because no white cell was seen."),
        ("too-few-cure", "No result, because no white cell was seen. Keep going."),
    ],
)
def test_a_refusal_says_why_and_what_to_do(cure: str | None, sentence: str) -> None:
    refusal = Refusal(
        reason=message("no-cell"), cure=message(cure) if cure is not None else None
    )
    assert refusal.sentence == sentence
    assert refusal.said(str) == sentence
    assert refusal.messages[0].holds("no-cell")


@pytest.mark.parametrize(
    ("domain", "expected"),
    [("real", "No blasts."), ("simulated", "SIMULATION: No blasts.")],
)
def test_only_what_is_simulated_is_marked(domain: Domain, expected: str) -> None:
    assert marked("No blasts.", domain) == expected


def test_the_stop_rule_s_advice_is_its_message_in_english() -> None:
    state = StopState(
        look=100, next_look=200, keep_going=True, why=message("go-on-to", n=200)
    )
    assert state.advice == "keep going to 200 usable cells"
