"""Whether the database was looked through: one look for all who have it open."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from leukoscope_edge.records.integrity import OPEN_FILE, Integrity, Soundness

Enter = Callable[[], Soundness]


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Enter]:
    """Makes one opening after the other; each leaves at the end."""
    with ExitStack() as stack:

        def made() -> Soundness:
            one = Soundness(tmp_path)
            stack.callback(one.leave)
            return one

        yield made


def test_nothing_is_known_before_anybody_looked(another: Enter) -> None:
    assert another().found is Integrity.NOTHING


def test_the_first_is_alone_and_the_second_is_not(another: Enter) -> None:
    assert another().enter()
    second = another()
    assert not second.enter()
    second.leave()


def test_whoever_comes_alone_knows_nothing_of_an_earlier_look(another: Enter) -> None:
    first = another()
    first.enter()
    first.say(Integrity.SOUND)
    beside = another()
    beside.enter()
    assert beside.found is Integrity.SOUND
    first.leave()
    beside.leave()
    later = another()
    assert later.enter()
    assert later.found is Integrity.NOTHING


@pytest.mark.parametrize(
    ("is_sound", "found"), [(True, Integrity.SOUND), (False, Integrity.DAMAGED)]
)
def test_one_look_is_for_all(
    another: Enter, found: Integrity, *, is_sound: bool
) -> None:
    first, second = another(), another()
    first.enter()
    second.enter()
    looks: list[str] = []

    def look(who: str) -> bool:
        looks.append(who)
        return is_sound

    stops = threading.Event()
    assert first.look(lambda: look("first"), stops) is found
    assert second.look(lambda: look("second"), stops) is found
    assert looks == ["first"]


def test_damage_that_a_reader_meets_during_the_look_stays(another: Enter) -> None:
    looking, reading = another(), another()
    looking.enter()
    reading.enter()

    def look() -> bool:
        reading.say(Integrity.DAMAGED)
        return True

    assert looking.look(look, threading.Event()) is Integrity.DAMAGED


def test_a_look_that_is_to_stop_does_not_begin(another: Enter) -> None:
    one = another()
    one.enter()
    stops = threading.Event()
    stops.set()
    assert one.look(lambda: pytest.fail("it looked"), stops) is Integrity.NOTHING


def test_a_byte_that_means_nothing_is_no_answer(another: Enter, tmp_path: Path) -> None:
    one = another()
    one.enter()
    (tmp_path / OPEN_FILE).write_bytes(b"!")
    assert one.found is Integrity.NOTHING


def test_whoever_left_neither_knows_nor_says_anything(
    another: Enter, tmp_path: Path
) -> None:
    one, other = another(), another()
    one.enter()
    other.enter()
    one.say(Integrity.SOUND)
    one.leave()
    one.leave()
    one.say(Integrity.DAMAGED)
    assert one.found is Integrity.NOTHING
    assert other.found is Integrity.SOUND
