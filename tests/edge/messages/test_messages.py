"""A message: an id of the table with its figures, said, kept as JSON, read back."""

import json

import pytest

from leukoscope_edge.messages import (
    DEVICE,
    PAGE,
    PICTURES,
    QUALITY,
    RECORDS,
    REPORT,
    RESULTS,
    TEMPLATES,
    UPDATES,
    Message,
    from_plain,
    message,
    plain,
    said_all,
)

UNCLEAR = message("unclear", k=3, n=12)
NO_RESULT = message("no-result", reason=UNCLEAR)


def test_no_id_stands_under_two_subjects() -> None:
    subjects = RESULTS, REPORT, QUALITY, PICTURES, DEVICE, RECORDS, UPDATES, PAGE
    assert len(TEMPLATES) == sum(len(texts) for texts in subjects)


def test_refuses_an_id_that_is_not_in_the_table() -> None:
    with pytest.raises(ValueError, match="no message has the id 'unheard'"):
        message("unheard")


@pytest.mark.parametrize("id_", ["unclear", "no-result"])
def test_is_not_said_without_its_figures(id_: str) -> None:
    with pytest.raises(KeyError):
        message(id_).said()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (message("no-cell"), "no white cell was seen"),
        (UNCLEAR, "3 of 12 cells are unclear"),
        (NO_RESULT, "No result, because 3 of 12 cells are unclear."),
    ],
)
def test_fills_figures_and_messages_in(said: Message, expected: str) -> None:
    assert said.said() == expected


def test_is_said_in_the_reader_s_language_inside_and_out() -> None:
    french = {
        TEMPLATES["no-result"]: "Pas de résultat : {reason}.",
        TEMPLATES["unclear"]: "sur {n} cellules, {k} incertaines",
    }
    said = NO_RESULT.said(french.__getitem__)
    assert said == "Pas de résultat : sur 12 cellules, 3 incertaines."


def test_knows_the_ids_that_it_holds() -> None:
    assert NO_RESULT.holds("no-result")
    assert NO_RESULT.holds("unclear")
    assert not NO_RESULT.holds("few")
    assert not UNCLEAR.holds("no-result")


def test_several_are_one_text() -> None:
    assert said_all([]) == ""
    assert said_all([message("unclear-cure"), NO_RESULT]) == (
        "Have a person look; check stain and focus. "
        "No result, because 3 of 12 cells are unclear."
    )


@pytest.mark.parametrize("kept", [message("no-cell"), UNCLEAR, NO_RESULT])
def test_what_was_kept_as_json_is_the_same_message(kept: Message) -> None:
    assert from_plain(json.loads(json.dumps(plain(kept)))) == kept
