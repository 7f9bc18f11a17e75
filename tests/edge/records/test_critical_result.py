"""A critical result that was told: kept, and on every export."""

from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.bench import VERDICT

from leukoscope_edge.errors import StepError
from leukoscope_edge.i18n import local_time
from leukoscope_edge.records import CriticalCall
from leukoscope_edge.records.exports import list_facts, open_version
from leukoscope_edge.records.exports.cells_csv import version_csv_bytes
from leukoscope_edge.records.exports.facts import facts_object
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.types import Reading

CALL = CriticalCall(
    who="Dr Okoye, ward 4",
    how="telephone",
    told_at="2026-11-29T12:34:00+00:00",
    is_read_back=True,
)
SAID = f"telephone at {local_time(CALL.told_at)}, read back: yes, told by ann"
"""In this place's time: a doctor is not to reckon."""


def test_a_slide_of_which_nobody_was_told_says_nothing_of_it(bench: Any) -> None:
    version = open_version(bench.store, bench.signed())
    assert "told" not in facts_object(version)
    assert version.told_to == ()


def test_a_call_after_the_signature_is_on_every_export(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.tell(slide, CALL, "ann", key="told-0001")
    bench.store.review.tell(
        slide, CALL, "ann", key="told-0001"
    )  # sent twice, kept once
    version = open_version(bench.store, slide)
    assert facts_object(version)["told"] == f"version 1 to {CALL.who} by {SAID}"
    for exported in (version_csv_bytes(version), fhir_bytes(version)):
        assert CALL.who.encode() in exported
    on_paper = [f.row() for f in list_facts(version) if not f.group]
    assert ("Critical result told", f"version 1 to {CALL.who} by {SAID}") in on_paper
    assert bench.store.verify_audit() == []


def test_a_call_is_of_the_version_that_was_told(bench: Any) -> None:
    slide, review = bench.finished(), bench.store.review

    def tell() -> None:
        n = len(bench.store.reader.slide(slide).told)
        review.tell(slide, replace(CALL, is_read_back=n == 0), "ann", key=f"told-{n}")

    tell()
    for cell in bench.store.reader.slide(slide).cells:
        review.judge_cell(slide, cell.id, Reading.NORMAL, "ann", key=f"w-{cell.id}")
    review.sign(slide, lambda _: VERDICT, "ann", key="sign-1")
    tell()
    review.amend(slide, "second look", "ann", key="amend")
    tell()
    review.sign(slide, lambda _: VERDICT, "ann", key="sign-2")
    tell()
    told = bench.store.reader.slide(slide).told
    assert [t.version for t in told] == [1, 1, 2, 2]
    assert [t.is_read_back for t in told] == [True, False, False, False]
    assert {t.told_at for t in told} == {CALL.told_at}


def test_a_copy_without_names_says_the_call_and_not_whom(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.tell(slide, CALL, "ann", key="told-0001")
    version = open_version(bench.store, slide, identified=False)
    assert facts_object(version)["told"] == f"version 1 by {SAID}"
    for exported in (version_csv_bytes(version), fhir_bytes(version)):
        assert b"Okoye" not in exported


def test_who_was_told_is_encrypted_and_goes_with_an_erasure(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.tell(slide, CALL, "ann", key="told-0001")
    assert "Okoye" not in str(bench.store.reader.events(slide))
    bench.store.erase(slide, "request", "ann")
    assert bench.store.reader.told_to(bench.store.reader.slide(slide)) == ("",)
    assert facts_object(open_version(bench.store, slide))["told"].startswith("version")


def test_a_void_slide_still_says_who_was_told(bench: Any) -> None:
    slide = bench.finished()
    bench.store.review.tell(slide, CALL, "ann", key="told-0001")  # before anybody signs
    bench.store.review.void(slide, "another's blood", "ann", key="void-0001")
    assert CALL.who in facts_object(open_version(bench.store, slide))["told"]


def test_nothing_is_told_of_a_slide_that_is_counted_or_void(bench: Any) -> None:
    counting, void = bench.counted(), bench.finished()
    bench.store.review.void(void, "torn", "ann", key="void-0001")
    for slide in (counting, void):
        with pytest.raises(StepError, match="cannot tell while"):
            bench.store.review.tell(slide, CALL, "ann", key=f"told-{slide}")
