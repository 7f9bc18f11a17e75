"""What counts of a cell, and which cut-offs hold for a slide."""

from dataclasses import replace

import pytest

from leukoscope_edge.counting import BetaSpread, call_model
from leukoscope_edge.counting.context import (
    Background,
    CellCall,
    SlideContext,
    by_model,
)
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts
from leukoscope_edge.types import Call, CallName, Reading


@pytest.mark.parametrize(
    ("model", "person", "final"),
    [
        (None, None, Reading.UNCLEAR),
        (CallName.BLAST, None, Reading.BLAST),
        (CallName.NORMAL, None, Reading.NORMAL),
        (CallName.UNCLEAR, None, Reading.UNCLEAR),
        (None, Reading.BLAST, Reading.BLAST),
        (CallName.BLAST, Reading.NORMAL, Reading.NORMAL),
        (CallName.NORMAL, Reading.UNCLEAR, Reading.UNCLEAR),
        (CallName.BLAST, Reading.NOT_A_CELL, Reading.NOT_A_CELL),
    ],
)
def test_a_persons_word_counts_before_the_models(
    model: CallName | None, person: Reading | None, final: Reading
) -> None:
    assert CellCall(model=model, person=person).final is final


@pytest.mark.parametrize("is_unlike", [False, True])
def test_what_the_model_said_is_carried_over_and_nobody_has_read_it(
    is_unlike: bool,
) -> None:
    kinds = (("blast", 0.5), ("lymphocyte", 0.3), ("monocyte", 0.2))
    call = Call(name=CallName.UNCLEAR, p_blast=0.5, is_unlike=is_unlike, kinds=kinds)
    found = by_model(call)
    assert found.person is None
    assert (found.model, found.is_unlike) == (CallName.UNCLEAR, is_unlike)
    assert found.kind == "lymphocyte"


def context(sample_type: SampleType | None, age: AgeGroup) -> SlideContext:
    spread = BetaSpread(alpha=1.0, beta=99.0)
    model = call_model(BetaSpread(alpha=90.0, beta=10.0), spread)
    facts = SlideFacts(
        sample_type=sample_type, age=age, is_leukopenic=False, mode="count"
    )
    return SlideContext(
        facts=facts,
        background=Background(model=model, measured_by="bundle"),
        is_scale_known=True,
        quality=(),
        doubts=(),
        is_over=False,
    )


@pytest.mark.parametrize(
    ("sample_type", "is_marrow"),
    [(SampleType.MARROW, True), (SampleType.BLOOD, False), (None, False)],
)
def test_what_nobody_named_is_held_to_be_blood(
    sample_type: SampleType | None, is_marrow: bool
) -> None:
    assert context(sample_type, AgeGroup.ADULT).is_marrow is is_marrow


@pytest.mark.parametrize(
    ("age", "is_urgent"),
    [(AgeGroup.ADULT, False), (AgeGroup.CHILD, True), (AgeGroup.UNKNOWN, True)],
)
def test_an_unknown_age_is_treated_like_a_child(age: AgeGroup, is_urgent: bool) -> None:
    assert context(SampleType.BLOOD, age).is_child_or_unknown is is_urgent


def test_what_is_held_against_a_slide_at_its_end_stands_beside_what_was() -> None:
    heat, dust = message("test"), message("compressed-cure")
    torn = Doubt(reason=heat, cure=dust, spoils_calls=True)
    begun = replace(
        context(SampleType.BLOOD, AgeGroup.ADULT), quality=(heat,), doubts=(torn,)
    )
    other = replace(torn, spoils_calls=False)
    ended = begun.at_the_end([dust, heat], [torn, other])
    assert (ended.quality, ended.doubts) == ((heat, dust), (torn, other))
    assert replace(ended, quality=(heat,), doubts=(torn,)) == begun
