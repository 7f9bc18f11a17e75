"""What is said of a slide: each reason fits its sentence, each cure is one."""

from leukoscope_edge.messages.results import RESULTS

CURES = {i: text for i, text in RESULTS.items() if i.endswith("-cure")}
REASONS = {i: t for i, t in RESULTS.items() if f"{i}-cure" in CURES}
SHARED = {"colours-cure"}
"""Of several reasons at once."""


def test_a_cure_belongs_to_a_reason() -> None:
    assert set(CURES) - SHARED == {f"{i}-cure" for i in REASONS}


def test_a_reason_stands_inside_a_sentence() -> None:
    assert len(REASONS) > 10
    for id_, text in REASONS.items():
        assert text[0] == text[0].lower(), id_
        assert not text.endswith("."), id_


def test_a_cure_is_a_sentence_of_its_own() -> None:
    for id_, text in CURES.items():
        assert text[0].isupper(), id_
        assert text.endswith("."), id_
