import pytest

from leukoscope_edge.counting.fraction import call_model
from leukoscope_edge.counting.statistics import BetaSpread
from leukoscope_edge.counting.verdict import MIN_CELLS, decide, heed_confirmed
from leukoscope_edge.types import Call, CallName, Refusal, Verdict, VerdictName

TRUE_CALLS = BetaSpread(alpha=90, beta=10)
GOOD = call_model(TRUE_CALLS, BetaSpread(alpha=2, beta=98))
WEAK = call_model(TRUE_CALLS, BetaSpread(alpha=2, beta=9))


def calls(*, blast: int = 0, normal: int = 0, unclear: int = 0) -> list[Call]:
    names = (
        [CallName.BLAST] * blast
        + [CallName.NORMAL] * normal
        + [CallName.UNCLEAR] * unclear
    )
    return [Call(name=n, p_blast=0.5) for n in names]


def test_no_cell_gives_no_result() -> None:
    found = decide([], GOOD)
    assert isinstance(found, Refusal)
    assert found.sentence == "No result, because no white cell was seen."


@pytest.mark.parametrize("n", [1, MIN_CELLS - 1])
def test_too_few_cells_give_no_negative(n: int) -> None:
    assert isinstance(decide(calls(normal=n), GOOD), Refusal)


def test_enough_normal_cells_give_a_negative_that_says_what_it_could_miss() -> None:
    found = decide(calls(normal=MIN_CELLS), GOOD)
    assert isinstance(found, Verdict)
    assert found.name is VerdictName.NONE
    assert "could be missed" in found.sentence


def test_many_blasts_are_said_even_of_few_cells() -> None:
    found = decide(calls(blast=20, normal=10), GOOD)
    assert isinstance(found, Verdict)
    assert found.name is VerdictName.BLASTS


def test_few_blasts_above_the_background_go_to_a_senior() -> None:
    found = decide(calls(blast=20, normal=280), GOOD)
    assert isinstance(found, Verdict)
    assert found.name is VerdictName.FEW


def test_a_weak_model_does_not_alarm_at_its_own_background() -> None:
    found = decide(calls(blast=20, normal=80), WEAK)
    assert isinstance(found, Verdict)
    assert found.name is VerdictName.NONE


def test_a_slide_of_strange_cells_gives_no_result_and_says_why() -> None:
    strange = [Call(name=CallName.UNCLEAR, p_blast=0.9, is_unlike=True)] * 30
    found = decide(calls(normal=70) + strange, GOOD)
    assert isinstance(found, Refusal)
    assert "30 of 100 cells are unlike all that this model" in found.sentence


@pytest.mark.parametrize(("unclear", "refused"), [(20, False), (21, True)])
def test_more_than_a_fifth_unclear_gives_no_result(unclear: int, refused: bool) -> None:
    found = decide(calls(normal=100 - unclear, unclear=unclear), GOOD)
    assert isinstance(found, Refusal) is refused


def test_unclear_cells_are_not_counted_as_normal() -> None:
    found = decide(calls(blast=5, normal=60, unclear=10), GOOD)
    assert (found.n_cells, found.n_blast, found.n_unclear) == (65, 5, 10)


def test_a_verdict_tells_the_true_fraction_apart_from_the_calls() -> None:
    found = decide(calls(blast=30, normal=170), WEAK)
    assert isinstance(found, Verdict)
    assert found.interval.low > 0.1
    assert found.true_fraction is not None
    assert found.true_fraction.low == 0.0
    assert found.posterior is not None
    assert 0 < found.posterior.p_above < 1


def test_few_white_cells_keep_a_negative_count_going() -> None:
    found = decide(calls(normal=200), GOOD, is_leukopenic=True)
    assert found.stop is not None
    assert found.stop.keep_going


@pytest.mark.parametrize(
    ("found", "n_confirmed", "is_child", "heeded"),
    [
        (calls(normal=100), 1, True, True),
        (calls(normal=3), 1, True, True),
        (calls(normal=50, unclear=50), 1, True, True),
        (calls(unclear=5), 1, True, True),
        (calls(normal=100), 0, True, False),
        (calls(normal=100), 1, False, False),
        (calls(blast=60), 1, True, False),
    ],
)
def test_one_confirmed_blast_in_a_child_goes_to_a_senior_today(
    found: list[Call], n_confirmed: int, is_child: bool, heeded: bool
) -> None:
    before = decide(found, GOOD)
    after = heed_confirmed(before, n_confirmed=n_confirmed, is_child=is_child)
    if not heeded:
        assert after is before
        return
    assert isinstance(after, Verdict)
    assert after.name is VerdictName.FEW
    assert after.sentence.endswith("Senior review today.")
