"""What is said of a slide on the command line, and what the simulated one says."""

from argparse import ArgumentParser

import pytest

from leukoscope_edge.capture import plan_of
from leukoscope_edge.cli.facts import add_facts, facts_of
from leukoscope_edge.errors import SourceError
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts


def facts(*words: str, source: str = "slides") -> SlideFacts:
    parser = ArgumentParser()
    parser.add_argument("source")
    add_facts(parser)
    return facts_of(parser.parse_args([source, *words]))


def test_where_nothing_is_said_nothing_is_assumed() -> None:
    assert facts() == SlideFacts(
        sample_type=None, age=AgeGroup.UNKNOWN, is_leukopenic=False, mode="count"
    )


@pytest.mark.parametrize("sample_type", list(SampleType))
def test_every_kind_of_sample_can_be_said(sample_type: SampleType) -> None:
    assert facts("--sample-type", sample_type.value).sample_type is sample_type


def test_age_white_cells_and_mode_are_taken_over() -> None:
    found = facts("--age", "child", "--leukopenic", "--mode", "passive")
    assert (found.age, found.is_leukopenic, found.mode) == (
        AgeGroup.CHILD,
        True,
        "passive",
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("simulated", SampleType.BLOOD),
        ("simulated:marrow=0", SampleType.BLOOD),
        ("simulated:marrow=1", SampleType.MARROW),
    ],
)
def test_the_simulated_slide_says_what_was_smeared(
    source: str, expected: SampleType
) -> None:
    assert facts(source=source).sample_type is expected


def test_a_person_who_says_otherwise_of_the_simulated_slide_is_believed() -> None:
    found = facts("--sample-type", "blood", source="simulated:marrow=1")
    assert found.sample_type is SampleType.BLOOD


@pytest.mark.parametrize(
    "words", [("--sample-type", "urine"), ("--age", "7"), ("--mode", "fast")]
)
def test_a_word_that_is_none_ends_the_command(words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as stop:
        facts(*words)
    assert stop.value.code == 2


def test_a_simulated_slide_with_an_unknown_setting_is_refused() -> None:
    with pytest.raises(SourceError, match="unknown setting 'colour'"):
        facts(source="simulated:colour=red")


def test_a_setting_of_the_simulated_slide_is_given_once() -> None:
    with pytest.raises(SourceError, match="cells is given twice"):
        plan_of("simulated:cells=10,cells=20")
