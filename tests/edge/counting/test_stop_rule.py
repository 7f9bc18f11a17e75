import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.counting import BetaSpread, call_model
from leukoscope_edge.counting.stop_rule import (
    CUT_OFF,
    LOOKS,
    claim_at_look,
    state_after,
    stop_state,
)
from leukoscope_edge.messages import message
from leukoscope_edge.types import CallName

GOOD = call_model(BetaSpread(alpha=90, beta=10), BetaSpread(alpha=1, beta=99))
WEAK = call_model(BetaSpread(alpha=2.7, beta=0.73), BetaSpread(alpha=2.4, beta=9.2))


def calls(*names: str) -> list[CallName]:
    return [CallName(n) for n in names]


def test_no_cell_asks_for_the_first_look() -> None:
    found = stop_state(GOOD, [])
    assert (found.look, found.next_look, found.keep_going) == (0, 50, True)
    assert found.why == message("go-on", n=50, why=message("first-look"))


@pytest.mark.parametrize(
    ("n", "look", "next_look"),
    [(49, 0, 50), (50, 50, 100), (51, 50, 100), (499, 300, 500), (500, 500, None)],
)
def test_looks_are_at_fixed_numbers(n: int, look: int, next_look: int | None) -> None:
    found = stop_state(GOOD, calls(*["blast", *["normal"] * 19] * 25)[:n])
    assert (found.look, found.next_look) == (look, next_look)


def test_many_blasts_are_enough_at_the_first_look() -> None:
    found = stop_state(GOOD, calls(*["blast", "normal"] * 30))
    assert (found.claim, found.look, found.keep_going) == ("above", 50, False)


def test_a_healthy_slide_is_settled_by_two_hundred_cells() -> None:
    found = stop_state(GOOD, calls(*["normal"] * 200))
    assert (found.claim, found.keep_going) == ("below", False)


def test_few_white_cells_in_the_blood_ask_to_keep_going() -> None:
    found = stop_state(GOOD, calls(*["normal"] * 200), is_leukopenic=True)
    assert (found.claim, found.keep_going) == (None, True)


def test_a_weak_model_gives_up_rather_than_keep_a_person_counting() -> None:
    healthy = calls(*["blast", *["normal"] * 4] * 40)
    assert stop_state(WEAK, healthy[:100]).keep_going
    found = stop_state(WEAK, healthy)
    assert (found.claim, found.keep_going) == (None, False)


@pytest.mark.parametrize(
    ("n_blasts", "goes_on"), [(5, True), (6, False), (20, False), (21, True)]
)
def test_a_count_goes_on_where_the_last_look_would_settle_it(
    n_blasts: int, goes_on: bool
) -> None:
    """The same fraction of 500 cells is 13, 15, 50 and 53 blasts."""
    found = state_after(GOOD, [(n_blasts, 200)])
    assert (found.claim, found.keep_going) == (None, goes_on)


@given(st.lists(st.booleans(), max_size=49))
def test_cells_between_two_looks_claim_nothing(more: list[bool]) -> None:
    before = calls(*["blast", *["normal"] * 19] * 5)
    after = before[:50] + calls(*["blast" if b else "normal" for b in more])
    assert stop_state(GOOD, after).claim == stop_state(GOOD, before[:50]).claim


def test_unclear_cells_do_not_count_towards_a_look() -> None:
    found = stop_state(GOOD, calls(*["normal"] * 49, *["unclear"] * 30))
    assert found.look == 0


@pytest.mark.parametrize("model", [GOOD, WEAK])
def test_all_claims_together_are_wrong_on_at_most_one_slide_in_twenty(
    model: object,
) -> None:
    random = np.random.default_rng(5)
    n_slides = 2000
    called, mistaken = (
        random.beta(s.alpha, s.beta, (n_slides, 1))
        for s in (model.true_calls, model.false_calls)  # type: ignore[attr-defined]
    )
    is_called = random.random((n_slides, 500)) < (
        CUT_OFF * called + (1 - CUT_OFF) * mistaken
    )
    k = np.cumsum(is_called, axis=1)[:, [n - 1 for n in LOOKS]]
    claims = [
        {v: claim_at_look(model, v, n) for v in set(k[:, i].tolist())}  # type: ignore[arg-type]
        for i, n in enumerate(LOOKS)
    ]
    wrong = [any(c[v] for c, v in zip(claims, row, strict=True)) for row in k.tolist()]
    assert np.mean(wrong) <= 0.05
