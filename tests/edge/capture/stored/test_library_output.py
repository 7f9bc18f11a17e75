"""What C code prints is caught, whole, and what is printed afterwards is not."""

import os

import pytest

from leukoscope_edge.capture.stored.library_output import MAX_BYTES, MORE, caught_output


def test_where_nothing_is_printed_nothing_was_said() -> None:
    with caught_output() as said:
        pass
    assert said.text == ""


@pytest.mark.parametrize("fd", [1, 2])
def test_both_streams_are_caught_below_python(fd: int) -> None:
    with caught_output() as said:
        os.write(fd, b"Corrupt JPEG data\n")
        assert said.text == ""  # known when it is over
    assert said.text == "Corrupt JPEG data"


def test_afterwards_the_streams_are_the_old_ones(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caught_output() as said:
        os.write(2, b"inside")
    os.write(2, b"after")
    assert said.text == "inside"
    assert capfd.readouterr().err == "after"


def test_the_streams_come_back_from_a_failure_too(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="broken"), caught_output() as said:
        os.write(1, b"before it broke")
        raise ValueError("broken")
    os.write(1, b"after")
    assert said.text == "before it broke"
    assert capfd.readouterr().out == "after"


def test_a_flood_is_cut_and_blocks_nobody() -> None:
    with caught_output() as said:
        for _ in range(3):
            try:
                os.write(2, b"x" * MAX_BYTES)
            except BlockingIOError:
                break
    text, more = said.text.splitlines()
    assert 0 < len(text) <= MAX_BYTES
    assert more == MORE  # what does not fit is not forgotten


def test_bytes_that_are_no_text_are_replaced() -> None:
    with caught_output() as said:
        os.write(2, b"caf\xe9")
    assert said.text == "caf\N{REPLACEMENT CHARACTER}"
