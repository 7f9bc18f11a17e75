"""The verdict of a slide in the records."""

from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.bench import VERDICT, make_cell, make_set_up
from tests.edge.records.named_kinds import judge

from leukoscope_edge.inference import Card
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal, Verdict, VerdictName
from leukoscope_edge.records.slides import Corrected, left_for, outcome_of
from leukoscope_edge.records.slides.conclusion import (
    RESCALED,
    calls_of,
    context_of,
    overruled_blasts,
    told_of_machine,
    verdict_of,
)
from leukoscope_edge.types import CallName, Reading, Tally


@pytest.mark.parametrize("scale", [None, 0.1, 0.2])
def test_another_objective_after_the_cells_were_judged_spoils_their_calls(
    bench: Any, card: Card, scale: float | None
) -> None:
    """They were cut out at 0.1 µm per pixel."""
    slide = bench.finished()
    facts = Corrected(objective="40x", calibration="x", scale_um_per_px=scale)
    bench.store.review.correct(slide, facts, "it was the other one", "ann")
    context = context_of(bench.store.reader.slide(slide), card)
    assert context.is_scale_known == (scale is not None)
    assert (RESCALED in context.doubts) == (scale != 0.1)
    back = Corrected(objective="100x", calibration="y", scale_um_per_px=0.1)
    bench.store.review.correct(slide, back, "it was not", "ann")
    context = context_of(bench.store.reader.slide(slide), card)
    assert context.is_scale_known
    assert RESCALED not in context.doubts


def test_another_objective_before_the_count_spoils_nothing(
    bench: Any, card: Card
) -> None:
    slide = bench.store.start_slide(make_set_up(), "ann")
    facts = Corrected(objective="40x", calibration="x", scale_um_per_px=0.25)
    bench.store.review.correct(slide, facts, "misread", "ann")
    bench.store.count.add_cells(slide, [make_cell(1)], frames={})
    record = bench.store.reader.slide(slide)
    assert record.origin.scale_um_per_px == 0.25
    assert not record.is_rescaled


def test_a_void_slide_gives_no_verdict(bench: Any, card: Card) -> None:
    slide = bench.reviewed()
    assert verdict_of(bench.store.reader.slide(slide), card).messages
    bench.store.review.void(slide, "torn", "ann")
    verdict = verdict_of(bench.store.reader.slide(slide), card)
    assert isinstance(verdict, Refusal)
    assert verdict.sentence == "No result, because this slide is void."


def test_what_is_out_of_control_now_counts_beside_what_was(
    bench: Any, card: Card
) -> None:
    slide = bench.counted()
    lamp, stain = message("void"), message("test")
    bench.store.count.finish_count(slide, VERDICT, "ann", tally=Tally(), quality=[lamp])
    record = bench.store.reader.slide(slide)
    assert context_of(record, card).quality == (lamp,)
    assert context_of(record, card, quality=[stain, lamp]).quality == (lamp, stain)


def test_a_count_is_over_once_it_was_finished(bench: Any, card: Card) -> None:
    running = bench.store.reader.slide(bench.counted())
    assert not context_of(running, card).is_over
    assert context_of(bench.store.reader.slide(bench.finished()), card).is_over


def test_cells_that_the_device_did_not_count_have_no_call(bench: Any) -> None:
    slide = bench.counted(n=2)
    bench.store.count.add_cells(slide, [make_cell(3)], frames={}, is_counted=False)
    record = bench.store.reader.slide(slide)
    assert len(record.cells) == 3
    assert [c.model for c in calls_of(record)] == [CallName.BLAST, CallName.UNCLEAR]


def test_each_cell_brings_its_kind_a_persons_before_the_models(bench: Any) -> None:
    """So that a marrow that was counted as blood is noticed after review as well."""
    slide = bench.of_kinds()
    record = bench.store.reader.slide(slide)
    kinds = [c.kind for c in calls_of(record)]
    assert kinds[-3:] == ["eosinophil", "erythroblast", "erythroblast"]
    judge(bench, slide, record.cells[-1].id, "monocyte")
    read = calls_of(bench.store.reader.slide(slide))
    assert [c.kind for c in read][-2:] == ["erythroblast", "monocyte"]


def test_a_blast_that_one_of_two_readers_saw_forbids_a_negative(
    bench: Any, card: Card
) -> None:
    slide = bench.finished(n=250, n_readers=2)
    review, reader = bench.store.review, bench.store.reader
    for who in ("ann", "ben"):
        for cell in left_for(reader.slide(slide), who):
            seen = Reading.BLAST if (who, cell.id) == ("ann", "1") else Reading.NORMAL
            review.judge_cell(slide, cell.id, seen, who, key=f"{who}-{cell.id}-key")
    said = verdict_of(reader.slide(slide), card).sentence
    assert said == (
        "No result, because two readers differ on 1 of the cells, which one of them "
        "calls blast-like. A supervisor settles these cells."
    )
    review.settle_cell(slide, "1", Reading.NORMAL, "eve", key="settled-0001")
    verdict = verdict_of(reader.slide(slide), card)
    assert isinstance(verdict, Verdict)
    assert verdict.name is VerdictName.NONE


@pytest.mark.parametrize("name", list(VerdictName))
def test_that_the_machine_found_nothing_is_told_of_no_unsigned_slide(
    name: VerdictName,
) -> None:
    outcome = outcome_of(replace(VERDICT, name=name))
    told = told_of_machine(outcome, None)
    if name is not VerdictName.NONE:
        assert told is outcome
        return
    assert (told.result, told.blast_fraction_95) == ("none-possible", None)
    assert (told.n_cells, told.n_unclear) == (outcome.n_cells, outcome.n_unclear)
    assert told.sentence.startswith("No result, because no person has signed yet.")


def test_a_blast_whose_reader_has_not_the_last_word_is_told(bench: Any) -> None:
    slide, review = bench.finished(), bench.store.review

    def told() -> str:
        found = overruled_blasts(bench.store.reader.slide(slide))
        return found.said() if found else ""

    review.judge_cell(slide, "3", Reading.BLAST, "ann", key="ann-00001")
    review.judge_cell(slide, "4", Reading.BLAST, "eve", key="eve-00001")
    assert told() == ""
    review.judge_cell(slide, "3", Reading.NORMAL, "ben", key="ben-00001")
    review.judge_cell(
        slide, "4", Reading.NORMAL, "eve", key="eve-00002"
    )  # her own word
    assert told() == (
        "1 of the cells were called blast-like by ann; the last word on them is another"
    )
    review.judge_cell(slide, "3", Reading.NORMAL, "ann", key="ann-00002")
    assert told() == ""


def test_a_blast_of_a_supervisor_whom_another_overrules_is_told(bench: Any) -> None:
    slide, review = bench.finished(n_readers=2), bench.store.review
    for who in ("ann", "ben"):
        review.judge_cell(slide, "3", Reading.NORMAL, who, key=f"{who}-00001")
    review.settle_cell(slide, "3", Reading.BLAST, "eve", key="eve-00001")
    assert overruled_blasts(bench.store.reader.slide(slide)) is None
    review.settle_cell(slide, "3", Reading.NORMAL, "sue", key="sue-00001")
    told = overruled_blasts(bench.store.reader.slide(slide))
    assert told is not None
    assert "called blast-like by eve" in told.said()
