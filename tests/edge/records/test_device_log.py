"""The device's own events: kept, and read from either end."""

from typing import Any

import pytest

from leukoscope_edge.records.events import NO_HEAD


def test_notes_are_read_from_either_end(bench: Any) -> None:
    for number in range(5):
        for what in ("light", "other"):
            bench.store.log.note(what, {"n": number}, "ann")

    def numbers(*what: str, **which: int) -> list[int]:
        return [e.body["facts"]["n"] for e in bench.store.log.notes(*what, **which)]

    assert numbers("light") == [0, 1, 2, 3, 4]
    assert numbers("light", newest=2) == [3, 4]
    assert numbers("light", oldest=2) == [0, 1]
    (_, second, *_) = bench.store.log.notes("light")
    assert numbers("light", after=second.seq, oldest=2) == [2, 3]
    assert numbers("light", after=second.seq, newest=9) == [2, 3, 4]
    assert numbers(newest=3) == [3, 4, 4]
    assert numbers("nothing") == []


def test_a_new_device_has_no_note_and_no_end(bench: Any) -> None:
    assert bench.store.log.notes() == []
    assert bench.store.log.head() == NO_HEAD


def test_a_note_says_who_and_when_and_is_of_no_slide(bench: Any) -> None:
    bench.store.log.note("light", {"n": 1}, "ann")
    [note] = bench.reopen().log.notes("light")
    assert (note.by, note.slide, note.kind) == ("ann", "", "note")
    assert note.body == {"what": "light", "facts": {"n": 1}}
    assert note.at


@pytest.mark.parametrize(("before", "numbers"), [(1, []), (3, [0, 1]), (99, [0, 1, 2])])
def test_notes_before_another_are_found(
    bench: Any, before: int, numbers: list[int]
) -> None:
    for number in range(3):
        bench.store.log.note("light", {"n": number}, "ann")
    notes = bench.store.log.notes("light", before=before)
    assert [e.body["facts"]["n"] for e in notes] == numbers


def test_what_left_the_device_is_kept_with_its_hash(bench: Any) -> None:
    slide = bench.finished()
    bench.store.log.note_export(slide, "a.pdf", "ab" * 32, "eve")
    event = bench.store.reader.events(slide)[-1]
    assert (event.kind, event.by) == ("export", "eve")
    assert event.body == {"what": "a.pdf", "sha256": "ab" * 32}


def test_a_code_finds_its_event_and_another_none(bench: Any) -> None:
    bench.store.log.note("light", {}, "ann")
    head = bench.store.log.head()
    bench.store.log.note("light", {}, "ann")
    assert bench.store.log.event_of_code(head.code) == head.seq == 1
    assert bench.store.log.event_of_code("0000-0000-0000") is None
