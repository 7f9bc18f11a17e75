"""Who is here, and what a count of wrong PINs comes to."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from leukoscope_edge.accounts.people import Entry, People
from leukoscope_edge.accounts.person import Role
from leukoscope_edge.accounts.sign_in_backoff import FIRST_WAIT_S, N_FREE_FAILURES

PIN, OTHER_PIN, WRONG_PIN = "482917", "739164", "118273"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def people(tmp_path: Path) -> People:
    """Ann and Ben, at a clock that stands still."""
    people = People(tmp_path, hasher=QUICK, clock=lambda: 5.0)
    people.add_first("Ann", PIN)
    people.add("Ben", Role.OPERATOR, PIN)
    return people


def tried(people: People, n: int, address: str = "") -> tuple[Entry, float]:
    found = Entry.OPEN, 0.0
    for _ in range(n):
        found = people.enter("Ben", WRONG_PIN, address)
    return found


def test_nobody_is_found_under_a_name_that_is_not_here(people: People) -> None:
    assert people.find("Eve") is None
    assert people.find(" ben ") is not None
    people.remove("Ben")
    assert people.find("Ben") is None
    assert [p.name for p in people.ever] == ["Ann", "Ben"]


def test_a_wrong_pin_says_how_long_to_wait(people: People) -> None:
    assert tried(people, N_FREE_FAILURES - 1) == (Entry.WRONG, 0.0)
    assert tried(people, 1) == (Entry.WRONG, FIRST_WAIT_S)
    assert tried(people, 1) == (Entry.WAIT, FIRST_WAIT_S)
    assert people.enter("Eve", WRONG_PIN) == (Entry.WRONG, 0.0)


@pytest.mark.parametrize("address", ["", "10.0.0.1"])
@pytest.mark.parametrize("how", ["right PIN", "another PIN"])
def test_the_count_begins_anew(people: People, address: str, how: str) -> None:
    tried(people, N_FREE_FAILURES - 1, address)
    before = people.require("Ben")
    assert before.n_failures + before.n_from_network == N_FREE_FAILURES - 1
    if how == "right PIN":
        assert people.enter("Ben", PIN, address) == (Entry.OPEN, 0.0)
    else:
        people.set_pin("Ben", OTHER_PIN)
    after = people.require("Ben")
    assert (after.n_failures, after.n_from_network) == (0, 0)
