"""Which PINs are taken, and which are guessed first."""

import pytest

from leukoscope_edge.accounts.pins import PeopleError, check_pin, is_guessed_first


@pytest.mark.parametrize(
    "pin",
    [
        "000000",
        "012345",
        "987654",
        "890123",
        "135791",
        "121212",
        "112233",
        "123123",
        "111222",
        "147258",
        "123321",
        "1212121",
        "20112011",
        "123412341234",
    ],
)
def test_a_row_a_repeat_and_a_pattern_are_guessed_first(pin: str) -> None:
    assert is_guessed_first(pin)
    with pytest.raises(PeopleError, match="guessed first"):
        check_pin(pin)


@pytest.mark.parametrize("pin", ["482917", "739105", "860273", "102938", "29111974"])
def test_other_pins_are_taken(pin: str) -> None:
    check_pin(pin)
