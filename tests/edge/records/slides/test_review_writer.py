"""What people write of a slide: words, signature, amendment, void."""

from contextlib import nullcontext
from threading import Thread
from typing import Any

import pytest
from tests.edge.records.bench import MISSED_CELL, VERDICT, make_set_up

from leukoscope_edge.errors import RecordError, StepError
from leukoscope_edge.inference import Card
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.records import Store, open_store
from leukoscope_edge.records.slides import (
    Corrected,
    SlideRecord,
    SlideState,
    verdict_of,
)
from leukoscope_edge.sample import AgeGroup
from leukoscope_edge.types import Reading


def test_the_same_key_acts_once(bench: Any) -> None:
    store = bench.store
    assert store.start_slide(make_set_up(), "ann", key="s") == store.start_slide(
        make_set_up(), "ann", key="s"
    )
    slide = bench.reviewed()
    for _ in range(2):
        missed = store.review.add_missed(slide, MISSED_CELL, "ann", key="m")
        assert missed == "m1"
        store.review.undo(slide, "ann", key="u")
        signature = store.review.sign(slide, lambda _: VERDICT, "ann", key="g")
        assert signature.version == 1
        store.review.amend(slide, "typo", "ann", key="a")
    kinds = [e.kind for e in store.reader.events(slide)]
    assert [kinds.count(k) for k in ("missed", "undo", "sign", "amend")] == [1] * 4


def test_a_missed_cell_that_was_taken_back_does_not_give_its_id_away(
    bench: Any,
) -> None:
    slide = bench.finished()
    for number in (1, 2):
        name = bench.store.review.add_missed(
            slide, MISSED_CELL, "ann", key=f"m{number}"
        )
        assert name == f"m{number}"
        bench.store.review.undo(slide, "ann", key=f"u{number}")
    assert all(not c.id.startswith("m") for c in bench.store.reader.slide(slide).cells)


def test_nobody_takes_another_persons_word_back_without_a_word(bench: Any) -> None:
    """Her blast would be told nowhere: whoever thinks otherwise calls the cell anew."""
    slide, review = bench.finished(), bench.store.review
    review.judge_cell(slide, "3", Reading.BLAST, "ann", key="ann-00001")
    with pytest.raises(StepError, match="the last step is by ann"):
        review.undo(slide, "ben", key="undo-0001")
    assert bench.store.reader.slide(slide).cells[2].word is Reading.BLAST
    review.undo(slide, "ann", key="undo-0002")
    assert bench.store.reader.slide(slide).cells[2].word is None


@pytest.mark.parametrize("said", ["a word", "a note"])
@pytest.mark.parametrize("n_readers", [1, 2])
def test_nobody_takes_a_cell_back_on_which_another_person_spoke(
    bench: Any, n_readers: int, said: str
) -> None:
    slide, review = bench.finished(n_readers=n_readers), bench.store.review
    review.add_missed(slide, MISSED_CELL, "ann", key="ann-00001")
    review.remark(slide, "m1", "of mine", "ann", key="ann-00002")
    if said == "a word":
        review.judge_cell(slide, "m1", Reading.BLAST, "ben", key="ben-00001")
    else:
        review.remark(slide, "m1", "large nucleoli", "ben", key="ben-00001")
    with pytest.raises(StepError, match="the last step is by ben"):
        review.undo(slide, "ann", key="undo-0001")
    assert "m1" in {c.id for c in bench.store.reader.slide(slide).cells}
    if said == "a word":
        assert review.undo(slide, "ben", key="undo-0002") == "m1"  # his own word
        assert review.undo(slide, "ann", key="undo-0003") == "m1"  # her own cell


def test_a_step_taken_back_twice_with_a_key_is_told_again_whoever_spoke_since(
    bench: Any,
) -> None:
    slide, review = bench.finished(), bench.store.review
    review.judge_cell(slide, "3", Reading.BLAST, "ann", key="ann-00001")
    assert review.undo(slide, "ann", key="undo-0001") == "3"
    review.judge_cell(slide, "4", Reading.BLAST, "ben", key="ben-00001")
    assert review.undo(slide, "ann", key="undo-0001") == "3"
    assert bench.store.reader.slide(slide).cells[3].word is Reading.BLAST


def test_a_missed_cell_was_seen_once_and_has_no_crops(bench: Any) -> None:
    slide = bench.finished()
    bench.store.review.add_missed(slide, MISSED_CELL, "ann", key="m1")
    added = bench.store.reader.slide(slide).cells[-1]
    assert (added.id, added.n_sightings, added.n_crops) == ("m1", 1, 0)


@pytest.mark.parametrize(("seen", "is_kept"), [(None, True), (0, True), (1, False)])
def test_a_cell_that_nobody_called_was_seen_without_a_word(
    bench: Any, seen: int | None, *, is_kept: bool
) -> None:
    slide = bench.finished()
    with nullcontext() if is_kept else pytest.raises(StepError, match="just called"):
        bench.store.review.judge_cell(
            slide, "1", Reading.BLAST, "ann", key="j", seen=seen
        )
    assert bench.store.reader.slide(slide).cells[0].word == (
        Reading.BLAST if is_kept else None
    )


def test_nothing_is_signed_while_a_suspect_or_ten_others_are_not_judged(
    bench: Any,
) -> None:
    slide = bench.finished(n=14)
    record = bench.store.reader.slide(slide)
    assert [c.id for c in record.to_review] == ["1", "2"]
    assert record.n_others_left == 10
    with pytest.raises(StepError, match="12 cells are still to be judged"):
        bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="early")
    assert bench.store.reader.slide(slide).signatures == ()


def test_an_amended_slide_keeps_its_signed_version(bench: Any) -> None:
    slide = bench.signed()
    first = bench.store.reader.slide(slide).signatures[0]
    bench.store.review.amend(slide, "second look", "ann")
    bench.store.review.judge_cell(slide, "1", Reading.NORMAL, "ann", key="again")
    newest = bench.store.review.sign(slide, lambda _: VERDICT, "eve", key="v2")
    assert (newest.version, newest.by) == (2, "eve")
    record = bench.store.reader.slide(slide)
    assert [(s.version, s.by) for s in record.signatures] == [(1, "ann"), (2, "eve")]
    assert record.cells[0].word is Reading.NORMAL
    assert bench.store.reader.slide_at(slide, first.seq).cells[0].word is Reading.BLAST


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


@pytest.mark.parametrize("made", ["counted", "reviewed"])
def test_pictures_that_may_not_be_taken_away_are_there_afterwards(
    bench: Any, made: str
) -> None:
    slide, store = getattr(bench, made)(), bench.store
    pictures = sorted((bench.folder / "pictures" / slide).iterdir())
    with pytest.raises(StepError, match="cannot drop"):
        store.review.drop_pictures(slide, "ann")
    assert pictures
    assert sorted((bench.folder / "pictures" / slide).iterdir()) == pictures


def test_a_signed_slide_is_voided_only_through_an_amendment(bench: Any) -> None:
    slide = bench.signed()
    with pytest.raises(StepError, match="cannot void while it is signed"):
        bench.store.review.void(slide, "", "ann")
    bench.store.review.amend(slide, "another person's blood", "ann")
    bench.store.review.void(slide, "another person's blood", "eve")
    record = bench.store.reader.slide(slide)
    assert record.state is SlideState.VOIDED
    assert (record.version, len(record.signatures)) == (1, 1)


def test_nothing_more_happens_to_a_void_slide(bench: Any) -> None:
    slide, store = bench.reviewed(), bench.store
    store.review.void(slide, "", "ann")
    for step in (
        lambda: store.review.sign(slide, lambda _: VERDICT, "ann", key="s"),
        lambda: store.review.judge_cell(slide, "1", Reading.NORMAL, "ann", key="j"),
        lambda: store.count.resume(slide, "ann", more=True),
        lambda: store.review.correct(slide, Corrected(age=AgeGroup.CHILD), "", "ann"),
        lambda: store.review.void(slide, "", "ann"),
    ):
        with pytest.raises(StepError, match="while it is voided"):
            step()
    store.erase(slide, "request", "ann")
    store.review.drop_pictures(slide, "ann")
    assert store.reader.slide(slide).is_erased


def test_the_verdict_is_concluded_from_the_slide_as_it_is_written(bench: Any) -> None:
    slide, seen = bench.reviewed(), []

    def conclude(record: SlideRecord) -> Verdict:
        seen.append(record.seq)
        return VERDICT

    head = bench.store.log.head().seq
    signature = bench.store.review.sign(slide, conclude, "ann", key="s")
    assert seen == [head]
    assert signature.seq == head + 1


def test_nobody_judges_between_the_decision_and_the_signature(bench: Any) -> None:
    """Neither a thread of the same page nor another program."""
    slide = bench.reviewed()
    other = open_store(bench.folder)
    said: list[str] = []

    def judge(store: Store) -> None:
        try:
            store.review.judge_cell(
                slide, "1", Reading.NORMAL, "ben", key=f"{id(store)}"
            )
        except RecordError as err:
            said.append(str(err))

    judging = [Thread(target=judge, args=(s,)) for s in (bench.store, other)]

    def conclude(record: SlideRecord) -> Verdict:
        for thread in judging:
            thread.start()
        for thread in judging:
            thread.join(0.3)
            assert thread.is_alive()
        return VERDICT

    head = bench.store.log.head().seq
    signature = bench.store.review.sign(slide, conclude, "ann", key="s")
    for thread in judging:
        thread.join()
    assert signature.seq == head + 1
    assert len(said) == 2
    assert all("signed" in why for why in said)
    other.close()


def test_why_a_version_was_amended_is_kept_with_who_and_when(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, "cell 2 was read wrongly", "eve")
    record = bench.store.reader.slide(slide)
    [why] = record.amendments
    assert (why.by, why.names_nobody) == ("eve", True)
    assert bench.store.reader.reason(slide, why) == "cell 2 was read wrongly"
    assert record.state is SlideState.AMENDING


def test_a_note_on_a_cell_is_sealed_and_goes_with_the_name(bench: Any) -> None:
    slide = bench.of_kinds()
    bench.store.review.remark(slide, "1", "like Ann's last one", "eve", key="n" * 8)
    bench.store.review.remark(slide, "1", "like Ann's last one", "eve", key="n" * 8)
    cell = bench.store.reader.slide(slide).cells[0]
    assert bench.store.reader.remarks(slide, cell) == [("eve", "like Ann's last one")]
    assert "Ann" not in str(bench.store.reader.events(slide))
    bench.store.erase(slide, "request", "ann")
    assert (
        bench.store.reader.remarks(slide, bench.store.reader.slide(slide).cells[0])
        == []
    )
