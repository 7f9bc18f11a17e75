"""Who somebody is at a device, and what they may do there."""

from dataclasses import replace

import pytest

from leukoscope_edge.accounts import PeopleError
from leukoscope_edge.accounts.person import RIGHTS, Person, Right, Role, named_apart

ANN = Person(name="Ann", role=Role.OPERATOR, pin_hash="x")


def test_every_role_has_its_rights_and_a_supervisor_all() -> None:
    assert set(RIGHTS) == set(Role)
    assert RIGHTS[Role.SUPERVISOR] == set(Right)


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.OPERATOR, {Right.SLIDES, Right.QUALITY}),
        (Role.SERVICE, {Right.DEVICE, Right.QUALITY, Right.MODEL}),
    ],
)
def test_who_counts_keeps_no_people_and_service_sees_no_slide(
    role: Role, rights: set[Right]
) -> None:
    assert RIGHTS[role] == rights


@pytest.mark.parametrize(
    ("is_locked", "is_removed", "may_enter"),
    [
        (False, False, True),
        (True, False, False),
        (False, True, False),
        (True, True, False),
    ],
)
def test_who_is_locked_or_removed_may_not_enter(
    *, is_locked: bool, is_removed: bool, may_enter: bool
) -> None:
    person = replace(ANN, is_locked=is_locked, is_removed=is_removed)
    assert person.may_enter is may_enter


def test_the_records_know_somebody_by_every_name_the_newest_first() -> None:
    assert ANN.names == ("Ann",)
    assert replace(ANN, former=("Anna", "A")).names == ("Ann", "Anna", "A")


def test_who_reads_with_another_keeps_her_name_until_the_slide_is_signed() -> None:
    named_apart(ANN, [])
    with pytest.raises(PeopleError, match="Ann reads slide 0007 with another"):
        named_apart(ANN, ["0007", "0009"])
