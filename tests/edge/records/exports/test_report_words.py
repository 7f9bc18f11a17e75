"""Sentences of a report that are no facts: the verdict, its marks, who said what."""

from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.bench import MISSED_CELL
from tests.edge.records.named_kinds import judge
from tests.edge.records.one_screening import SCREENING

from leukoscope_edge.records.exports import open_version
from leukoscope_edge.records.exports.report_words import (
    caption_of,
    said_changes,
    said_marks,
    said_sample,
    said_verdict,
)
from leukoscope_edge.records.exports.screening_version import version_of
from leukoscope_edge.sample import AgeGroup, SampleType
from leukoscope_edge.types import Reading


def shouted(text: str) -> str:
    """A language in which everything is said loudly."""
    return f"<{text}>"


def test_a_simulation_is_marked_in_front_of_its_verdict() -> None:
    real = version_of(SCREENING)
    assert said_verdict(real, str) == "it is a test"
    drawn = replace(real, record=replace(real.record, domain="simulated"))
    assert said_verdict(drawn, str) == "SIMULATION: it is a test"
    assert said_verdict(drawn, shouted).startswith("<SIMULATION>: ")


@pytest.mark.parametrize(
    ("made", "is_preliminary"),
    [("finished", True), ("reviewed", True), ("signed", False)],
)
def test_what_nobody_has_signed_is_preliminary(
    bench: Any, made: str, *, is_preliminary: bool
) -> None:
    marks = list(said_marks(open_version(bench.store, getattr(bench, made)())))
    assert any(m.startswith("PRELIMINARY") for m in marks) is is_preliminary


def test_a_void_slide_is_void_and_not_preliminary(bench: Any) -> None:
    slide = bench.finished()
    bench.store.review.void(slide, "torn", "eve")
    marks = list(said_marks(open_version(bench.store, slide)))
    assert not any(m.startswith("PRELIMINARY") for m in marks)
    assert any("VOID" in m for m in marks)


@pytest.mark.parametrize(
    ("sample_type", "age", "identified", "said"),
    [
        (SampleType.BLOOD, AgeGroup.ADULT, True, "S-1, Blood, Adult"),
        (SampleType.MARROW, AgeGroup.CHILD, False, "Marrow, Child"),
        (None, AgeGroup.UNKNOWN, False, "Blood or marrow: not said, Age not known"),
    ],
)
def test_the_head_says_what_was_smeared_and_whose_age(
    bench: Any,
    sample_type: SampleType | None,
    age: AgeGroup,
    said: str,
    *,
    identified: bool,
) -> None:
    version = open_version(bench.store, bench.finished(), identified=identified)
    facts = replace(version.record.facts, sample_type=sample_type, age=age)
    changed = replace(version, record=replace(version.record, facts=facts))
    assert said_sample(changed) == said


def test_under_a_picture_stand_the_models_word_and_a_persons(bench: Any) -> None:
    slide = bench.of_kinds()
    judge(bench, slide, "1", "monocyte")
    version = open_version(bench.store, slide)
    first, second = version.record.cells[:2]
    assert caption_of(version, first) == (
        "cell 1",
        "model: normal, blast 10 %",
        "person: normal, Monocyte",
    )
    assert caption_of(version, second)[2] == "person: not judged"
    assert caption_of(version, first, shouted)[0] == "<cell> 1"


def test_a_cell_that_a_person_added_was_not_seen_by_the_model(bench: Any) -> None:
    slide = bench.finished()
    bench.store.review.add_missed(slide, MISSED_CELL, "ann", key="m")
    bench.store.review.judge_cell(slide, "m1", Reading.BLAST, "ann", key="j")
    version = open_version(bench.store, slide)
    added = version.record.cells[-1]
    assert caption_of(version, added)[1:] == (
        "not seen by the model",
        "person: blast-like",
    )
    assert ("Not seen, now blast-like", "cells m1 (ann)") in list(said_changes(version))


def test_of_a_screening_the_word_stands_first_and_a_blasts_is_loud() -> None:
    version = version_of(SCREENING)
    normal, blast, _ = version.record.cells
    assert caption_of(version, normal)[0] == "normal"
    assert caption_of(version, blast) == (
        "BLAST-LIKE",
        "model: blast-like, blast 91 %",
        "cell 2 · a.png",
    )


def test_cells_that_were_changed_alike_are_one_line(bench: Any) -> None:
    version = open_version(bench.store, bench.signed())
    assert list(said_changes(version)) == [("Unclear, now normal", "cells 2 (ann)")]
    machine = open_version(bench.store, bench.finished())
    assert list(said_changes(machine)) == []
