"""One version of a slide, gathered: what it says of itself, and what it shows."""

from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.bench import REFUSAL, VERDICT, make_cell, make_set_up

from leukoscope_edge.errors import StepError
from leukoscope_edge.i18n import languages
from leukoscope_edge.messages import NOT_FOR_CARE, message
from leukoscope_edge.outcome import VerdictName
from leukoscope_edge.records.exports import list_facts
from leukoscope_edge.records.exports.laboratory import LABORATORY_NAME
from leukoscope_edge.records.exports.slide_version import (
    MAX_SHOWN,
    open_version,
    shown_of,
    shown_version,
    slides_beside,
    suspects_of,
)
from leukoscope_edge.records.slides import Corrected, outcome_of
from leukoscope_edge.records.slides.site_ranges import RANGES_NAME
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import CallName, Reading


def test_a_report_during_an_amendment_is_of_the_signed_version(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, "", "ann")
    bench.store.review.judge_cell(slide, "1", Reading.NOT_A_CELL, "ann", key="x")
    version = open_version(bench.store, slide)
    assert version.number == 1
    assert version.record.cells[0].word is Reading.BLAST


def test_a_running_count_is_no_version_yet(bench: Any) -> None:
    with pytest.raises(StepError, match="still being counted: finish it first"):
        open_version(bench.store, bench.counted())


def test_the_machine_alone_is_version_1_and_nobody_has_read_it(bench: Any) -> None:
    version = open_version(bench.store, bench.finished())
    assert (version.number, version.signature, version.comment) == (1, None, "")
    assert version.read == message("read-none")
    assert not version.is_all_read
    assert version.code == bench.store.log.head().code


@pytest.mark.parametrize(
    ("n_read", "read"),
    [
        (0, message("read-none")),
        (3, message("read-some", m=3, n=4)),
        (4, message("read-all", n=4)),
    ],
)
def test_it_says_how_many_of_the_cells_people_have_read(
    bench: Any, n_read: int, read: object
) -> None:
    slide = bench.finished(n=4)
    for number in range(1, n_read + 1):
        bench.store.review.judge_cell(
            slide, str(number), Reading.NORMAL, "ann", key=f"j{number}"
        )
    version = open_version(bench.store, slide)
    assert (version.n_read, version.read) == (n_read, read)
    assert version.is_all_read is (n_read == 4)


def test_a_slide_without_a_cell_is_not_one_that_was_read(bench: Any) -> None:
    version = open_version(bench.store, bench.finished(n=1))
    empty = replace(version, record=replace(version.record, machine_cells={}))
    assert (empty.n_read, empty.is_all_read) == (0, False)


def test_pictures_of_the_most_suspicious_alone_are_read(bench: Any) -> None:
    slide = bench.counted(n=1)
    cells = [make_cell(n, CallName.BLAST, n / 1000) for n in range(2, MAX_SHOWN + 5)]
    bench.store.count.add_cells(slide, cells, frames={})
    bench.store.count.add_cells(
        slide, [make_cell(900, CallName.BLAST, 0.99)], frames={}, is_counted=False
    )
    record = bench.store.reader.slide(slide)
    shown = shown_of(record)
    assert len(suspects_of(record)) == MAX_SHOWN + 4
    chances = [c.p_blast or 0.0 for c in shown]
    assert chances == sorted(chances, reverse=True)
    assert (len(shown), shown[0].id) == (MAX_SHOWN, "1")
    assert shown == suspects_of(record)[:MAX_SHOWN]
    assert "900" not in {c.id for c in suspects_of(record)}


def test_a_cell_that_a_person_calls_blast_comes_before_the_models(bench: Any) -> None:
    slide = bench.finished()
    bench.store.review.judge_cell(slide, "1", Reading.NORMAL, "ann", key="1")
    bench.store.review.judge_cell(slide, "4", Reading.BLAST, "ann", key="4")
    record = bench.store.reader.slide(slide)
    assert [c.id for c in suspects_of(record)] == ["4", "1", "2"]


def test_where_pictures_were_taken_away_none_is_asked_for(bench: Any) -> None:
    slide = bench.signed()
    assert open_version(bench.store, slide).views
    bench.store.review.drop_pictures(slide, "ann")
    assert open_version(bench.store, slide).views == {}


def test_a_research_models_version_says_so_also_unsigned(bench: Any) -> None:
    assert open_version(bench.store, bench.finished()).marks == (NOT_FOR_CARE,)


def test_cells_that_people_called_otherwise_are_changed(bench: Any) -> None:
    assert open_version(bench.store, bench.finished()).changed == ()
    version = open_version(bench.store, bench.signed())
    assert [c.id for c in version.changed] == ["2"]


def test_what_nobody_has_signed_yet_is_shown_without_whose_it_is(bench: Any) -> None:
    slide = bench.signed(name="Ann Other")
    bench.store.review.amend(slide, "", "ann")
    record = bench.store.reader.slide(slide)
    fresh = outcome_of(replace(VERDICT, n_blast=7))
    shown = shown_version(bench.store, record, fresh)
    assert (shown.identity, shown.signature, shown.views) == (None, None, {})
    assert shown.outcome.n_blast == 7


@pytest.mark.parametrize("name", [LABORATORY_NAME, RANGES_NAME])
def test_a_broken_file_of_the_site_keeps_no_result_back(bench: Any, name: str) -> None:
    slide = bench.signed()
    (bench.folder / name).write_text("broken =")
    version = open_version(bench.store, slide)
    assert version.outcome.sentence == "it is a test"
    lines = version.laboratory.lines if version.laboratory else ()
    assert name in " ".join((*lines, version.ranges_trouble))


def test_an_unsigned_negative_of_the_machine_stands_on_no_copy(bench: Any) -> None:
    none = replace(VERDICT, name=VerdictName.NONE, messages=(message("test"),))
    slide = bench.finished(none)
    version = open_version(bench.store, slide)
    assert version.outcome.result == "none-possible"
    assert "no person has signed yet" in version.sentence
    assert "no result" in dict(f.row() for f in list_facts(version))["Machine alone"]


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ("none none", []),
        ("blasts blasts", []),
        ("blasts none", [1]),
        ("blasts none none", [1]),
        ("blasts few none none-possible", [1, 2, 3]),
        ("none few few", []),
        ("none none few", [2]),
        ("none blasts few none none", [2, 3]),
    ],
)
def test_an_amended_version_tells_what_those_before_said(
    bench: Any, results: str, told: list[int]
) -> None:
    store, slide = bench.store, bench.reviewed()
    names = {name.value: name for name in VerdictName}
    for n, result in enumerate(results.split(), start=1):
        said = (message("test"),)
        verdicts = {
            r: replace(VERDICT, name=v, messages=said) for r, v in names.items()
        }
        signed = verdicts.get(result, REFUSAL)
        if n > 1:
            store.review.amend(slide, "anew", "ann")
        store.review.sign(slide, lambda _, v=signed: v, "ann", key=f"version-{n}")
    marks = [m for m in open_version(store, slide).marks if m.id == "amended-said"]
    assert [m.said().split()[1] for m in marks] == list(map(str, told))
    assert {m.said().split(": ", 1)[1] for m in marks} <= {message("test").said()}


def test_a_slide_tells_of_blasts_on_another_of_its_sample(bench: Any) -> None:
    suspect, other = bench.signed(), bench.finished()
    unread, of_another = bench.finished(), bench.finished(sample="S-2")
    store = bench.store

    def beside(slide: str) -> list[str]:
        return slides_beside(store, store.reader.slide(slide), None)[0]

    assert [beside(s) for s in (suspect, other, unread, of_another)] == [
        [],
        [suspect],
        [suspect],
        [],
    ]
    told = message("suspected-beside", slide=suspect)
    assert told in open_version(store, other).marks
    nameless = open_version(store, other, identified=False).marks
    assert message("suspected-elsewhere") in nameless
    assert suspect not in "".join(m.said() for m in nameless)
    store.review.amend(suspect, "torn", "ann")
    store.review.void(suspect, "torn", "ann")
    assert beside(other) == []
    store.erase(other, "request", "ann")
    assert beside(other) == []


def test_a_signed_negative_says_that_another_slide_of_its_sample_is_not_signed(
    bench: Any,
) -> None:
    store, said = bench.store, message("unsigned-beside")
    none = replace(VERDICT, name=VerdictName.NONE)

    def is_said(slide: str) -> list[bool]:
        versions = (open_version(store, slide, identified=i) for i in (True, False))
        return [said in v.marks for v in versions]

    negative, suspect, _ = (
        bench.reviewed(),
        bench.reviewed(),
        bench.reviewed(sample="S-2"),
    )
    for slide, verdict in ((negative, none), (suspect, VERDICT)):
        store.review.sign(slide, lambda _, v=verdict: v, "ann", key=f"sign-{slide}")
    assert is_said(negative) == [False, False]
    unread = store.start_slide(make_set_up(), "ann")
    assert is_said(negative) == [True, True]
    assert is_said(suspect) == [False, False]
    store.review.void(unread, "torn", "ann")
    assert is_said(negative) == [False, False]
    store.review.amend(suspect, "look again", "ann")
    assert is_said(negative) == [True, True]


def test_what_was_put_right_stands_on_every_copy(bench: Any) -> None:
    slide = bench.finished()
    right = Corrected(
        sample_type=SampleType.MARROW, name="Eve", is_leukopenic=True, wbc_10e9_per_l=3
    )
    bench.store.review.correct(slide, right, "misread", "ann")
    version = open_version(bench.store, slide, identified=False)
    found = [f.said(str) for f in list_facts(version) if f.id == "corrected"]
    assert [text.split(";")[0] for text in found] == [
        "Sample type: now marrow, before blood",
        "Few white cells in the blood: now yes, before no",
        "White cell count, typed in: now 3, before not known",
        "Name",
    ]
    [french] = [
        f.said(languages()["fr"]) for f in list_facts(version) if f.id == "corrected"
    ][1:2]
    assert french.startswith("Peu de globules blancs dans le sang : maintenant oui")
    assert all(text.endswith("by ann") for text in found)
    assert "Eve" not in "".join(found)
