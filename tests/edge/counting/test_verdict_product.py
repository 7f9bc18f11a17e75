"""The rules of the verdict, over the product of what decides: all of it at night."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.edge.counting.slides_to_judge import (
    BAD_COLOURS,
    BAD_QUALITY,
    DAMAGED,
    GOOD,
    WEAK,
    cells,
    context,
    name_of,
)

from leukoscope_edge.counting import (
    Background,
    BetaSpread,
    CellCall,
    SlideContext,
    conclude,
)
from leukoscope_edge.counting.verdict import MIN_CELLS
from leukoscope_edge.outcome import Verdict, VerdictName
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts
from leukoscope_edge.types import CallName, Reading

SLIDES = {
    "normal, unread": cells(normal=300),
    "normal, too few": cells(normal=49),
    "normal, early": cells(normal=70),
    "suspects at the background": cells(blast=3, normal=297),
    "unclear": cells(normal=200, unclear=100),
    "unlike": cells(normal=200, unlike=100),
    "unclear, read": cells(normal=200) + cells(unclear=100, read_as=Reading.NORMAL),
    "unlike, shown cells read": cells(normal=200)
    + cells(unlike=100, read_as=Reading.NORMAL),
    "unlike, all read": cells(normal=200, unlike=100, read_as=Reading.NORMAL),
    "all read": cells(normal=300, read_as=Reading.NORMAL),
    "all read, early": cells(normal=70, read_as=Reading.NORMAL),
    "suspects read": cells(normal=290) + cells(blast=10, read_as=Reading.NORMAL),
    "one confirmed": cells(normal=299) + cells(normal=1, read_as=Reading.BLAST),
    "a third confirmed": cells(normal=61) + cells(blast=30, read_as=Reading.BLAST),
    "many blasts": cells(blast=200, normal=100),
}
CONTEXTS = [
    SlideContext(
        facts=SlideFacts(
            sample_type=sample, age=age, is_leukopenic=leukopenic, mode=mode
        ),
        background=background,
        is_scale_known=scale,
        quality=quality,
        doubts=doubts,
        is_over=over,
    )
    for sample, age, leukopenic, mode, background, scale, quality, doubts, over in (
        product(
            (SampleType.BLOOD, SampleType.MARROW, None),
            AgeGroup,
            (False, True),
            ("count", "passive"),
            (GOOD, WEAK),
            (True, False),
            ((), BAD_QUALITY),
            ((), (DAMAGED,), (BAD_COLOURS,)),
            (True, False),
        )
    )
]


def forbids(where: SlideContext, calls: list[CellCall]) -> bool:
    """Say, apart from the code, whether a negative is forbidden."""
    counted = [c for c in calls if c.person is not Reading.NOT_A_CELL]
    is_all_read = bool(counted) and all(c.person for c in counted)
    unclear = [c for c in calls if c.model is CallName.UNCLEAR]
    is_strange = 5 * len(unclear) > len(calls)
    is_unlike = is_strange and 2 * sum(c.is_unlike for c in unclear) > len(unclear)
    is_unread = is_strange and any(c.person is None for c in unclear)
    confirmed = any(c.person is Reading.BLAST for c in calls)
    in_blood = where.facts.sample_type is not SampleType.MARROW
    return (
        where.facts.sample_type is None
        or where.facts.mode == "passive"
        or bool(where.quality or where.doubts)
        or not where.is_over
        or len(counted) < MIN_CELLS
        or (confirmed and in_blood)
        or ((not where.is_scale_known or is_unlike or is_unread) and not is_all_read)
    )


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("slide", SLIDES)
def test_no_negative_comes_out_where_the_rules_forbid_it(
    slide: str, every: int
) -> None:
    calls = SLIDES[slide]
    for where in CONTEXTS[::every]:
        found = conclude(calls, where)
        is_negative = isinstance(found, Verdict) and found.name is VerdictName.NONE
        assert not (is_negative and forbids(where, calls)), where
        if is_negative:
            assert found.stop is not None
            assert not found.stop.keep_going, where
        if found.n_confirmed:
            assert "no blast-like cells" not in found.sentence.lower(), where
            assert "no blasts" not in found.sentence.lower(), where


def test_the_product_also_holds_negatives_and_findings() -> None:
    names = {name_of(SLIDES[s], where) for s in SLIDES for where in CONTEXTS[::7]}
    assert names == {"none", "few", "blasts", "refused"}


A_CELL = st.builds(
    CellCall,
    model=st.sampled_from([*CallName, None]),
    person=st.sampled_from([*Reading, None]),
    is_unlike=st.booleans(),
)


@given(
    groups=st.lists(st.tuples(A_CELL, st.integers(1, 200)), max_size=5),
    where=st.sampled_from(CONTEXTS),
)
def test_no_slide_at_all_gives_a_forbidden_negative(
    groups: list[tuple[CellCall, int]], where: SlideContext
) -> None:
    calls = [cell for cell, n in groups for _ in range(n)]
    found = conclude(calls, where)
    is_negative = isinstance(found, Verdict) and found.name is VerdictName.NONE
    assert not (is_negative and forbids(where, calls))
    in_blood = where.facts.sample_type is SampleType.BLOOD
    if in_blood and any(c.person is Reading.BLAST for c in calls):
        assert isinstance(found, Verdict)


@given(
    groups=st.lists(st.tuples(A_CELL, st.integers(1, 200)), min_size=1, max_size=4),
    where=st.sampled_from(CONTEXTS),
)
def test_one_more_confirmed_blast_never_makes_a_result_milder(
    groups: list[tuple[CellCall, int]], where: SlideContext
) -> None:
    order = ["refused", "none", "few", "blasts"]
    calls = [cell for cell, n in groups for _ in range(n)]
    more = [*calls, CellCall(model=None, person=Reading.BLAST)]
    before, after = name_of(calls, where), name_of(more, where)
    if where.facts.sample_type is SampleType.BLOOD and before != "blasts":
        assert order.index(after) >= order.index(before)
        assert order.index(after) >= order.index("few")


MARROW_BLANK = BetaSpread(alpha=20, beta=80)
"""Up to 58 of 200 cells of a normal marrow."""


def with_marrow(where: SlideContext) -> SlideContext:
    known = replace(where.background, false_calls_in_marrow=MARROW_BLANK)
    return replace(where, background=known)


@pytest.mark.parametrize(("k", "name"), [(12, "few"), (58, "blasts"), (59, "blasts")])
def test_a_count_that_a_normal_marrow_may_show_is_no_finding_there(
    k: int, name: str
) -> None:
    where = context(sample_type=SampleType.MARROW)
    calls = cells(blast=k, normal=200 - k)
    assert name_of(calls, where) == name
    found = conclude(calls, with_marrow(where))
    if k == 59:
        assert isinstance(found, Verdict)
        return
    assert not isinstance(found, Verdict)
    assert f"calls {k} of 200 cells blast, and of a normal marrow up to 58" in (
        found.sentence
    )
    assert "Read the cells" in found.sentence


def test_a_person_who_reads_those_cells_decides() -> None:
    where = with_marrow(context(sample_type=SampleType.MARROW))
    read = cells(blast=40, read_as=Reading.BLAST) + cells(normal=160)
    assert name_of(read, where) == "blasts"


def test_a_limit_of_marrow_says_nothing_of_blood() -> None:
    for k in range(0, 200, 20):
        calls = cells(blast=k, normal=200 - k)
        assert conclude(calls, with_marrow(context())) == conclude(calls, context())


@pytest.mark.parametrize("mode", ["count", "passive"])
@pytest.mark.parametrize("is_over", [True, False])
@pytest.mark.parametrize("background", [GOOD, WEAK])
def test_a_limit_of_marrow_makes_positives_harder_and_no_negative_easier(
    background: Background, is_over: bool, mode: str
) -> None:
    where = context(
        sample_type=SampleType.MARROW, background=background, is_over=is_over, mode=mode
    )
    kept = harder = 0
    for k, read in product(range(0, 120, 13), (None, Reading.BLAST, Reading.NORMAL)):
        calls = cells(blast=k, normal=150 - k) + cells(blast=10, read_as=read)
        before, after = name_of(calls, where), name_of(calls, with_marrow(where))
        assert after in (before, "refused")
        if before == "refused":
            assert after == "refused"
        kept, harder = kept + (after == before), harder + (after != before)
        assert after == before or before in ("few", "blasts")
    assert kept
    assert harder or background is WEAK
