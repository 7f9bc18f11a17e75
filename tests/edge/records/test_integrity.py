"""What is known of a database, between those who have it open: the files' own word."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from leukoscope_edge.records import integrity
from leukoscope_edge.records.integrity import (
    LEAVE_WITHIN_S,
    OPEN_FILE,
    POLL_S,
    Integrity,
    IntegrityCheck,
)


class Clock:
    """Moves when somebody sleeps; after so many sleeps another leaves."""

    def __init__(self) -> None:
        self.now_s, self.n_sleeps = 0.0, 0
        self.leaves: tuple[int, IntegrityCheck] | None = None

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, for_s: float) -> None:
        self.n_sleeps += 1
        self.now_s += for_s
        if self.leaves and self.n_sleeps == self.leaves[0]:
            self.leaves[1].leave()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def two(tmp_path: Path, clock: Clock) -> Iterator[tuple[IntegrityCheck, ...]]:
    """Two who open the records of one folder."""
    both = tuple(
        IntegrityCheck(tmp_path, now_s=clock.monotonic, sleep=clock.sleep)
        for _ in range(2)
    )
    yield both
    for one in both:
        one.leave()


Two = tuple[IntegrityCheck, IntegrityCheck]


@pytest.mark.parametrize("word", Integrity)
def test_who_comes_alone_knows_nothing_yet_and_waits_for_nobody(
    two: Two, clock: Clock, word: Integrity
) -> None:
    first, other = two
    first.say(word)
    assert first.enter()
    assert other.found is Integrity.NOTHING
    assert clock.n_sleeps == 0


@pytest.mark.parametrize("word", [Integrity.NOTHING, Integrity.SOUND])
def test_who_comes_second_believes_the_first(
    two: Two, clock: Clock, word: Integrity
) -> None:
    first, second = two
    first.enter()
    first.say(word)
    assert not second.enter()
    assert second.found is word
    assert clock.n_sleeps == 0


def test_who_leaves_a_damaged_database_is_waited_for(two: Two, clock: Clock) -> None:
    first, second = two
    first.enter()
    first.say(Integrity.DAMAGED)
    clock.leaves = (3, first)
    assert second.enter()
    assert second.found is Integrity.NOTHING
    assert clock.n_sleeps == 3


def test_who_never_leaves_it_is_not_waited_for_for_ever(
    two: Two, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "POLL_S", LEAVE_WITHIN_S / 4)  # exact in binary
    first, second = two
    first.enter()
    first.say(Integrity.DAMAGED)
    assert not second.enter()
    assert second.found is Integrity.DAMAGED
    assert clock.n_sleeps == 5  # at the very end once more


@pytest.mark.parametrize(
    ("byte", "found"),
    [
        (b"", Integrity.NOTHING),
        (b"x", Integrity.NOTHING),
        (b"?+", Integrity.NOTHING),
        (b"+?", Integrity.SOUND),
        (b"-", Integrity.DAMAGED),
    ],
)
def test_the_first_byte_of_the_file_is_the_word(
    tmp_path: Path, byte: bytes, found: Integrity
) -> None:
    (tmp_path / OPEN_FILE).write_bytes(byte)
    one = IntegrityCheck(tmp_path)
    assert one.found is found
    one.leave()
    assert one.found is Integrity.NOTHING


def test_what_is_said_is_one_byte_in_its_place(tmp_path: Path) -> None:
    one = IntegrityCheck(tmp_path)
    one.say(Integrity.DAMAGED)
    one.say(Integrity.SOUND)
    one.leave()
    one.leave()
    one.say(Integrity.DAMAGED)  # to nobody
    assert (tmp_path / OPEN_FILE).read_bytes() == b"+"


@pytest.mark.parametrize(
    ("is_sound", "found"), [(True, Integrity.SOUND), (False, Integrity.DAMAGED)]
)
def test_what_is_found_is_said(two: Two, found: Integrity, *, is_sound: bool) -> None:
    looks: list[None] = []

    def look() -> bool:
        looks.append(None)
        return is_sound

    assert two[0].look(look, threading.Event()) is found
    assert two[1].look(look, threading.Event()) is found  # once for all
    assert len(looks) == 1


def never() -> bool:
    pytest.fail("it was looked through")


def test_who_is_told_to_stop_does_not_begin(two: Two) -> None:
    stops = threading.Event()
    stops.set()
    assert two[0].look(never, stops) is Integrity.NOTHING


@pytest.mark.parametrize("word", [Integrity.SOUND, Integrity.DAMAGED])
def test_what_another_just_found_is_not_looked_for_again(
    two: Two, tmp_path: Path, word: Integrity
) -> None:
    _, other = two

    def take(_: int) -> bool:
        other.say(word)
        return True

    first = IntegrityCheck(tmp_path, take=take)
    assert first.look(never, threading.Event()) is word
    first.leave()


def test_who_is_at_it_is_waited_for(two: Two, tmp_path: Path) -> None:
    _, other = two
    first = IntegrityCheck(tmp_path, take=lambda _: False)

    class Waiting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout == POLL_S
            other.say(Integrity.SOUND)
            return False

    assert first.look(never, Waiting()) is Integrity.SOUND
    first.leave()


def test_damage_that_a_reader_met_meanwhile_stays(two: Two) -> None:
    first, reader = two

    def look() -> bool:
        reader.say(Integrity.DAMAGED)
        return True

    assert first.look(look, threading.Event()) is Integrity.DAMAGED
