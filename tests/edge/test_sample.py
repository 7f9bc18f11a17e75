"""What a person says of a slide: nothing is assumed where nobody said it."""

import dataclasses

import pytest

from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup, SampleType, SlideFacts


def test_only_the_counter_s_figure_may_be_left_unsaid() -> None:
    asked = {
        f.name
        for f in dataclasses.fields(SlideFacts)
        if f.default is dataclasses.MISSING
    }
    assert asked == {"sample_type", "age", "is_leukopenic", "mode"}
    with pytest.raises(TypeError):
        SlideFacts(age=AgeGroup.ADULT, is_leukopenic=False, mode="count")  # type: ignore[call-arg]


def test_what_was_said_of_a_slide_is_not_changed_later() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SIMULATED_SAMPLE.sample_type = None  # type: ignore[misc]


def test_the_words_are_those_that_the_records_keep() -> None:
    assert [s.value for s in SampleType] == ["blood", "marrow"]
    assert [a.value for a in AgeGroup] == ["child", "adult", "unknown"]


def test_the_simulated_slide_is_counted_blood_of_an_adult() -> None:
    said = SIMULATED_SAMPLE
    assert (said.sample_type, said.age) == (SampleType.BLOOD, AgeGroup.ADULT)
    assert (said.is_leukopenic, said.mode) == (False, "count")
    assert said.wbc_10e9_per_l is None
