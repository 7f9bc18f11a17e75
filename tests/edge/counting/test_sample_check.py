"""Cells that are not of the sample that was named forbid a negative."""

from dataclasses import replace

import pytest

from leukoscope_edge.counting import (
    Background,
    BetaSpread,
    CellCall,
    SlideContext,
    by_model,
    call_model,
    conclude,
)
from leukoscope_edge.counting.sample_check import MIN_TOLD, sample_doubts
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts
from leukoscope_edge.types import Call, CallName, Reading

BLOOD, MARROW = SampleType.BLOOD, SampleType.MARROW


def normal(n: int, kind: str, person: Reading | None = None) -> list[CellCall]:
    return [CellCall(model=CallName.NORMAL, person=person, kind=kind)] * n


def blasts(n: int) -> list[CellCall]:
    return [CellCall(model=CallName.BLAST, person=None, kind="erythroblast")] * n


def mixed(n_red: int, n_granulocytes: int, n_other: int) -> list[CellCall]:
    young = normal(n_red, "erythroblast")
    young += normal(n_granulocytes, "immature granulocyte")
    return young + normal(n_other, "lymphocyte")


def of_sample(sample_type: SampleType | None) -> SlideContext:
    facts = SlideFacts(
        sample_type=sample_type,
        age=AgeGroup.ADULT,
        is_leukopenic=False,
        mode="count",
    )
    calls = call_model(BetaSpread(alpha=90, beta=10), BetaSpread(alpha=2, beta=198))
    return SlideContext(
        facts=facts,
        background=Background(model=calls, measured_by="site"),
        is_scale_known=True,
        quality=(),
        doubts=(),
        is_over=True,
    )


def reason(calls: list[CellCall], sample_type: SampleType | None) -> str:
    """Return why there is no result, "" where there is one."""
    found = conclude(calls, of_sample(sample_type))
    return found.reason.id if isinstance(found, Refusal) else ""


@pytest.mark.parametrize(
    ("n_young", "sample_type", "why"),
    [
        (40, BLOOD, ""),
        (41, BLOOD, "like-marrow"),
        (80, BLOOD, "like-marrow"),
        (80, MARROW, ""),
        (20, MARROW, ""),
        (19, MARROW, "like-blood"),
        (0, MARROW, "like-blood"),
        (0, BLOOD, ""),
        (80, None, "no-sample-type"),
    ],
)
def test_a_negative_needs_the_cells_of_the_sample_that_was_named(
    n_young: int, sample_type: SampleType | None, why: str
) -> None:
    calls = mixed(n_young // 2, n_young - n_young // 2, 200 - n_young)
    assert reason(calls, sample_type) == why


def test_both_young_kinds_count_alike_and_others_do_not() -> None:
    for calls in (mixed(60, 0, 140), mixed(0, 60, 140)):
        assert [d.reason.id for d in sample_doubts(calls, BLOOD)] == ["like-marrow"]
    for kind in ("neutrophil", "monocyte", "eosinophil", "basophil", "lymphocyte"):
        assert sample_doubts(normal(200, kind), BLOOD) == ()


def test_the_sentence_says_how_many_of_how_many_and_what_to_do() -> None:
    found = conclude(mixed(30, 30, 140), of_sample(BLOOD))
    assert found.sentence == (
        "No result, because 60 of 200 cells are immature, as in marrow, and this was "
        "said to be blood. Say marrow if it is marrow. Immature cells in blood: have a "
        "person look."
    )


def test_a_finding_stands_and_says_the_doubt_beside_it() -> None:
    found = conclude(mixed(30, 30, 140) + blasts(60), of_sample(BLOOD))
    assert isinstance(found, Verdict)
    assert found.name.value == "blasts"
    assert "Beside it: 60 of 200 cells are immature, as in marrow" in found.sentence


def test_blasts_of_blood_that_a_marrow_might_hold_are_no_normal_marrow() -> None:
    """4 of 100: within a marrow's normal share, and in blood more than few."""
    calls = (
        mixed(0, 0, 192) + [CellCall(model=CallName.BLAST, person=Reading.BLAST)] * 8
    )
    assert reason(calls, MARROW) == "like-blood"
    read = [replace(c, person=c.person or Reading.NORMAL) for c in calls]
    assert reason(read, MARROW) == "like-blood"
    found = conclude(calls, of_sample(BLOOD))
    assert isinstance(found, Verdict)
    assert found.messages[0].id == "few-confirmed"


def test_who_has_read_every_cell_answers_for_young_cells_in_blood() -> None:
    calls = mixed(30, 30, 140)
    read = [replace(c, person=Reading.NORMAL) for c in calls]
    assert reason(read, BLOOD) == ""
    assert reason([*read[1:], calls[0]], BLOOD) == "like-marrow"


def test_what_is_unclear_or_dirt_or_blast_or_untold_has_no_kind_here() -> None:
    unclear = [CellCall(model=CallName.UNCLEAR, person=None, kind="erythroblast")] * 99
    dirt = normal(99, "erythroblast", Reading.NOT_A_CELL)
    untold = normal(99, "")
    beside = unclear + dirt + blasts(99) + untold
    assert sample_doubts(mixed(1, 1, 98) + beside, BLOOD) == ()
    assert sample_doubts(mixed(20, 20, 60) + untold, BLOOD) != ()


def test_few_told_cells_say_nothing() -> None:
    assert sample_doubts(normal(MIN_TOLD - 1, "erythroblast"), BLOOD) == ()
    assert sample_doubts(normal(MIN_TOLD, "erythroblast"), BLOOD) != ()
    assert sample_doubts(normal(MIN_TOLD - 1, "lymphocyte"), MARROW) == ()
    assert sample_doubts(normal(MIN_TOLD, "lymphocyte"), MARROW) != ()


def test_a_call_of_the_model_brings_its_likeliest_kind_beside_blast() -> None:
    kinds = (("blast", 0.5), ("erythroblast", 0.3), ("lymphocyte", 0.2))
    call = Call(name=CallName.NORMAL, p_blast=0.5, kinds=kinds)
    assert by_model(call).kind == "erythroblast"
