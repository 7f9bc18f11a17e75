"""The rules of the verdict, one by one."""

from dataclasses import replace

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
    binomial_interval,
    call_model,
    conclude,
    highest_missed,
)
from leukoscope_edge.counting.verdict import MIN_CELLS
from leukoscope_edge.outcome import Refusal, Verdict, VerdictName
from leukoscope_edge.sample import AgeGroup, SampleType
from leukoscope_edge.types import CallName, Reading


def test_no_cell_gives_no_result() -> None:
    found = conclude([], IN_ORDER)
    assert isinstance(found, Refusal)
    assert found.sentence == "No result, because no white cell was seen."


@pytest.mark.parametrize(
    ("n", "name"),
    [(1, "refused"), (MIN_CELLS - 1, "refused"), (99, "refused"), (100, "none")],
)
def test_a_negative_needs_as_many_cells_as_the_stop_rule_asks(
    n: int, name: str
) -> None:
    assert name_of(cells(normal=n), IN_ORDER) == name


def test_a_count_that_ended_too_early_says_how_many_were_asked_for() -> None:
    found = conclude(cells(normal=70), IN_ORDER)
    assert "ended at 70 usable cells, and the stop rule asks for 100" in found.sentence


def test_a_negative_says_what_it_could_miss() -> None:
    found = conclude(cells(normal=200), IN_ORDER)
    assert isinstance(found, Verdict)
    assert "could be missed" in found.sentence


@pytest.mark.parametrize(
    ("background", "said"), [(GOOD, False), (WEAK, True)], ids=["site", "bundle"]
)
def test_a_negative_says_that_the_background_is_not_this_sites(
    background: Background, said: bool
) -> None:
    found = conclude(cells(normal=300), context(background=background))
    assert ("not yet this site's own" in found.sentence) is said


def test_many_blasts_are_said_even_of_few_cells() -> None:
    assert name_of(cells(blast=20, normal=10), IN_ORDER) == "blasts"


def test_few_blasts_above_the_background_go_to_a_senior() -> None:
    assert name_of(cells(blast=20, normal=280), IN_ORDER) == "few"


def test_what_a_fifth_may_be_is_sent_by_the_high_end_of_the_interval() -> None:
    found = conclude(cells(blast=30, normal=170), IN_ORDER)
    assert isinstance(found, Verdict)
    assert found.true_fraction is not None
    assert found.true_fraction.low < 0.2 <= found.true_fraction.high
    assert found.name is VerdictName.BLASTS


@pytest.mark.parametrize(("more", "name"), [(0, "none"), (1, "few")])
def test_a_number_at_the_background_is_none_and_one_more_is_few(
    more: int, name: str
) -> None:
    negative = conclude(cells(normal=300), IN_ORDER)
    assert isinstance(negative, Verdict)
    k = negative.background + more
    assert name_of(cells(blast=k, normal=300 - k), IN_ORDER) == name


def test_a_weak_model_does_not_alarm_at_its_own_background() -> None:
    found = name_of(cells(blast=40, normal=160), context(background=WEAK))
    assert found in ("none", "refused")


def test_a_persons_blasts_are_no_background_of_the_model() -> None:
    read = cells(blast=30, read_as=Reading.BLAST) + cells(normal=61)
    found = conclude(read, context(background=WEAK))
    assert isinstance(found, Verdict)
    assert found.name is VerdictName.BLASTS
    assert (found.n_read, found.n_confirmed) == (30, 30)
    assert "confirmed by a person: 30 of 91 cells (33.0 %" in found.sentence


@pytest.mark.parametrize(
    ("by_people", "by_model", "id_"),
    [
        (1, 100, "blasts"),
        (100, 0, "blasts-confirmed"),
        (100, 10, "blasts-confirmed"),
        (100, 100, "blasts-confirmed"),
        (1, 10, "few-confirmed"),
    ],
)
def test_the_graver_of_two_findings_is_said_the_peoples_of_two_alike(
    by_people: int, by_model: int, id_: str
) -> None:
    read = cells(blast=by_people, read_as=Reading.BLAST)
    found = conclude(
        read + cells(blast=by_model, normal=200 - by_model - by_people), IN_ORDER
    )
    assert isinstance(found, Verdict)
    assert found.messages[0].id == id_


@pytest.mark.parametrize("n_read", [0, 1, 20, 300])
def test_a_true_fraction_and_what_could_be_missed_are_of_the_model_alone_if_nobody_read(
    n_read: int,
) -> None:
    calls = cells(normal=n_read, read_as=Reading.NORMAL) + cells(normal=300 - n_read)
    found = conclude(calls, IN_ORDER)
    assert isinstance(found, Verdict)
    assert (found.true_fraction is None) is (n_read > 0)
    assert (found.posterior is None) is (n_read > 0)
    missed = {
        0: highest_missed(GOOD.model, 0, 300),
        300: binomial_interval(0, 300).high,
    }
    reviewed = call_model(TRUE_CALLS, BetaSpread(alpha=1, beta=1e4))
    p = missed.get(n_read, highest_missed(reviewed, 0, 300))
    assert f"A true level up to {100 * p:.1f} % could be missed" in found.sentence


@pytest.mark.parametrize(
    ("spoilt", "calls"),
    [
        (context(is_scale_known=False), cells(normal=91)),
        (IN_ORDER, cells(normal=45, unclear=46)),
        (context(mode="passive"), cells(normal=300)),
        (context(quality=BAD_QUALITY), cells(normal=300)),
        (IN_ORDER, cells(normal=200, unlike=100)),
    ],
    ids=["uncalibrated", "unclear", "passive", "quality", "unlike"],
)
def test_review_of_the_shown_cells_turns_no_refusal_into_a_negative(
    spoilt: SlideContext, calls: list[CellCall]
) -> None:
    assert name_of(calls, spoilt) == "refused"
    shown = [c for c in calls if c.model is not CallName.NORMAL]
    rest = [c for c in calls if c.model is CallName.NORMAL]
    judged = [replace(c, person=Reading.NORMAL) for c in shown + rest[:10]] + rest[10:]
    is_only_unclear = len(shown) == 46
    assert name_of(judged, spoilt) == "refused" or is_only_unclear


def test_unclear_cells_that_people_read_are_no_longer_unclear() -> None:
    unread = cells(normal=150, unclear=50)
    read = cells(normal=150) + cells(unclear=50, read_as=Reading.NORMAL)
    assert name_of(unread, IN_ORDER) == "refused"
    assert name_of(read, IN_ORDER) in ("none", "refused")
    found = conclude(read + cells(normal=200), IN_ORDER)
    assert isinstance(found, Verdict)
    assert "a person read 50 of them" in found.sentence


@pytest.mark.parametrize("unread", [0, 1])
def test_people_overrule_the_machine_only_where_they_read_every_cell(
    unread: int,
) -> None:
    read = cells(unlike=250 - unread, read_as=Reading.NORMAL) + cells(unlike=unread)
    found = conclude(read, IN_ORDER)
    assert isinstance(found, Verdict) is (unread == 0)
    if unread == 0:
        assert "people read all 250 cells" in found.sentence
        assert "the machine gave no result, because 250 of 250" in found.sentence


@pytest.mark.parametrize(
    "spoilt",
    [
        context(quality=BAD_QUALITY),
        context(doubts=(BAD_COLOURS,)),
        context(doubts=(DAMAGED,)),
        context(mode="passive"),
        context(sample_type=None),
        context(is_over=False),
        context(is_scale_known=False, quality=BAD_QUALITY),
        context(is_scale_known=False, doubts=(DAMAGED,)),
    ],
)
def test_people_overrule_nothing_that_lies_in_slide_pictures_or_quality(
    spoilt: SlideContext,
) -> None:
    assert name_of(cells(normal=300, read_as=Reading.NORMAL), spoilt) == "refused"


def test_cells_that_people_left_unclear_are_no_negative() -> None:
    read = cells(normal=230, read_as=Reading.NORMAL)
    read += cells(normal=70, read_as=Reading.UNCLEAR)
    found = conclude(read, IN_ORDER)
    assert isinstance(found, Refusal)
    assert "people left 70 of 300 cells unclear" in found.sentence


@pytest.mark.parametrize(("unclear", "refused"), [(60, False), (61, True)])
def test_more_than_a_fifth_unclear_gives_no_result(unclear: int, refused: bool) -> None:
    found = conclude(cells(normal=300 - unclear, unclear=unclear), IN_ORDER)
    assert isinstance(found, Refusal) is refused


@pytest.mark.parametrize(("unlike", "said"), [(35, False), (36, True)])
def test_strange_cells_are_named_where_most_of_the_unclear_are_strange(
    unlike: int, said: bool
) -> None:
    calls = cells(normal=230, unclear=70 - unlike, unlike=unlike)
    assert ("unlike all that this model" in conclude(calls, IN_ORDER).sentence) is said


def test_cells_taken_for_dirt_do_not_count_and_were_looked_at() -> None:
    read = cells(normal=100) + cells(unclear=60, read_as=Reading.NOT_A_CELL)
    found = conclude(read, IN_ORDER)
    assert (found.n_cells, found.n_unclear) == (100, 0)
    assert "cells are unclear" not in found.sentence


def test_unclear_cells_are_not_counted_as_normal() -> None:
    found = conclude(cells(blast=5, normal=60, unclear=10), IN_ORDER)
    assert (found.n_cells, found.n_blast, found.n_unclear) == (65, 5, 10)


def test_a_verdict_tells_the_true_fraction_apart_from_the_calls() -> None:
    found = conclude(cells(blast=100, normal=100), context(background=WEAK))
    assert isinstance(found, Verdict)
    assert found.true_fraction is not None
    assert found.true_fraction.low < found.interval.low
    assert found.posterior is not None
    assert 0 < found.posterior.p_above <= 1


def test_few_white_cells_keep_a_negative_count_going() -> None:
    assert name_of(cells(normal=300), context(is_leukopenic=True)) == "refused"
    assert name_of(cells(normal=500), context(is_leukopenic=True)) == "none"


@pytest.mark.parametrize(
    ("age", "sentence_end"),
    [
        (AgeGroup.CHILD, "Senior review today."),
        (AgeGroup.UNKNOWN, "Senior review today."),
        (AgeGroup.ADULT, "Senior review."),
    ],
)
@pytest.mark.parametrize(
    "rest",
    [
        cells(normal=300),
        cells(normal=300, unclear=20),
        cells(normal=300, read_as=Reading.NORMAL),
    ],
)
def test_one_confirmed_blast_in_blood_goes_to_a_senior(
    rest: list[CellCall], age: AgeGroup, sentence_end: str
) -> None:
    calls = cells(normal=1, read_as=Reading.BLAST) + rest
    found = conclude(calls, context(age=age))
    assert isinstance(found, Verdict)
    assert found.name is VerdictName.FEW
    assert found.sentence.endswith(sentence_end)


@pytest.mark.parametrize(
    "spoilt",
    [
        context(is_scale_known=False),
        context(quality=BAD_QUALITY),
        context(doubts=(BAD_COLOURS,)),
        context(doubts=(DAMAGED,)),
        context(mode="passive", is_over=False),
        context(sample_type=None),
    ],
)
def test_a_confirmed_blast_is_said_whatever_the_machine_thinks(
    spoilt: SlideContext,
) -> None:
    calls = cells(normal=1, read_as=Reading.BLAST) + cells(normal=300)
    assert name_of(calls, spoilt) == "few"


def test_what_spoils_the_calls_is_said_once_beside_a_finding() -> None:
    spoilt = context(doubts=(BAD_COLOURS,), quality=BAD_QUALITY)
    found = conclude(cells(blast=1, normal=200, read_as=Reading.BLAST), spoilt)
    assert isinstance(found, Verdict)
    assert [m.id for m in found.messages[1:]] == ["beside", "beside"]
    found = conclude(
        cells(blast=1, normal=200, read_as=Reading.BLAST),
        context(doubts=(BAD_COLOURS,)),
    )
    assert [m.id for m in found.messages[1:]] == ["beside"]


def test_the_first_look_is_at_enough_cells() -> None:
    where = context(background=WEAK)
    few = conclude(cells(normal=MIN_CELLS - 1), where)
    assert isinstance(few, Refusal)
    assert few.reason.id == "too-few"
    assert name_of(cells(normal=MIN_CELLS), where) == "none"


def test_a_doubt_stands_beside_a_finding() -> None:
    found = conclude(cells(blast=40, normal=10), context(doubts=(DAMAGED,)))
    assert isinstance(found, Verdict)
    assert found.sentence.endswith("Beside it: it is a test.")


@pytest.mark.parametrize(
    ("is_over", "claimed", "name"),
    [(False, False, "refused"), (False, True, "blasts"), (True, False, "few")],
)
def test_a_watch_speaks_at_looks_and_at_the_end(
    is_over: bool, claimed: bool, name: str
) -> None:
    calls = cells(blast=40, normal=20) if claimed else cells(blast=4, normal=66)
    found = name_of(calls, context(mode="passive", is_over=is_over))
    assert found == name or (is_over and found == "blasts")


@pytest.mark.parametrize(
    ("k", "name", "said"),
    [
        (0, "none", "within the 5 % of a normal marrow: 0 of 300"),
        (15, "none", "within the 5 % of a normal marrow: 15 of 300"),
        (16, "few", "confirmed by a person: 16 of 300 cells"),
        (60, "blasts", "Send today"),
    ],
)
def test_a_marrow_is_held_against_its_own_cut_offs(
    k: int, name: str, said: str
) -> None:
    calls = cells(normal=k, read_as=Reading.BLAST)
    calls += cells(normal=300 - k, read_as=Reading.NORMAL)
    found = conclude(calls, context(sample_type=SampleType.MARROW))
    assert name_of(calls, context(sample_type=SampleType.MARROW)) == name
    assert said in found.sentence


@pytest.mark.parametrize(("k", "name"), [(15, "none"), (16, "few")])
def test_the_models_blasts_in_marrow_are_held_against_five_percent(
    k: int, name: str
) -> None:
    clean = Background(
        model=call_model(TRUE_CALLS, BetaSpread(alpha=1, beta=1e4)), measured_by="site"
    )
    where = context(sample_type=SampleType.MARROW, background=clean)
    calls = cells(blast=k, normal=300 - k)
    found = name_of(calls, where)
    assert found == name or (name == "none" and found == "refused")


def test_where_nobody_measured_a_normal_marrow_one_blast_of_few_cells_is_said() -> None:
    clean = Background(
        model=call_model(TRUE_CALLS, BetaSpread(alpha=1, beta=1e4)), measured_by="site"
    )
    where = context(sample_type=SampleType.MARROW, background=clean)
    assert name_of(cells(blast=1, normal=9), where) == "blasts"


@pytest.mark.parametrize(
    ("age", "said"),
    [(AgeGroup.CHILD, True), (AgeGroup.UNKNOWN, True), (AgeGroup.ADULT, False)],
)
def test_a_childs_normal_marrow_may_hold_hematogones(age: AgeGroup, said: bool) -> None:
    where = context(sample_type=SampleType.MARROW, age=age)
    found = conclude(cells(normal=300, read_as=Reading.NORMAL), where)
    assert ("hematogones" in found.sentence) is said
