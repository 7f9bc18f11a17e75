"""Which figure each rule of the verdict looks at, where another one lies near."""

import pytest
from tests.edge.counting.slides_to_judge import (
    BAD_COLOURS,
    BAD_QUALITY,
    DAMAGED,
    GOOD,
    IN_ORDER,
    TRUE_CALLS,
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
    call_model,
    conclude,
    limit_of_blank,
    state_after,
)
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import Reading

DIRT = Reading.NOT_A_CELL
MARROW = context(
    sample_type=SampleType.MARROW,
    background=Background(
        model=call_model(TRUE_CALLS, BetaSpread(alpha=1, beta=1e4)),
        measured_by="site",
        false_calls_in_marrow=BetaSpread(alpha=2, beta=9),
    ),
)


@pytest.mark.parametrize(
    "where",
    [
        context(quality=BAD_QUALITY),
        context(doubts=(BAD_COLOURS,)),
        context(doubts=(DAMAGED, BAD_COLOURS)),
        context(is_scale_known=False),
        context(sample_type=None),
    ],
)
def test_where_the_machine_may_not_judge_its_blasts_are_no_finding(
    where: SlideContext,
) -> None:
    assert name_of(cells(blast=60, normal=240), where) == "refused"


@pytest.mark.parametrize(
    ("calls", "where", "name", "said"),
    [
        # of usable cells, unclear ones apart
        (
            cells(blast=22, read_as=Reading.BLAST) + cells(normal=128, unclear=20),
            IN_ORDER,
            "blasts",
            "22 of 150 cells",
        ),
        # of the model's calls that nobody has read
        (
            cells(blast=30, read_as=Reading.NORMAL) + cells(blast=8, normal=100),
            IN_ORDER,
            "few",
            "8 of 108 cells",
        ),
        # too many unclear ones of the cells that count, dirt apart
        (
            cells(normal=100, read_as=DIRT) + cells(normal=130, unclear=40),
            IN_ORDER,
            "refused",
            "people left 40 of 170 cells unclear",
        ),
        # too few usable ones, however many unclear ones and dirt
        (
            cells(normal=160, read_as=DIRT) + cells(normal=45, unclear=8),
            IN_ORDER,
            "refused",
            "only 45 usable cells were seen",
        ),
        # the stop rule hears of the machine's calls, dirt among them
        (
            cells(normal=10, read_as=DIRT) + cells(normal=90),
            IN_ORDER,
            "none",
            "in 90 cells",
        ),
        # of what people have read it knows no false calls: it asks for more
        (
            cells(normal=100, read_as=Reading.NORMAL),
            context(background=WEAK),
            "refused",
            "the stop rule asks for 200",
        ),
        # a marrow's blasts by people and machine together
        (
            cells(blast=10, read_as=Reading.BLAST) + cells(blast=10, normal=280),
            MARROW,
            "few",
            "confirmed by a person: 10 of 300 cells",
        ),
        # what was confirmed could be more
        (
            cells(blast=10, read_as=Reading.BLAST) + cells(normal=290),
            MARROW,
            "none",
            "up to 6.8 % could be missed",
        ),
        # confirmed ones make the machine's heard beside a normal marrow's
        (
            cells(blast=20, read_as=Reading.BLAST) + cells(blast=60, normal=220),
            MARROW,
            "blasts",
            "60 of 280 cells",
        ),
        (cells(blast=25, normal=275), MARROW, "refused", "of a normal marrow up to"),
    ],
)
def test_each_rule_looks_at_its_own_figure(
    calls: list[CellCall], where: SlideContext, name: str, said: str
) -> None:
    assert name_of(calls, where) == name
    assert said in conclude(calls, where).sentence


def test_what_a_fifth_may_be_counts_the_blasts_that_the_model_misses() -> None:
    """27 of 200 calls are 19.0 % at most, and 20.1 % of true blasts."""
    assert name_of(cells(blast=27, normal=173), IN_ORDER) == "blasts"


@pytest.mark.parametrize("n", [100, 104, 134])
def test_the_background_is_what_96_of_100_healthy_people_stay_within(n: int) -> None:
    found = conclude(cells(normal=n), IN_ORDER)
    assert isinstance(found, Verdict)
    false_calls = GOOD.model.false_calls
    assert found.background == limit_of_blank(false_calls, n, 0.96)
    assert found.background > limit_of_blank(false_calls, n, 0.95)


def test_a_normal_marrow_s_background_is_what_96_of_100_stay_within() -> None:
    n, spread = 300, MARROW.background.false_calls_in_marrow
    assert spread is not None
    found = conclude(cells(blast=25, normal=n - 25), MARROW)
    assert isinstance(found, Refusal)
    assert dict(found.reason.params)["m"] == limit_of_blank(spread, n, 0.96)
    assert limit_of_blank(spread, n, 0.96) > limit_of_blank(spread, n, 0.95)


def test_a_count_that_ended_at_an_earlier_look_stays_ended() -> None:
    found = state_after(GOOD.model, [(0, 100), (8, 200)])
    assert (found.look, found.claim) == (100, "below")
    assert state_after(GOOD.model, [(8, 200)]).claim is None
