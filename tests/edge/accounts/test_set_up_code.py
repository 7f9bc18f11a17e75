"""The code of the first start: eight digits, however they are typed."""

from leukoscope_edge.accounts import SetUpCode


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
