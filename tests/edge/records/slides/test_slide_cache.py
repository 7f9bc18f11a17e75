"""What is kept in memory of the slides is bounded, however many a device has shown."""

from typing import Any

import pytest
from tests.edge.records.tampering import tamper

from leukoscope_edge.records.slides import SlideRecord
from leukoscope_edge.records.slides.slide_cache import N_SLIDES, SlideCache


@pytest.fixture
def record(bench: Any) -> SlideRecord:
    found: SlideRecord = bench.store.reader.slide(bench.counted())
    return found


def numbered(record: SlideRecord, number: int) -> SlideRecord:
    values = {n: getattr(record, n) for n in SlideRecord.__slots__}
    return SlideRecord(**values | {"id": f"{number:04d}"})


def test_the_one_whose_last_use_is_longest_ago_is_forgotten(
    record: SlideRecord,
) -> None:
    folded = SlideCache(2)
    assert folded.find("0001") is None
    for number in (1, 2, 1, 3):
        folded.keep(numbered(record, number))
    assert len(folded) == 2
    assert folded.find("0002") is None
    assert [folded.find(i) is not None for i in ("0001", "0003")] == [True, True]
    folded.forget()
    assert len(folded) == 0


def test_a_store_remembers_few_slides_and_reads_all(bench: Any) -> None:
    slides = [bench.counted(n=1, sample=f"S-{i}") for i in range(N_SLIDES + 3)]
    assert [r.id for r in bench.store.reader.slides(limit=-1)] == slides[::-1]
    assert len(bench.store.reader._cache) == N_SLIDES
    assert [bench.store.reader.slide(s).id for s in slides] == slides
    assert [r.id for r in bench.store.reader.every_slide(oldest_first=True)] == slides


def test_going_through_every_slide_remembers_none(bench: Any) -> None:
    slides = [bench.counted(n=1, sample=f"S-{i}") for i in range(3)]
    store = bench.reopen()
    assert [r.id for r in store.reader.every_slide()] == slides[::-1]
    assert [r.machine_cells for r in store.reader.every_slide()] == [
        store.reader.slide(s).machine_cells for s in slides[::-1]
    ]
    again = bench.reopen()
    assert len(list(again.reader.every_slide())) == 3
    assert len(again.reader._cache) == 0


def test_a_changed_slide_does_not_hide_the_others(bench: Any) -> None:
    first, second = bench.counted(), bench.counted(sample="B")
    tamper(bench.folder, f"UPDATE event SET by = 'eve' WHERE slide = '{first}'")
    store = bench.reopen()
    assert [r.id for r in store.reader.every_slide()] == [second]
    assert list(store.reader.damaged) == [first]


def test_notes_are_those_of_one_kind(bench: Any) -> None:
    for what, value in (("light", 1), ("lamp", 2), ("light", 3)):
        bench.store.log.note(what, {"what": "lamp", "value": value}, "ann")
    values = [e.body["facts"]["value"] for e in bench.store.log.notes("light")]
    assert values == [1, 3]
    assert bench.store.log.notes("li") == []
    bench.counted()
    assert len(bench.store.log.notes("lamp")) == 1
