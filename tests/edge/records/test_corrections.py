"""Void, corrected, amended: what people change of a slide, and what stays."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from leukoscope_edge.errors import RecordError, StepError
from leukoscope_edge.inference.bundle import open_bundle, shipped_bundle_for
from leukoscope_edge.inference.card import Card
from leukoscope_edge.live.recorder import Keeper
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.records.slides.conclusion import RESCALED, context_of, verdict_of
from leukoscope_edge.records.slides.correction import Corrected
from leukoscope_edge.records.slides.digest import CHANGED, digest_of
from leukoscope_edge.records.slides.slide import SlideRecord, outcome_of
from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.records.store import Store, open_store
from leukoscope_edge.sample import AgeGroup, SampleType
from leukoscope_edge.types import Call, CallName, Cell, Word


@pytest.fixture(scope="module")
def card() -> Card:
    return open_bundle(shipped_bundle_for("simulated")).card


@pytest.mark.parametrize("made", ["counted", "finished", "reviewed"])
def test_a_slide_is_voided_until_it_is_signed(
    bench: Any, card: Card, made: str
) -> None:
    slide = getattr(bench, made)()
    bench.store.review.void(slide, "the wrong slide", "ann", key="v")
    bench.store.review.void(slide, "the wrong slide", "ann", key="v")
    record = bench.reopen().reader.slide(slide)
    assert record.state is SlideState.VOIDED
    assert record.void is not None
    assert record.void.by == "ann"
    assert bench.store.reader.reason(slide, record.void) == "the wrong slide"
    assert [r.id for r in bench.store.reader.slides()] == [
        slide
    ]  # it stays in the list
    assert bench.store.reader.unfinished() == []
    verdict = verdict_of(record, card)
    assert isinstance(verdict, Refusal)
    assert verdict.sentence == "No result, because this slide is void."
    assert bench.store.verify_audit() == []


def test_a_signed_slide_is_voided_only_through_an_amendment(bench: Any) -> None:
    slide = bench.signed()
    with pytest.raises(StepError, match="cannot void while it is signed"):
        bench.store.review.void(slide, "", "ann")
    bench.store.review.amend(slide, "another person's blood", "ann")
    bench.store.review.void(slide, "another person's blood", "eve")
    record = bench.store.reader.slide(slide)
    assert record.state is SlideState.VOIDED
    assert (record.version, len(record.signatures)) == (1, 1)


def test_nothing_more_happens_to_a_void_slide(bench: Any, verdict: Verdict) -> None:
    slide, store = bench.reviewed(), bench.store
    store.review.void(slide, "", "ann")
    for step in (
        lambda: store.review.sign(slide, lambda _: verdict, "ann", key="s"),
        lambda: store.review.judge_cell(slide, "1", Word.NORMAL, "ann", key="j"),
        lambda: store.count.resume(slide, "ann", more=True),
        lambda: store.review.correct(slide, Corrected(age=AgeGroup.CHILD), "", "ann"),
        lambda: store.review.void(slide, "", "ann"),
    ):
        with pytest.raises(StepError, match="while it is voided"):
            step()
    store.erase(slide, "request", "ann")
    store.review.drop_pictures(slide, "ann")
    assert store.reader.slide(slide).is_erased


@pytest.mark.parametrize(
    ("facts", "what", "was", "now"),
    [
        (Corrected(age=AgeGroup.CHILD), "age", "adult", "child"),
        (Corrected(sample_type=SampleType.MARROW), "sample_type", "blood", "marrow"),
        (Corrected(is_leukopenic=True), "leukopenic", "no", "yes"),
        (Corrected(objective="40x"), "objective", "100x", "40x"),
    ],
)
def test_a_fact_is_put_right_and_what_it_was_stays(
    bench: Any, card: Card, facts: Corrected, what: str, was: str, now: str
) -> None:
    slide = bench.finished()
    bench.store.review.correct(slide, facts, "misread", "ann", key="c")
    bench.store.review.correct(slide, facts, "misread", "ann", key="c")
    record = bench.reopen().reader.slide(slide)
    [correction] = record.corrections
    [change] = correction.changes
    assert (change.what, change.was, change.now) == (what, was, now)
    assert bench.store.reader.reason(slide, correction.reason) == "misread"
    assert context_of(record, card).facts == facts.facts(record) == record.facts
    assert record.state is SlideState.REVIEW


def test_the_sample_is_put_right_under_its_seal(bench: Any) -> None:
    slide = bench.finished(name="Ann Other")
    before = bench.store.reader.slide(slide)
    bench.store.review.correct(slide, Corrected(sample="S-2"), "wrong label", "ann")
    record = bench.store.reader.slide(slide)
    [correction] = record.corrections
    assert bench.store.reader.identity(slide).sample == "S-2"
    assert bench.store.reader.identity(slide).name == "Ann Other"
    assert bench.store.reader.identity_of(before).sample == "S-1"
    assert correction.sealed_before == before.sealed
    assert (
        bench.store.worklist.slides_of("S-1"),
        bench.store.worklist.slides_of("S-2"),
    ) == ([], [slide])
    bodies = str([e.body for e in bench.store.reader.events(slide)])
    assert "S-2" not in bodies
    assert "wrong label" not in bodies
    assert bench.store.verify_audit() == []
    bench.store.erase(slide, "request", "ann")
    assert bench.store.reader.identity_of(before) is None
    with pytest.raises(StepError, match="erased"):
        bench.store.review.correct(slide, Corrected(sample="S-3"), "", "ann")


@pytest.mark.parametrize("facts", [Corrected(), Corrected(age=AgeGroup.ADULT)])
def test_a_correction_that_changes_nothing_is_refused(
    bench: Any, facts: Corrected
) -> None:
    slide = bench.finished()
    with pytest.raises(StepError, match="all of this is so already"):
        bench.store.review.correct(slide, facts, "", "ann")


@pytest.mark.parametrize("made", ["counted", "signed"])
def test_nothing_is_put_right_under_the_lens_or_after_signing(
    bench: Any, made: str
) -> None:
    slide = getattr(bench, made)()
    with pytest.raises(StepError, match="cannot correct while it is"):
        bench.store.review.correct(slide, Corrected(age=AgeGroup.CHILD), "", "ann")


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
    bench: Any,
    card: Card,
    make_set_up: Callable[..., Any],
    make_cell: Callable[..., Cell],
) -> None:
    slide = bench.store.start_slide(make_set_up(), "ann")
    facts = Corrected(objective="40x", calibration="x", scale_um_per_px=0.25)
    bench.store.review.correct(slide, facts, "misread", "ann")
    bench.store.count.add_cells(slide, [make_cell(1)], frames={})
    record = bench.store.reader.slide(slide)
    assert record.origin.scale_um_per_px == 0.25
    assert not record.is_rescaled


def test_what_was_not_shown_is_not_signed(bench: Any, verdict: Verdict) -> None:
    slide, store = bench.reviewed(), bench.store
    shown = digest_of(store.reader.slide(slide), outcome_of(verdict))

    def sign(conclude: Callable[[SlideRecord], Verdict], key: str) -> Any:
        return store.review.sign(slide, conclude, "ann", shown=shown, key=key)

    with pytest.raises(StepError, match=CHANGED):
        sign(lambda _: replace(verdict, n_blast=2), "1")
    store.review.correct(slide, Corrected(age=AgeGroup.CHILD), "misread", "eve")
    with pytest.raises(StepError, match=CHANGED):
        sign(lambda _: verdict, "2")
    assert store.reader.slide(slide).signatures == ()
    shown = digest_of(store.reader.slide(slide), outcome_of(verdict))
    assert sign(lambda _: verdict, "3").version == 1


def test_the_verdict_is_concluded_from_the_slide_as_it_is_written(
    bench: Any, verdict: Verdict
) -> None:
    slide, seen = bench.reviewed(), []

    def conclude(record: SlideRecord) -> Verdict:
        seen.append(record.seq)
        return verdict

    head = bench.store.log.head().seq
    signature = bench.store.review.sign(slide, conclude, "ann", key="s")
    assert seen == [head]
    assert signature.seq == head + 1


def test_nobody_judges_between_the_decision_and_the_signature(
    bench: Any, verdict: Verdict
) -> None:
    """Neither a thread of the same page nor another program."""
    slide = bench.reviewed()
    other = open_store(bench.folder)
    said: list[str] = []

    def judge(store: Store) -> None:
        try:
            store.review.judge_cell(slide, "1", Word.NORMAL, "ben", key=f"{id(store)}")
        except RecordError as err:
            said.append(str(err))

    judging = [Thread(target=judge, args=(s,)) for s in (bench.store, other)]

    def conclude(record: SlideRecord) -> Verdict:
        for thread in judging:
            thread.start()
        for thread in judging:
            thread.join(0.3)
            assert thread.is_alive()
        return verdict

    head = bench.store.log.head().seq
    signature = bench.store.review.sign(slide, conclude, "ann", key="s")
    for thread in judging:
        thread.join()
    assert signature.seq == head + 1
    assert len(said) == 2
    assert all("signed" in why for why in said)
    other.close()


def test_a_count_that_is_over_goes_on_only_where_somebody_asks(bench: Any) -> None:
    slide = bench.finished()
    with pytest.raises(StepError, match="cannot resume while it is review"):
        bench.store.count.resume(slide, "ann")
    bench.store.count.resume(slide, "ann", more=True)
    assert bench.store.reader.slide(slide).state is SlideState.COUNTING
    signed = bench.signed()
    with pytest.raises(StepError, match="cannot count more while it is signed"):
        bench.store.count.resume(signed, "ann", more=True)
    bench.store.review.amend(signed, "", "ann")
    with pytest.raises(StepError, match="cannot count more while it is amending"):
        bench.store.count.resume(signed, "ann", more=True)


def test_why_a_version_was_amended_is_kept_with_who_and_when(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, "cell 2 was read wrongly", "eve")
    record = bench.store.reader.slide(slide)
    [why] = record.amendments
    assert (why.by, why.names_nobody) == ("eve", True)
    assert bench.store.reader.reason(slide, why) == "cell 2 was read wrongly"
    assert record.state is SlideState.AMENDING


def test_what_a_cell_is_unlike_survives_a_resumption(
    bench: Any, card: Card, make_cell: Callable[..., Cell]
) -> None:
    slide, strange = bench.counted(n=1), make_cell(2, CallName.UNCLEAR, 0.5)
    call = Call(name=CallName.UNCLEAR, p_blast=0.5, is_unlike=True)
    bench.store.count.add_cells(slide, [replace(strange, call=call)], frames={})
    cells = Keeper(bench.store, slide, card).go_on("ann")
    assert [c.call.is_unlike for c in cells if c.call] == [False, True]
