"""Who is here, and what a count of wrong PINs comes to."""

import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.edge.web.stand_ins import NAME, PIN, QUICK
from tests.waiting import Clock

from leukoscope_edge.accounts import AT_SCREEN, PeopleError, Role
from leukoscope_edge.accounts.people import Entry, People
from leukoscope_edge.accounts.sign_in_backoff import (
    FIRST_WAIT_S,
    LONGEST_AT_SCREEN_S,
    N_FREE_FAILURES,
    N_FREE_STRANGERS,
    wait_s,
)
from leukoscope_edge.errors import OutputError

OTHER_PIN, WRONG_PIN = "739164", "118273"
OLU, OLUS_PIN, NEW = "Olu", "739105", "860273"


@pytest.fixture
def ann_and_ben(tmp_path: Path) -> People:
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


def test_nobody_is_found_under_a_name_that_is_not_here(ann_and_ben: People) -> None:
    assert ann_and_ben.find("Eve") is None
    assert ann_and_ben.find(" ben ") is not None
    ann_and_ben.remove("Ben")
    assert ann_and_ben.find("Ben") is None
    assert [p.name for p in ann_and_ben.ever] == ["Ann", "Ben"]


def test_a_wrong_pin_says_how_long_to_wait(ann_and_ben: People) -> None:
    assert tried(ann_and_ben, N_FREE_FAILURES - 1) == (Entry.WRONG, 0.0)
    assert tried(ann_and_ben, 1) == (Entry.WRONG, FIRST_WAIT_S)
    assert tried(ann_and_ben, 1) == (Entry.WAIT, FIRST_WAIT_S)
    assert ann_and_ben.enter("Eve", WRONG_PIN) == (Entry.WRONG, 0.0)


@pytest.mark.parametrize("address", ["", "10.0.0.1"])
@pytest.mark.parametrize("how", ["right PIN", "another PIN"])
def test_the_count_begins_anew(ann_and_ben: People, address: str, how: str) -> None:
    tried(ann_and_ben, N_FREE_FAILURES - 1, address)
    before = ann_and_ben.require("Ben")
    assert before.n_failures + before.n_from_network == N_FREE_FAILURES - 1
    if how == "right PIN":
        assert ann_and_ben.enter("Ben", PIN, address) == (Entry.OPEN, 0.0)
    else:
        ann_and_ben.set_pin("Ben", OTHER_PIN)
    after = ann_and_ben.require("Ben")
    assert (after.n_failures, after.n_from_network) == (0, 0)


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
        ("Amina", "٤٨٢٩١", "a PIN needs"),
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


def test_wrong_pins_make_even_the_right_one_wait(tmp_path: Path) -> None:
    clock = Clock()
    people = open_people(tmp_path, clock)
    people.add("Amina", Role.OPERATOR, PIN)
    for _ in range(N_FREE_FAILURES):
        assert people.enter("Amina", "999999")[0] is Entry.WRONG
    assert people.enter("Amina", PIN)[0] is Entry.WAIT
    clock.now_s += wait_s(N_FREE_FAILURES) - 0.1
    assert people.enter("Amina", PIN)[0] is Entry.WAIT
    clock.now_s += 0.2
    assert people.enter("Amina", PIN)[0] is Entry.OPEN
    assert people.enter("Amina", "999999") == (Entry.WRONG, 0.0)


def test_a_restart_starts_the_wait_anew(tmp_path: Path) -> None:
    people = open_people(tmp_path)
    people.add("Amina", Role.OPERATOR, PIN)
    for _ in range(N_FREE_FAILURES):
        people.enter("Amina", "999999")
    clock = Clock()
    clock.now_s = -1e9  # after a restart the monotonic clock begins elsewhere
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


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "x"}]', '[{"role": "x"}]'])
def test_a_damaged_list_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    open_people(tmp_path)
    (tmp_path / "people.json").write_text(text)
    with pytest.raises(PeopleError, match="restore it from a"):
        open_people(tmp_path)


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
        clock.now_s += LONGEST_AT_SCREEN_S
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


@pytest.fixture
def people(tmp_path: Path) -> People:
    made = People(tmp_path, hasher=QUICK)
    made.add_first(NAME, PIN)
    made.add(OLU, Role.OPERATOR, OLUS_PIN)
    return made


def test_who_is_removed_may_not_enter_and_nobody_gets_the_name(people: People) -> None:
    people.remove("olu")
    assert people.enter(OLU, OLUS_PIN) == (Entry.WRONG, 0.0)
    assert [p.name for p in people.everybody] == [NAME]
    assert [p.name for p in people.ever] == [NAME, OLU]
    with pytest.raises(PeopleError, match="was here before"):
        people.add("OLU", Role.OPERATOR, NEW)
    with pytest.raises(PeopleError, match="nobody here is called"):
        people.set_pin(OLU, NEW)


def test_who_is_locked_enters_again_once_unlocked(people: People) -> None:
    people.set_locked(OLU, is_locked=True)
    assert people.enter(OLU, OLUS_PIN)[0] is Entry.WRONG
    people.set_locked(OLU, is_locked=False)
    assert people.enter(OLU, OLUS_PIN)[0] is Entry.OPEN


@pytest.mark.parametrize("do", ["remove", "lock", "role"])
def test_the_last_supervisor_stays(people: People, do: str) -> None:
    with pytest.raises(PeopleError, match="is the last supervisor"):
        if do == "remove":
            people.remove(NAME)
        elif do == "lock":
            people.set_locked(NAME, is_locked=True)
        else:
            people.set_role(NAME, Role.OPERATOR)
    people.set_role(OLU, Role.SUPERVISOR)
    people.remove(NAME)


def test_a_new_name_keeps_the_pin_and_the_old_name_stays_taken(
    people: People, tmp_path: Path
) -> None:
    people.rename(OLU, " Olu  Adeyemi ")
    again = People(tmp_path, hasher=QUICK)
    assert again.enter("olu adeyemi", OLUS_PIN)[0] is Entry.OPEN
    assert again.require("Olu Adeyemi").names == ("Olu Adeyemi", OLU)
    with pytest.raises(PeopleError, match="was here before"):
        again.add(OLU, Role.OPERATOR, NEW)
    with pytest.raises(PeopleError, match="is here already"):
        again.rename("Olu Adeyemi", NAME)
    again.rename("Olu Adeyemi", OLU)  # one's own former name is free for oneself
    assert again.require(OLU).names == (OLU, "Olu Adeyemi")


def test_a_list_in_which_nothing_is_new_is_read_by_older_programs(
    people: People, tmp_path: Path
) -> None:
    text = (tmp_path / "people.json").read_text()
    for new in ("former", "is_locked", "is_removed"):
        assert new not in text


def test_who_types_with_another_keyboard_is_the_same_person(tmp_path: Path) -> None:
    people = open_people(tmp_path)
    people.add_first("\u200eAme\u0301lie\u00a0B", "٤٨٢٩١٧")
    assert [p.name for p in people.everybody] == ["Am\u00e9lie B"]
    for name in ("Am\u00e9lie B", "AME\u0301LIE  B\u200f"):
        for pin in (PIN, "۴۸۲۹۱۷", "\uff14\uff1829 17"):
            assert people.enter(name, pin)[0] is Entry.OPEN
    with pytest.raises(PeopleError, match="here already"):
        people.add("Am\u00e9lie\u200d B", Role.OPERATOR, PIN)


def test_two_whose_names_look_alike_in_an_old_list_both_stay(tmp_path: Path) -> None:
    chief, other = "Anna-Maria", "Anna\u2013Maria"
    for folder, name, pin in (("a", chief, PIN), ("b", other, OTHER_PIN)):
        (tmp_path / folder).mkdir()
        secret = tmp_path / "pepper.key"
        if secret.exists():
            (tmp_path / folder / "pepper.key").write_bytes(secret.read_bytes())
        People(tmp_path / folder, hasher=QUICK).add(name, Role.SUPERVISOR, pin)
        secret.write_bytes((tmp_path / folder / "pepper.key").read_bytes())
    rows = [json.loads((tmp_path / f / "people.json").read_text())[0] for f in "ab"]
    rows[1]["role"] = "operator"
    for order in (rows, rows[::-1]):
        (tmp_path / "people.json").write_text(json.dumps(order))
        people = People(tmp_path, hasher=QUICK)
        assert people.enter(other, WRONG_PIN) == (Entry.WRONG, 0.0)
        assert people.set_locked(other, is_locked=True).role is Role.OPERATOR
        people.set_locked(other, is_locked=False)
        again = People(tmp_path, hasher=QUICK)
        assert {p.name for p in again.everybody} == {chief, other}
        assert again.require(chief).role is Role.SUPERVISOR
        assert again.enter(chief, PIN) == again.enter(other, OTHER_PIN)
        assert again.enter(other, OTHER_PIN)[0] is Entry.OPEN
        with pytest.raises(PeopleError, match="is here already"):
            again.add("ANNA\u2014MARIA", Role.OPERATOR, PIN)
        assert again.rename(other, "Eve").former == (other,)
        assert {p.name for p in again.everybody} == {chief, "Eve"}


def test_a_new_name_that_the_disk_does_not_take_loses_nobody(
    ann_and_ben: People, tmp_path: Path
) -> None:
    (tmp_path / ".people.json.part").mkdir()  # so that the list cannot be written
    with pytest.raises(OutputError, match="cannot be written"):
        ann_and_ben.rename("Ben", "Eve")
    assert [p.name for p in ann_and_ben.everybody] == ["Ann", "Ben"]
