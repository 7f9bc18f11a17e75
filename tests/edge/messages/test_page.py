"""What the page refuses: pieces of a sentence, and nothing that helps a guesser."""

from leukoscope_edge.messages.page import PAGE


def test_a_refusal_stands_inside_a_sentence() -> None:
    for id_ in PAGE.keys() - {"page-fault"}:
        text = PAGE[id_]
        assert text[0].islower() or text.startswith(("{name}", "a PIN")), id_
        assert not text.endswith("."), id_


def test_a_wrong_sign_in_does_not_say_which_half_was_wrong() -> None:
    assert PAGE["name-or-pin-wrong"] == "wrong name or PIN"
    assert "{" not in PAGE["name-or-pin-wrong"]


def test_who_has_to_wait_hears_how_long() -> None:
    for id_ in ("codes-wait", "pins-wait"):
        assert "wait {n} seconds" in PAGE[id_]
