"""What is said of the device's quality: no problem without what to do."""

import re

from leukoscope_edge.messages.quality import QUALITY

PROBLEMS = {i: text for i, text in QUALITY.items() if not i.endswith("-cure")}


def test_each_problem_stands_with_what_to_do() -> None:
    assert set(QUALITY) - set(PROBLEMS) == {f"{i}-cure" for i in PROBLEMS}


def test_what_to_do_has_no_figure_to_be_filled_in() -> None:
    for id_ in PROBLEMS:
        assert not re.search("{.*}", QUALITY[f"{id_}-cure"]), id_


def test_a_problem_stands_inside_a_sentence() -> None:
    for id_, text in PROBLEMS.items():
        assert text[0].islower(), id_
        assert not text.endswith("."), id_
