"""People, PINs, and the wait that neither restart nor clock shortens."""

import importlib.resources
import json
import re
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.edge.web.stand_ins import PIN, QUICK

from leukoscope_edge.accounts import (
    AT_SCREEN,
    LONGEST_AT_SCREEN_S,
    LONGEST_WAIT_S,
    N_FREE_FAILURES,
    N_FREE_STRANGERS,
    Entry,
    People,
    PeopleError,
    Role,
    wait_s,
)
from leukoscope_edge.errors import OutputError


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def open_people(folder: Path, clock: Clock | None = None) -> People:
    return People(folder, hasher=QUICK, clock=clock or Clock())


def test_nobody_is_there_at_first_and_no_pin_is_given(tmp_path: Path) -> None:
    people = open_people(tmp_path)
    assert people.everybody == []
    assert people.enter("admin", "000000") == (Entry.WRONG, 0.0)


def test_the_first_person_is_a_supervisor_and_only_one_is_first(tmp_path: Path) -> None:
    people = open_people(tmp_path)
    assert people.add_first("Amina", PIN).role is Role.SUPERVISOR
    with pytest.raises(PeopleError, match="set up already"):
        people.add_first("Eve", PIN)


@pytest.mark.parametrize(
    ("name", "pin", "why"),
    [
        ("", PIN, "a name needs"),
        ("x" * 41, PIN, "a name needs"),
        ("a\x00b", PIN, "a name needs"),
        ("Amina", "", "a PIN needs"),
        ("Amina", "12345", "a PIN needs"),
        ("Amina", "1234567890123", "a PIN needs"),
        ("Amina", "48291a", "a PIN needs"),
        ("Amina", "٤٨٢٩١٧", "a PIN needs"),
        ("Amina", "123456", "guessed first"),
        ("Amina", "0000000", "guessed first"),
    ],
)
def test_refuses_names_and_pins_that_will_not_do(
    tmp_path: Path, name: str, pin: str, why: str
) -> None:
    with pytest.raises(PeopleError, match=why):
        open_people(tmp_path).add(name, Role.OPERATOR, pin)


def test_a_name_is_taken_whatever_its_case(tmp_path: Path) -> None:
    people = open_people(tmp_path)
    people.add("Amina Diallo", Role.OPERATOR, PIN)
    with pytest.raises(PeopleError, match="is here already"):
        people.add("  amina   DIALLO ", Role.OPERATOR, PIN)


def test_people_outlive_a_restart_and_their_pins_are_not_on_the_disk(
    tmp_path: Path,
) -> None:
    open_people(tmp_path).add("Amina", Role.OPERATOR, PIN)
    assert open_people(tmp_path).enter("amina", PIN)[0] is Entry.OPEN
    stored = (tmp_path / "people.json").read_text()
    assert PIN not in stored
    assert (tmp_path / "people.json").stat().st_mode & 0o077 == 0
    assert (tmp_path / "pepper.key").stat().st_mode & 0o077 == 0


def test_a_stolen_list_without_the_device_secret_opens_nothing(tmp_path: Path) -> None:
    open_people(tmp_path / "a").add("Amina", Role.OPERATOR, PIN)
    other = open_people(tmp_path / "b")
    (tmp_path / "b" / "people.json").write_bytes(
        (tmp_path / "a" / "people.json").read_bytes()
    )
    other = open_people(tmp_path / "b")
    assert other.enter("Amina", PIN)[0] is Entry.WRONG


@pytest.mark.parametrize(
    ("n_failures", "expected_s"),
    [(0, 0), (2, 0), (3, 5), (4, 10), (5, 20), (10, 640), (11, 900), (10_000, 900)],
)
def test_the_wait_doubles_up_to_a_limit(n_failures: int, expected_s: float) -> None:
    assert wait_s(n_failures) == expected_s


def test_wrong_pins_make_even_the_right_one_wait(tmp_path: Path) -> None:
    clock = Clock()
    people = open_people(tmp_path, clock)
    people.add("Amina", Role.OPERATOR, PIN)
    for _ in range(N_FREE_FAILURES):
        assert people.enter("Amina", "999999")[0] is Entry.WRONG
    assert people.enter("Amina", PIN)[0] is Entry.WAIT
    clock.now += wait_s(N_FREE_FAILURES) - 0.1
    assert people.enter("Amina", PIN)[0] is Entry.WAIT
    clock.now += 0.2
    assert people.enter("Amina", PIN)[0] is Entry.OPEN
    assert people.enter("Amina", "999999") == (Entry.WRONG, 0.0)


def test_a_restart_starts_the_wait_anew(tmp_path: Path) -> None:
    people = open_people(tmp_path)
    people.add("Amina", Role.OPERATOR, PIN)
    for _ in range(N_FREE_FAILURES):
        people.enter("Amina", "999999")
    clock = Clock()
    clock.now = -1e9  # after a restart the monotonic clock begins elsewhere
    again = open_people(tmp_path, clock)
    entry, left_s = again.enter("Amina", PIN)
    assert entry is Entry.WAIT
    assert left_s == pytest.approx(wait_s(N_FREE_FAILURES))


def test_a_failure_is_on_the_disk_before_the_pin_is_looked_at(tmp_path: Path) -> None:
    class Unplugged(PasswordHasher):
        def verify(self, *_: object) -> bool:
            raise KeyboardInterrupt

    open_people(tmp_path).add("Amina", Role.OPERATOR, PIN)
    people = People(tmp_path, hasher=Unplugged(), clock=Clock())
    with pytest.raises(KeyboardInterrupt):
        people.enter("Amina", PIN)
    assert json.loads((tmp_path / "people.json").read_text())[0]["n_failures"] == 1


def test_ten_thousand_guesses_take_months(tmp_path: Path) -> None:
    waits = sum(wait_s(n) for n in range(10_000))
    assert waits > 100 * 24 * 3600 - 11 * LONGEST_WAIT_S


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "x"}]', '[{"role": "x"}]'])
def test_a_damaged_list_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    open_people(tmp_path)
    (tmp_path / "people.json").write_text(text)
    with pytest.raises(PeopleError, match="restore it from a"):
        open_people(tmp_path)


def test_a_field_that_must_match_another_says_so_in_words() -> None:
    templates = importlib.resources.files("leukoscope_edge.web") / "templates"
    for page in templates.iterdir():
        for tag in re.findall(r"data-same-as=.*", page.read_text(encoding="utf-8")):
            assert 'data-differs="{{ _(' in tag, page.name


HERE, THERE = "10.42.0.7", "10.42.0.8"


def guess(people: People, n: int, address: str = AT_SCREEN) -> None:
    """Type wrong PINs, without a look at how long to wait."""
    for _ in range(n):
        people.enter("Amina", "999999", address)


def test_nobody_makes_another_wait_longer_than_a_minute_at_the_screen(
    tmp_path: Path,
) -> None:
    clock = Clock()
    people = open_people(tmp_path, clock)
    people.add_first("Amina", PIN)
    for _ in range(40):
        guess(people, 1)
        clock.now += LONGEST_AT_SCREEN_S
    assert people.enter("Amina", PIN)[0] is Entry.OPEN


@pytest.mark.parametrize("n", [N_FREE_FAILURES, 50])
def test_who_guesses_from_the_network_keeps_nobody_from_the_screen(
    tmp_path: Path, n: int
) -> None:
    people = open_people(tmp_path)
    people.add_first("Amina", PIN)
    guess(people, n, THERE)
    assert people.enter("Amina", PIN, THERE)[0] is Entry.WAIT
    assert people.enter("Amina", PIN, HERE)[0] is Entry.OPEN
    assert people.enter("Amina", PIN)[0] is Entry.OPEN


def test_many_addresses_together_wait_and_a_known_one_does_not(tmp_path: Path) -> None:
    people = open_people(tmp_path)
    people.add_first("Amina", PIN)
    assert people.enter("Amina", PIN, HERE)[0] is Entry.OPEN
    for n in range(N_FREE_STRANGERS):
        guess(people, 1, f"10.0.0.{n}")
    assert people.enter("Amina", PIN, "10.0.1.1")[0] is Entry.WAIT
    again = open_people(tmp_path)  # a restart forgives no stranger
    assert again.enter("Amina", PIN, "10.0.1.1")[0] is Entry.WAIT
    assert people.enter("Amina", PIN, HERE)[0] is Entry.OPEN
    assert people.enter("Amina", PIN, "10.0.1.1")[0] is Entry.OPEN


def test_a_disk_that_takes_nothing_lets_the_right_pin_in_and_counts_the_wrong(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "people"
    people = open_people(folder)
    people.add_first("Amina", PIN)
    (folder / ".people.json.part").mkdir()  # so that the list cannot be written
    with pytest.raises(OutputError, match="cannot be written"):
        people.add("Ben", Role.OPERATOR, PIN)
    assert people.enter("Amina", PIN)[0] is Entry.OPEN
    guess(people, N_FREE_FAILURES)
    assert people.enter("Amina", PIN)[0] is Entry.WAIT
    assert open_people(folder).enter("Amina", PIN)[0] is Entry.OPEN
