"""The back-off of signing in: who waits, and how long."""

import pytest

from leukoscope_edge.accounts import Person, Role
from leukoscope_edge.accounts.sign_in_backoff import (
    AT_SCREEN,
    FIRST_WAIT_S,
    LONGEST_AT_SCREEN_S,
    LONGEST_WAIT_S,
    N_FREE_FAILURES,
    N_FREE_STRANGERS,
    SignInBackoff,
    wait_s,
)

ANN = Person(name="Ann", role=Role.SUPERVISOR, pin_hash="")


@pytest.mark.parametrize(
    ("n_failures", "seconds"),
    [
        (0, 0.0),
        (N_FREE_FAILURES - 1, 0.0),
        (N_FREE_FAILURES, FIRST_WAIT_S),
        (N_FREE_FAILURES + 1, 2 * FIRST_WAIT_S),
        (N_FREE_FAILURES + 7, 128 * FIRST_WAIT_S),
        (N_FREE_FAILURES + 8, LONGEST_WAIT_S),
        (10**6, LONGEST_WAIT_S),
    ],
)
def test_every_wrong_pin_beyond_the_third_doubles_the_wait(
    n_failures: int, seconds: float
) -> None:
    assert wait_s(n_failures) == seconds


def tried(backoff: SignInBackoff, n: int, address: str, person: Person = ANN) -> Person:
    for _ in range(n):
        person = backoff.counted("ann", person, address)
        backoff.let_wait("ann", person)
    return person


def test_who_never_tried_waits_for_nothing() -> None:
    assert SignInBackoff(lambda: 5.0).left_s("ann", AT_SCREEN) <= 0


def test_at_the_screen_a_minute_is_the_longest_wait() -> None:
    backoff = SignInBackoff(lambda: 5.0)
    person = tried(backoff, 50, AT_SCREEN)
    assert (person.n_failures, person.n_from_network) == (50, 0)
    assert backoff.left_s("ann", AT_SCREEN) == LONGEST_AT_SCREEN_S


def test_an_address_waits_by_itself_until_strangers_are_too_many() -> None:
    backoff = SignInBackoff(lambda: 5.0)
    person = tried(backoff, N_FREE_FAILURES, "10.0.0.1")
    assert backoff.left_s("ann", "10.0.0.1") == FIRST_WAIT_S
    assert backoff.left_s("ann", "10.0.0.2") <= 0
    person = tried(backoff, N_FREE_STRANGERS - N_FREE_FAILURES, "10.0.0.3", person)
    assert backoff.left_s("ann", "10.0.0.2") == FIRST_WAIT_S
    assert backoff.left_s("ann", AT_SCREEN) <= 0


def test_a_known_address_does_not_wait_for_strangers() -> None:
    backoff = SignInBackoff(lambda: 5.0)
    backoff.let_in("ann", "10.0.0.2")
    tried(backoff, N_FREE_STRANGERS, "10.0.0.1")
    assert backoff.left_s("ann", "10.0.0.2") <= 0


def test_who_is_forgiven_waits_no_longer() -> None:
    backoff = SignInBackoff(lambda: 5.0)
    tried(backoff, 30, "10.0.0.1")
    tried(backoff, 30, AT_SCREEN)
    backoff.forgive("ann")
    assert backoff.left_s("ann", "10.0.0.1") <= 0
    assert backoff.left_s("ann", AT_SCREEN) <= 0


@pytest.mark.parametrize(
    ("n_failures", "expected_s"),
    [(0, 0), (2, 0), (3, 5), (4, 10), (5, 20), (10, 640), (11, 900), (10_000, 900)],
)
def test_the_wait_doubles_up_to_a_limit(n_failures: int, expected_s: float) -> None:
    assert wait_s(n_failures) == expected_s


def test_ten_thousand_guesses_take_months() -> None:
    waits = sum(wait_s(n) for n in range(10_000))
    assert waits > 100 * 24 * 3600 - 11 * LONGEST_WAIT_S
