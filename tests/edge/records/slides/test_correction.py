"""What is put right of a slide's facts, and what they were."""

from dataclasses import replace
from typing import Any

import pytest

from leukoscope_edge.errors import StepError
from leukoscope_edge.inference import Card
from leukoscope_edge.records.slides import Identity, SlideState, context_of
from leukoscope_edge.records.slides.correction import Corrected, details_of
from leukoscope_edge.sample import AgeGroup, SampleType


@pytest.mark.parametrize(
    ("facts", "what", "was", "now"),
    [
        (Corrected(age=AgeGroup.CHILD), "age", "adult", "child"),
        (Corrected(sample_type=SampleType.MARROW), "sample_type", "blood", "marrow"),
        (Corrected(is_leukopenic=True), "leukopenic", "no", "yes"),
        (Corrected(objective="40x"), "objective", "100x", "40x"),
        (Corrected(wbc_10e9_per_l=42.5), "wbc", "", "42.5"),
        (Corrected(details={"sex": "female"}), "sex", "unknown", "female"),
        (Corrected(details={"stain": "Wright"}), "stain", "other", "Wright"),
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


def as_an_older_program_kept_it(bench: Any, slide: str, identity: Identity) -> None:
    """Seal an identity as typed; those programs knew no one spelling."""

    class AsTyped(Corrected):
        def identity(self, before: Identity | None) -> Identity:
            return identity

    bench.store.review.correct(slide, AsTyped(), "kept as typed", "ann", key="old")


def test_a_label_in_an_older_spelling_stays_where_nobody_puts_it_right(
    bench: Any,
) -> None:
    store, slide = bench.store, bench.finished()
    old = Identity(sample="S\u201312", name="Ame\u0301lie", number="\u0661\u20132")
    as_an_older_program_kept_it(bench, slide, old)
    assert store.reader.identity(slide) == old
    known_as = store.reader.pseudonym(slide)
    form = {"sample": "S-12", "name": "Am\u00e9lie", "number": "1-2"}
    child = Corrected(**form, age=AgeGroup.CHILD)
    store.review.correct(slide, child, "misread", "ann", key="age")
    renamed = Corrected(**form | {"name": "Eve\u200b"})
    store.review.correct(slide, renamed, "misread", "ann", key="name")
    _, *corrections = store.reader.slide(slide).corrections
    assert [[c.what for c in one.changes] for one in corrections] == [["age"], ["name"]]
    assert store.reader.identity(slide) == replace(old, name="Eve")
    assert store.reader.pseudonym(slide) == known_as
    assert store.worklist.slides_of("S-12") == [slide]
    other = Corrected(sample="S\u201313")
    store.review.correct(slide, other, "misread", "ann", key="sample")
    assert store.reader.identity(slide).sample == "S-13"
    assert store.verify_audit() == []


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


def test_what_nobody_puts_right_stays(bench: Any) -> None:
    slide, review = bench.finished(), bench.store.review
    review.correct(slide, Corrected(wbc_10e9_per_l=5.0), "typed", "ann", key="1")
    review.correct(slide, Corrected(is_leukopenic=True), "typed", "ann", key="2")
    facts = bench.store.reader.slide(slide).facts
    assert (facts.wbc_10e9_per_l, facts.is_leukopenic) == (5.0, True)
    assert (facts.sample_type, facts.age) == (SampleType.BLOOD, AgeGroup.ADULT)


def test_only_another_objective_changes_the_scale(bench: Any) -> None:
    record = bench.store.reader.slide(bench.finished())
    scale = {"calibration": "c", "scale_um_per_px": 0.25}
    assert Corrected(calibration="c", scale_um_per_px=0.25).scale(record) == {}
    assert Corrected(objective="100x", **scale).scale(record) == {}  # type: ignore[arg-type]
    assert Corrected(objective="40x", **scale).scale(record) == scale  # type: ignore[arg-type]


def test_name_and_number_are_put_right_under_their_seal(bench: Any) -> None:
    slide = bench.finished(name="Ann Other")
    right = Corrected(name="Eve Other", number="H-7", age=AgeGroup.CHILD)
    bench.store.review.correct(slide, right, "other person", "ann")
    identity = bench.store.reader.identity(slide)
    assert (identity.sample, identity.name, identity.number) == (
        ("S-1", "Eve Other", "H-7")
    )
    [correction] = bench.store.reader.slide(slide).corrections
    assert [c.what for c in correction.changes] == ["age", "name", "number"]
    assert "Eve" not in str([e.body for e in bench.store.reader.events(slide)])
    assert bench.store.verify_audit() == []


def test_a_number_that_nobody_knows_is_taken_away(bench: Any) -> None:
    slide, review = bench.finished(), bench.store.review
    review.correct(slide, Corrected(wbc_10e9_per_l=4.0), "typed", "ann")
    review.correct(slide, Corrected(has_no_wbc=True), "another's", "ann")
    record = bench.reopen().reader.slide(slide)
    assert record.facts.wbc_10e9_per_l is None
    assert [(c.was, c.now) for c in record.corrections[-1].changes] == [("4", "")]
    with pytest.raises(StepError, match="so already"):
        bench.store.review.correct(slide, Corrected(has_no_wbc=True), "", "ann")


def test_what_is_as_nobody_said_is_no_change(bench: Any) -> None:
    slide = bench.finished()
    same = Corrected(details=details_of(bench.store.reader.slide(slide)), name="")
    with pytest.raises(StepError, match="so already"):
        bench.store.review.correct(slide, same, "", "ann")
