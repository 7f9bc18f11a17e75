"""The code of the first start: eight digits, however they are typed."""

from leukoscope_edge.accounts import SetUpCode
from leukoscope_edge.accounts.sign_in_backoff import wait_s


def test_a_code_is_eight_digits_however_they_are_typed() -> None:
    now = [0.0]
    code = SetUpCode(clock=lambda: now[0])
    digits = code.shown.replace("-", "")
    assert len(digits) == 8
    assert code.shown != SetUpCode().shown  # one in a hundred million
    for typed in (digits, code.shown, f" {digits[:4]} {digits[4:]} "):
        assert code.is_right(typed) == (True, 0.0)
    for typed in ("", "-", digits[:7], digits + "0"):
        is_right, waits_s = code.is_right(typed)
        assert not is_right
        now[0] += waits_s
    assert code.is_right(digits) == (True, 0.0)


def test_each_wrong_guess_waits_longer_and_meanwhile_none_is_right() -> None:
    now = [100.0]
    code = SetUpCode(clock=lambda: now[0])
    waits = []
    for _ in range(8):
        is_right, waits_s = code.is_right("0")
        assert not is_right
        waits.append(waits_s)
        if waits_s:
            now[0] += waits_s - 0.5
            assert code.is_right(code.shown) == (False, 0.5)
            now[0] += 0.5
    assert waits == [wait_s(n) for n in range(1, 9)]
    assert waits[-1] > 0
    assert code.is_right(code.shown) == (True, 0.0)
