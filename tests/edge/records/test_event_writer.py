"""Events are written where the slide allows them, once for a key."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.edge.records.bench import VERDICT

from leukoscope_edge.errors import StepError
from leukoscope_edge.records.slides import Kind
from leukoscope_edge.types import Reading, Tally


def test_a_key_is_not_taken_for_another_step(bench: Any) -> None:
    slide = bench.finished()
    bench.store.review.judge_cell(slide, "1", Reading.BLAST, "ann", key="k")
    with pytest.raises(StepError, match="other words"):
        bench.store.review.judge_cell(slide, "1", Reading.NORMAL, "ann", key="k")
    with pytest.raises(StepError, match="another step"):
        bench.store.review.undo(slide, "ann", key="k")


def test_a_key_is_not_taken_for_the_same_word_on_another_slide(bench: Any) -> None:
    first, second = bench.finished(), bench.finished()
    bench.store.review.judge_cell(first, "1", Reading.BLAST, "ann", key="k")
    with pytest.raises(StepError, match="another step"):
        bench.store.review.judge_cell(second, "1", Reading.BLAST, "ann", key="k")


@pytest.mark.parametrize(
    ("made", "step", "message"),
    [
        ("counted", "sign", "cannot sign while it is paused"),
        ("counted", "amend", "cannot amend while it is paused"),
        ("finished", "finish", "cannot finish while it is review"),
        ("finished", "undo", "nothing to take back"),
        ("signed", "undo", "cannot undo while it is signed"),
        ("signed", "judge", "cannot judge while it is signed"),
        ("signed", "resume", "cannot resume while it is signed"),
        ("finished", "judge-none", "there is no cell 99"),
    ],
)
def test_a_step_out_of_turn_is_refused_and_writes_nothing(
    bench: Any, made: str, step: str, message: str
) -> None:
    slide, store = getattr(bench, made)(), bench.store
    steps: dict[str, Callable[[], object]] = {
        "sign": lambda: store.review.sign(slide, lambda _: VERDICT, "ann", key="x"),
        "amend": lambda: store.review.amend(slide, "", "ann"),
        "finish": lambda: store.count.finish_count(
            slide, VERDICT, "ann", tally=Tally()
        ),
        "undo": lambda: store.review.undo(slide, "ann", key="x"),
        "judge": lambda: store.review.judge_cell(
            slide, "1", Reading.BLAST, "ann", key="x"
        ),
        "judge-none": lambda: store.review.judge_cell(
            slide, "99", Reading.BLAST, "ann", key="x"
        ),
        "resume": lambda: store.count.resume(slide, "ann"),
    }
    head = store.log.head()
    with pytest.raises(StepError, match=message):
        steps[step]()
    assert store.log.head() == head


def test_what_was_taken_back_is_not_remembered(bench: Any) -> None:
    slide, events = bench.finished(), bench.store._events
    with pytest.raises(KeyError), events.writing():
        events.append(Kind.CONSENT, slide, {"consents": True}, "ann", "")
        assert bench.store.reader.slide(slide).consents_to_training
        raise KeyError
    assert not bench.store.reader.slide(slide).consents_to_training
