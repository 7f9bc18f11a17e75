"""The list of slides finds what it should, and says nothing that the events do not."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest
from tests.edge.records.bench import REFUSAL, VERDICT, make_set_up

from leukoscope_edge.outcome import VerdictName
from leukoscope_edge.records import DATABASE_NAME, Store
from leukoscope_edge.records.slides import Corrected, SlideState
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.records.slides.worklist import (
    IS_TOLD,
    NO_RESULT,
    PAGE_SLIDES,
    Show,
    Wanted,
    listed,
)

NOON = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def found(bench: Any, **wanted: Any) -> list[str]:
    return [r.id for r in bench.store.worklist.find(Wanted(**wanted)).slides]


def in_database(bench: Any, script: str) -> None:
    """Change the database behind the device's back, and open it again."""
    bench.store.close()
    connection = sqlite3.connect(bench.folder / DATABASE_NAME)
    connection.executescript(script)
    connection.close()
    bench.reopen()


def look_at_all(bench: Any, slide: str) -> str:
    for cell in first_pass(bench.store.reader.slide(slide)):
        bench.store.review.judge_cell(
            slide, cell.id, cell.final, "ann", key=f"look-{slide}-{cell.id}"
        )
    return slide


def test_a_new_device_lists_nothing(bench: Any) -> None:
    listed = bench.store.worklist.find(Wanted())
    assert (listed.slides, listed.n_found, listed.n_pages) == ((), 0, 1)
    assert bench.store.worklist.slides_of("S-1") == []


def test_each_filter_shows_its_slides(bench: Any) -> None:
    counting = bench.counted()
    unread = bench.finished()
    refused = look_at_all(bench, bench.finished(REFUSAL))
    voided = bench.finished(REFUSAL)
    bench.store.review.void(voided, "torn", "ann", key="void-0001")
    signed = bench.signed()
    assert VERDICT.name in (VerdictName.BLASTS, VerdictName.FEW)
    table = {
        Show.ALL: [signed, voided, refused, unread, counting],
        Show.TO_REVIEW: [refused, unread],
        Show.UNSIGNED: [refused, unread, counting],
        Show.REFUSED: [],
        Show.SUSPECTS: [signed],
        Show.VOIDED: [voided],
    }
    assert {show: found(bench, show=show) for show in table} == table


def test_a_suspicion_finds_a_slide_only_once_people_have_looked(bench: Any) -> None:
    slide, read_by_two = bench.finished(VERDICT), bench.finished(VERDICT, n_readers=2)
    assert found(bench, show=Show.SUSPECTS) == []
    assert found(bench, show=Show.SUSPECTS, tells_early=True) == [slide]
    assert read_by_two not in found(bench, show=Show.SUSPECTS, tells_early=True)
    look_at_all(bench, slide)
    assert found(bench, show=Show.SUSPECTS) == [slide]


@pytest.mark.parametrize("early", [False, True])
def test_what_the_model_alone_did_not_find_is_told_by_no_list(
    bench: Any, *, early: bool
) -> None:
    negative = replace(VERDICT, name=VerdictName.NONE)
    slides = [look_at_all(bench, bench.finished(o)) for o in (REFUSAL, negative)]
    listed = bench.store.worklist.find(Wanted(tells_early=early)).slides
    assert {one.id: one.is_told(early=early) for one in listed} == dict.fromkeys(
        slides, False
    )
    for show in (Show.REFUSED, Show.SUSPECTS):
        assert found(bench, show=show, tells_early=early) == []


def test_database_and_page_tell_the_same_verdicts(bench: Any) -> None:
    one = listed(bench.store.reader.slide(bench.counted()))
    database = sqlite3.connect(":memory:")
    names = ("result", "n_versions", "n_readers", "is_looked")
    results = ("", NO_RESULT, *(name.value for name in VerdictName))
    table = product((False, True), results, (0, 1, 2), (0, 1, 2), (False, True))
    for early, *row in table:
        ask = f"SELECT {IS_TOLD} FROM (SELECT {', '.join(f'? AS {n}' for n in names)})"
        [[is_told]] = database.execute(ask, (early, *row))
        slide = replace(one, **dict(zip(names, row, strict=True)))
        assert slide.is_told(early=early) == bool(is_told), (early, row)


def test_a_refusal_is_found_once_somebody_has_signed_it(bench: Any) -> None:
    slide = look_at_all(bench, bench.finished(REFUSAL))
    assert found(bench, show=Show.REFUSED) == []
    bench.store.review.sign(slide, lambda _: REFUSAL, "ann", key="sign-0001")
    assert found(bench, show=Show.REFUSED) == [slide]


def test_mine_are_those_i_started_read_or_signed(bench: Any) -> None:
    signed = bench.signed()
    record = bench.store.reader.slide(signed)
    for name in {record.by, record.signatures[-1].by, *record.readers}:
        assert found(bench, show=Show.MINE, names=(name,)) == [signed]
    assert found(bench, show=Show.MINE, names=("an",)) == []  # a part of a name
    assert found(bench, show=Show.MINE) == []


@pytest.mark.parametrize(
    "typed", ["S-2026 é 41", "s-2026 É 41", "  S-2026é41 ", "Ｓ-2026 e\u0301 41"]
)
def test_a_label_is_found_however_it_is_typed(bench: Any, typed: str) -> None:
    slide = bench.counted(sample="S-2026 é 41")
    bench.counted(sample="S-2026 é 4")
    assert found(bench, sample=typed) == [slide]
    assert bench.store.worklist.slides_of(typed) == [slide]
    assert found(bench, sample="S-2026") == []  # a part of a label is another label


def test_a_corrected_label_is_found_and_the_wrong_one_no_more(bench: Any) -> None:
    slide = bench.finished()
    right = Corrected(sample="S-9")
    bench.store.review.correct(slide, right, "misread", "ann", key="right-0001")
    assert (found(bench, sample="s-9"), found(bench, sample="S-1")) == ([slide], [])


def test_who_is_erased_is_found_by_no_label(bench: Any) -> None:
    slide = bench.signed()
    bench.store.erase(slide, "request", "ann")
    assert found(bench, sample="S-1") == []
    assert found(bench) == [slide]
    assert bench.store.verify_audit() == []
    rows = bench.store.ledger.rows("SELECT sample_tag FROM worklist")
    assert rows == [(None,)]


def test_dates_bound_the_list_from_a_moment_until_before_another(bench: Any) -> None:
    bench.store.close()
    for day in range(3):
        with Store(bench.folder, now=lambda d=day: NOON + timedelta(days=d)) as store:
            store.start_slide(make_set_up(), "ann")
    bench.reopen()
    second, third = (f"{(NOON + timedelta(days=d)).isoformat()}" for d in (1, 2))
    assert found(bench, since=second) == ["0003", "0002"]
    assert found(bench, before=second) == ["0001"]
    assert found(bench, since=second, before=third) == ["0002"]


def test_pages_hold_every_slide_once_and_a_page_too_far_is_the_last(bench: Any) -> None:
    n = PAGE_SLIDES + 2
    slides = [bench.store.start_slide(make_set_up(), "ann") for _ in range(n)]
    pages = [bench.store.worklist.find(Wanted(page=p)) for p in (1, 2, 9)]
    shown = [r.id for page in pages[:2] for r in page.slides]
    assert shown == slides[::-1]
    assert [(p.page, p.n_pages, p.n_found) for p in pages] == [
        (1, 2, n),
        (2, 2, n),
        (2, 2, n),
    ]


def test_a_list_that_is_lost_is_made_anew_from_the_events(bench: Any) -> None:
    signed, counting = bench.signed(), bench.counted(sample="S-2")
    in_database(bench, "DELETE FROM worklist")
    assert found(bench) == []
    assert bench.store.worklist.slides_of("S-2") == [counting]
    assert bench.store.verify_audit() == []  # what is missing misplaces nothing
    bench.store.fill_worklist()
    bench.store.worklist.stop(at_once=False)
    assert bench.store.worklist.is_whole()
    assert found(bench) == [counting, signed]
    assert found(bench, sample="S-2") == [counting]
    assert bench.store.verify_audit() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE worklist SET state = 'signed', n_versions = 1",
        "UPDATE worklist SET shown = replace(shown, '\"few\"', '\"none\"')",
        "UPDATE worklist SET shown = replace(shown, '\"review\"', '\"signed\"')",
        "UPDATE worklist SET seq = 1",
        "UPDATE worklist SET mark = x'00'",
    ],
)
def test_a_row_that_somebody_changed_is_found_by_the_audit_and_shows_no_lie(
    bench: Any, change: str
) -> None:
    slide = bench.finished()
    in_database(bench, change)
    [shown] = bench.store.worklist.find(Wanted()).slides
    assert shown.state is SlideState.REVIEW
    assert shown.result == bench.store.reader.slide(slide).machine.result
    [problem] = bench.store.verify_audit()
    assert problem.what == f"the list of slides misplaces slide {slide}"


def test_a_row_says_no_label_and_no_name_of_a_patient(bench: Any) -> None:
    bench.counted(sample="S-SECRET", name="Ada Patient")
    dump = str(bench.store.ledger.rows("SELECT * FROM worklist"))
    assert "SECRET" not in dump
    assert "Ada" not in dump


def test_slides_that_two_people_read_are_found_until_they_are_signed(
    bench: Any,
) -> None:
    slide = bench.finished(n_readers=2)
    bench.finished()
    assert bench.store.worklist.read_together(("nobody",)) == []
    by = bench.store.reader.slide(slide).by
    assert bench.store.worklist.read_together((by,)) == [slide]
    bench.store.review.void(slide, "torn", by, key="void-0001")
    assert bench.store.worklist.read_together((by,)) == []


def test_a_sample_tells_the_age_and_sex_of_each_of_its_slides(bench: Any) -> None:
    of_three = [bench.finished() for _ in range(3)]
    bench.store.review.correct(
        of_three[1], Corrected(details={"sex": "female"}), "misread", "ann"
    )
    found = bench.store.worklist.listed_of("s\u200e-1 ")
    assert [(one.age, one.sex) for one in found] == [
        ("adult", sex) for sex in ("unknown", "female", "unknown")
    ]
    assert bench.store.worklist.listed_of("S-2") == []


def test_what_is_not_listed_yet_is_folded(bench: Any) -> None:
    listed_, other = bench.finished(), bench.finished()
    in_database(bench, f"DELETE FROM worklist WHERE slide = '{other}'")
    bench.store.worklist.stop(at_once=False)
    in_database(bench, "")
    bench.store.worklist.stop()
    found = [one.id for one in bench.store.worklist.listed_of("S-1")]
    assert sorted(found) == [listed_, other]


@pytest.mark.parametrize("typed", ["S-\u0661", "s-1", "\u200fS\u20111", "S -\uff11"])
def test_a_label_is_found_as_any_keyboard_types_it(bench: Any, typed: str) -> None:
    slide = bench.finished(sample="\u200eS-1")
    assert found(bench, sample=typed) == [slide]
    assert bench.store.worklist.slides_of(typed) == [slide]
    assert bench.store.reader.identity(slide).sample == "S-1"
    assert bench.store.verify_audit() == []
