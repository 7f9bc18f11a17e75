"""What is kept of a slide, and what follows from it."""

from dataclasses import replace

import pytest
from tests.edge.records.bench import KEPT_CELL, VERDICT, make_set_up

from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Refusal
from leukoscope_edge.records.changes import Reason
from leukoscope_edge.records.slides import CellRecord, SlideState
from leukoscope_edge.records.slides.cell_record import ReviewStep
from leukoscope_edge.records.slides.slide import (
    MIN_OTHERS_REVIEWED,
    Outcome,
    Signature,
    SlideRecord,
    outcome_of,
)
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import CallName, Reading

ORIGIN = make_set_up().origin
EMPTY = SlideRecord(
    id="0001",
    sealed="",
    mode="slide",
    domain="real",
    origin=ORIGIN,
    details={},
    consents_to_training=False,
    started_at="2026-11-30T08:00:00+00:00",
    by="ann",
    facts=SIMULATED_SAMPLE,
)
OUTCOME = Outcome(result="none", sentence="Said.", n_cells=1, n_blast=0, n_unclear=0)
SIGNATURE = Signature(version=1, outcome=OUTCOME, by="ann", at="", seq=9, head="")
WHY = Reason(sealed="", by="ann", at="", names_nobody=True)


def cell(id_: str, call: CallName, *, is_counted: bool = True) -> CellRecord:
    return replace(KEPT_CELL, id=id_, call=call, is_counted=is_counted)


def slide(*cells: CellRecord, n_readers: int = 1) -> SlideRecord:
    by_id = {c.id: c for c in cells}
    return replace(EMPTY, machine_cells=by_id, n_readers=n_readers)


def said(record: SlideRecord, *words: tuple[str, str, Reading]) -> SlideRecord:
    """A slide on which people said so: who, of which cell, what."""
    steps = tuple(
        ReviewStep(seq=seq, cell=id_, word=word, by=by)
        for seq, (by, id_, word) in enumerate(words, start=1)
    )
    return replace(record, steps=steps)


def test_a_slide_without_a_cell_has_nothing_to_do() -> None:
    assert EMPTY.cells == EMPTY.counted == EMPTY.to_review == EMPTY.disputed == ()
    assert (EMPTY.n_others_left, EMPTY.version, EMPTY.readers) == (0, 1, ())
    assert EMPTY.last_step("ann") is None
    assert not EMPTY.is_rescaled


@pytest.mark.parametrize(
    ("scales", "is_rescaled"),
    [((), False), ((0.1, 0.1), False), ((0.1, 0.2), True), ((None,), True)],
)
def test_cells_of_another_scale_than_the_slides_are_known(
    scales: tuple[float | None, ...], *, is_rescaled: bool
) -> None:
    assert replace(EMPTY, scales_um_per_px=scales).is_rescaled is is_rescaled


def test_dirt_and_cut_off_cells_do_not_count() -> None:
    record = slide(
        cell("1", CallName.NORMAL),
        cell("2", CallName.BLAST),
        cell("3", CallName.NORMAL, is_counted=False),
    )
    assert [c.id for c in record.counted] == ["1", "2"]
    record = said(record, ("ann", "2", Reading.NOT_A_CELL))
    assert [c.id for c in record.counted] == ["1"]


@pytest.mark.parametrize("n_others", [3, MIN_OTHERS_REVIEWED, MIN_OTHERS_REVIEWED + 5])
def test_some_that_nobody_suspects_are_judged_too(n_others: int) -> None:
    record = slide(*(cell(str(n), CallName.NORMAL) for n in range(n_others)))
    assert record.n_others_left == min(n_others, MIN_OTHERS_REVIEWED)
    assert said(record, ("ann", "0", Reading.NORMAL)).n_others_left == (
        min(n_others, MIN_OTHERS_REVIEWED) - 1
    )


def test_a_suspect_is_to_be_judged_by_every_reader() -> None:
    cells = cell("1", CallName.BLAST), cell("2", CallName.NORMAL)
    one, two = slide(*cells), slide(*cells, n_readers=2)
    word = ("ann", "1", Reading.NORMAL)
    assert [c.id for c in one.to_review] == [c.id for c in two.to_review] == ["1"]
    assert said(one, word).to_review == ()
    assert [c.id for c in said(two, word).to_review] == ["1"]
    assert said(two, word, ("eve", "1", Reading.BLAST)).to_review == ()


def test_readers_who_differ_leave_a_dispute() -> None:
    record = slide(cell("1", CallName.BLAST), n_readers=2)
    differ = said(record, ("ann", "1", Reading.NORMAL), ("eve", "1", Reading.BLAST))
    assert [c.id for c in differ.disputed] == ["1"]
    assert differ.readers == ("ann", "eve")
    alike = said(record, ("ann", "1", Reading.BLAST), ("eve", "1", Reading.BLAST))
    assert alike.disputed == ()


def test_two_readers_see_and_take_back_their_own_words_alone() -> None:
    cells = cell("1", CallName.BLAST), cell("2", CallName.NORMAL)
    words = ("ann", "1", Reading.NORMAL), ("eve", "2", Reading.BLAST)
    two = said(slide(*cells, n_readers=2), *words)
    step = two.last_step("ann")
    assert step is not None
    assert (step.by, step.cell) == ("ann", "1")
    assert two.seen_by("ann") == {"1": 1}
    one = said(slide(*cells), *words)
    assert one.last_step("ann") == one.steps[-1]
    assert one.seen_by("ann") == {"1": 1, "2": 2}


def test_whose_word_is_in_a_step_is_known() -> None:
    words = ("ann", "1", Reading.NORMAL), ("eve", "2", Reading.BLAST)
    record = said(slide(cell("1", CallName.BLAST), cell("2", CallName.NORMAL)), *words)
    anns, eves = record.steps
    assert (record.others_in(anns, "ann"), record.others_in(eves, "ann")) == (
        (),
        ("eve",),
    )
    adding = replace(anns, cell="2", adds=cell("2", CallName.NORMAL))
    assert record.others_in(adding, "ann") == ("eve",)
    noted = replace(record, steps=(), notes_on_cells=(("2", "ben", "sealed"),))
    assert noted.others_in(adding, "ann") == ("ben",)


@pytest.mark.parametrize(
    ("state", "n_signed", "is_void", "version"),
    [
        (SlideState.NEW, 0, False, 1),
        (SlideState.REVIEW, 0, False, 1),
        (SlideState.SIGNED, 1, False, 1),
        (SlideState.AMENDING, 1, False, 2),
        (SlideState.SIGNED, 2, False, 2),
        (SlideState.VOIDED, 0, True, 1),
        (SlideState.VOIDED, 1, True, 1),
    ],
)
def test_a_version_is_the_signed_one_or_the_one_that_is_made(
    state: SlideState, n_signed: int, version: int, *, is_void: bool
) -> None:
    record = replace(
        EMPTY,
        state=state,
        signatures=(SIGNATURE,) * n_signed,
        void=WHY if is_void else None,
    )
    assert record.version == version


def test_a_model_of_older_records_was_for_research() -> None:
    assert ORIGIN.is_research
    assert not replace(ORIGIN, validation="clinical").is_research


def test_a_verdict_is_kept_with_its_interval_and_a_refusal_without() -> None:
    seen = Interval(low=0.1, high=0.4)
    verdict = replace(VERDICT, n_unclear=2, interval=seen, n_read=3)
    kept = outcome_of(verdict)
    assert (kept.result, kept.blast_fraction_95) == ("few", (0.1, 0.4))
    assert (kept.n_cells, kept.n_blast, kept.n_unclear, kept.n_read) == (12, 1, 2, 3)
    refused = outcome_of(Refusal(reason=message("test"), n_cells=7))
    assert (refused.result, refused.blast_fraction_95) == ("none-possible", None)
    assert refused.n_cells == 7


def test_an_older_outcome_is_said_by_its_sentence() -> None:
    assert OUTCOME.said(str.upper) == "SAID."
    told = replace(OUTCOME, messages=(message("test"),))
    assert told.said(str) == "it is a test"
