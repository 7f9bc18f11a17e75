"""The device's own events: kept, and read from either end."""

from typing import Any


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
