"""Records of formats 1 and 2 open, say what they said, and are not concluded anew.

Their events know neither sample type nor age nor messages nor who read what.
"""

import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.bench import KEPT_CELL, VERDICT
from tests.simulated import simulated_bundle

from leukoscope_edge.errors import StepError
from leukoscope_edge.inference import Card
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records import DATABASE_NAME
from leukoscope_edge.records.exports import list_facts, open_version
from leukoscope_edge.records.exports.report_words import said_verdict
from leukoscope_edge.records.slides import (
    Corrected,
    Identity,
    Kind,
    SlideState,
    verdict_of,
)
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.records.slides.slide_fold import fold
from leukoscope_edge.records.slides.slide_objects import cell_object
from leukoscope_edge.sample import AgeGroup, SampleType
from leukoscope_edge.types import Reading

ORIGIN = {
    "bundle": "cnmc-1",
    "bundle_sha256": "ab" * 32,
    "engine": "onnxruntime 1.22",
    "software": "leukoscope 0.1",
    "calibration": "0.10000",
    "camera": "v4l2:/dev/video0",
    "scale_um_per_px": 0.1,
    "view_um": 20.0,
    "limits": ["Of no medical use."],
}
MACHINE = {
    "result": "none-possible",
    "sentence": "No result, because 9 of 12 cells are unclear. Have a person look.",
    "n_cells": 3,
    "n_blast": 0,
    "n_unclear": 9,
    "blast_fraction_95": None,
}
SIGNED = {
    "result": "few",
    "sentence": "Few blast-like cells seen: a person confirmed 1 in a child. Senior "
    "review today.",
    "n_cells": 12,
    "n_blast": 1,
    "n_unclear": 0,
    "blast_fraction_95": [0.002, 0.385],
}
TO_FORMAT = {
    1: "DROP TABLE worklist; DROP TABLE note; DROP INDEX bound_of_slide; "
    "PRAGMA user_version = 1",
    2: "DROP TABLE worklist; PRAGMA user_version = 2",
    3: "DROP TABLE worklist; PRAGMA user_version = 3",
}


@pytest.fixture(scope="module")
def card() -> Card:
    return simulated_bundle().card


def put(bench: Any, kind: Kind, slide: str, body: dict[str, Any]) -> None:
    with bench.store._events.writing():
        bench.store._events.append(kind, slide, body, "ann", "")


def old_slide(bench: Any, *, is_signed: bool) -> str:
    """A slide by the events of an older program."""
    slide, store = "0001", bench.store
    with store._events.writing() as connection:
        sealed = store._identities.add(connection, slide, Identity(sample="S-1"))
        body = {
            "sealed": sealed,
            "mode": "slide",
            "domain": "real",
            "origin": ORIGIN,
            "details": {"age": "child", "objective": "100x"},
            "consents_to_training": False,
        }
        store._events.append(Kind.START, slide, body, "ann", "")
    put(bench, Kind.FINISH, slide, {"outcome": MACHINE, "frames": {}, "n_smudges": 0})
    if is_signed:
        put(bench, Kind.SIGN, slide, {"outcome": SIGNED, "sealed_comment": ""})
    return slide


def as_format(bench: Any, format_: int) -> Any:
    """Open the records once they look as a program of that format left them."""
    bench.store.close()
    connection = sqlite3.connect(bench.folder / DATABASE_NAME)
    connection.executescript(TO_FORMAT[format_])
    connection.close()
    return bench.reopen()


@pytest.mark.parametrize("format_", [1, 2])
def test_a_signed_slide_says_the_sentence_of_the_day(bench: Any, format_: int) -> None:
    slide = old_slide(bench, is_signed=True)
    store = as_format(bench, format_)
    assert store.recovery is None
    record = store.reader.slide(slide)
    assert record.state is SlideState.SIGNED
    assert record.signatures[-1].outcome.said(str) == SIGNED["sentence"]
    version = open_version(store, slide)
    assert version.sentence == said_verdict(version, str) == SIGNED["sentence"]
    assert store.verify_audit() == []


@pytest.mark.parametrize("format_", [1, 2])
def test_a_machines_refusal_says_the_sentence_of_the_day(
    bench: Any, format_: int
) -> None:
    slide = old_slide(bench, is_signed=False)
    store = as_format(bench, format_)
    record = store.reader.slide(slide)
    assert record.state is SlideState.REVIEW
    assert open_version(store, slide).sentence == MACHINE["sentence"]


def test_what_nobody_said_then_is_not_known_now(bench: Any) -> None:
    slide = old_slide(bench, is_signed=True)
    record = bench.store.reader.slide(slide)
    assert record.facts.sample_type is None
    assert record.facts.age is AgeGroup.CHILD
    assert not record.is_rescaled
    rows = [f.row() for f in list_facts(open_version(bench.store, slide))]
    assert ("Sample type", "not known") in rows
    assert ("Age", "Child") in rows


def test_to_be_signed_now_somebody_says_the_sample_type(bench: Any, card: Card) -> None:
    slide = old_slide(bench, is_signed=False)
    refused = verdict_of(bench.store.reader.slide(slide), card)
    assert isinstance(refused, Refusal)
    assert refused.reason.id == "no-sample-type"
    facts = Corrected(sample_type=SampleType.BLOOD)
    bench.store.review.correct(slide, facts, "it was blood", "ann")
    record = bench.store.reader.slide(slide)
    assert record.facts.age is AgeGroup.CHILD
    refused = verdict_of(record, card)
    assert isinstance(refused, Refusal)
    assert refused.reason.id == "no-cell"


def test_an_older_program_counted_on_while_amending_and_that_is_read(
    bench: Any,
) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, "more cells", "ann")
    events = bench.store.reader.events(slide)
    resumed = replace(
        events[-1], kind=Kind.RESUME.value, body={}, seq=events[-1].seq + 1
    )
    record = fold([*events, resumed])
    assert record.state is SlideState.COUNTING
    assert {c.word for c in record.cells} == {Reading.BLAST, Reading.NORMAL}


ADDED = replace(KEPT_CELL, id="m1", call=None, p_blast=None, crops="", n_crops=0)


def test_in_an_older_program_adding_a_cell_was_a_word_on_it(bench: Any) -> None:
    slide, body = bench.reviewed(), {"cell": cell_object(ADDED), "word": "unclear"}
    put(bench, Kind.MISSED, slide, body)
    record = bench.store.reader.slide(slide)
    added = record.cells[-1]
    assert (added.id, added.word, added.judged_by) == ("m1", Reading.UNCLEAR, "ann")
    assert dict(added.words) == {"ann": Reading.UNCLEAR}
    assert (added.added_by, added.is_suspect) == ("", False)
    assert added not in (*record.to_review, *first_pass(record))
    bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="sign")
    assert bench.store.reader.slide(slide).state is SlideState.SIGNED


def test_a_cell_that_is_added_now_is_judged_before_signing(bench: Any) -> None:
    slide, found = bench.reviewed(), cell_object(ADDED)
    assert "added_by" not in found  # the event itself says who
    put(bench, Kind.MISSED, slide, {"cell": found})
    record = bench.store.reader.slide(slide)
    assert [c.id for c in record.to_review] == ["m1"]
    with pytest.raises(StepError, match="1 cells are still to be judged"):
        bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="too-early")
    bench.store.review.judge_cell(slide, "m1", Reading.BLAST, "ann", key="judge")
    bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="sign")
    assert bench.store.reader.slide(slide).state is SlideState.SIGNED
