"""What is said of a new model: a cause and a cure to each code, lines that fit them."""

import re
from string import Formatter

from leukoscope_edge.messages.updates import UPDATES

CODE = re.compile(r"[A-Z]\d\d")
LINES = (
    "update-refused",
    "update-refused-found",
    "model-trouble",
    "model-trouble-found",
)


def params(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_each_code_has_a_cause_and_what_to_do() -> None:
    codes = {i for i in UPDATES if CODE.fullmatch(i)}
    cures = {i for i in UPDATES if CODE.match(i)} - codes
    assert codes
    assert cures == {f"{code}-cure" for code in codes}


def test_a_cause_stands_inside_a_line_and_a_cure_is_a_sentence() -> None:
    for id_, text in UPDATES.items():
        if CODE.fullmatch(id_):
            assert text[0].islower(), id_
            assert not text.endswith("."), id_
            assert not params(text), id_
        elif CODE.match(id_):
            assert (text[0].isupper(), text[-1]) == (True, "."), id_
            assert not params(text), id_


def test_every_line_says_code_cause_and_cure_and_what_was_found_where_it_was() -> None:
    for id_ in LINES:
        found = {"detail"} if id_.endswith("-found") else set()
        assert params(UPDATES[id_]) == {"code", "cause", "cure"} | found, id_


def test_a_line_of_an_update_that_failed_says_that_the_model_has_not_changed() -> None:
    for id_ in LINES:
        says = UPDATES["model-unchanged"] in UPDATES[id_]
        assert says == id_.startswith("update-refused"), id_
