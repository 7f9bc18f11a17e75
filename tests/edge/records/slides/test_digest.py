"""What a signer saw is what is signed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.bench import VERDICT

from leukoscope_edge.errors import StepError
from leukoscope_edge.outcome import Verdict
from leukoscope_edge.records.slides import (
    Corrected,
    SlideRecord,
    SlideState,
    outcome_of,
)
from leukoscope_edge.records.slides.digest import CHANGED, digest_of
from leukoscope_edge.sample import AgeGroup
from leukoscope_edge.types import Reading


def test_what_was_not_shown_is_not_signed(bench: Any) -> None:
    slide, store = bench.reviewed(), bench.store
    shown = digest_of(store.reader.slide(slide), outcome_of(VERDICT))

    def sign(conclude: Callable[[SlideRecord], Verdict], key: str) -> Any:
        return store.review.sign(slide, conclude, "ann", shown=shown, key=key)

    with pytest.raises(StepError, match=CHANGED.said()):
        sign(lambda _: replace(VERDICT, n_blast=2), "1")
    store.review.correct(slide, Corrected(age=AgeGroup.CHILD), "misread", "eve")
    with pytest.raises(StepError, match=CHANGED.said()):
        sign(lambda _: VERDICT, "2")
    assert store.reader.slide(slide).signatures == ()
    shown = digest_of(store.reader.slide(slide), outcome_of(VERDICT))
    assert sign(lambda _: VERDICT, "3").version == 1


def test_the_same_slide_has_the_same_digest(bench: Any) -> None:
    slide, outcome = bench.reviewed(), outcome_of(VERDICT)
    before = digest_of(bench.store.reader.slide(slide), outcome)
    assert len(bytes.fromhex(before)) == 32
    assert digest_of(bench.reopen().reader.slide(slide), outcome) == before


@pytest.mark.parametrize(
    "change",
    [
        {"sealed": "another"},
        {"details": {"objective": "40x"}},
        {"details": {"sex": "female"}},
        {"state": SlideState.AMENDING, "signatures": (1,)},
    ],
    ids=["whose it is", "the objective", "the sex", "the version"],
)
def test_whatever_stands_beside_the_result_is_in_it(
    bench: Any, change: dict[str, Any]
) -> None:
    record, outcome = bench.store.reader.slide(bench.reviewed()), outcome_of(VERDICT)
    assert digest_of(replace(record, **change), outcome) != digest_of(record, outcome)


def test_another_kind_of_a_cell_is_another_result(bench: Any) -> None:
    slide, outcome = bench.reviewed(), outcome_of(VERDICT)
    before = digest_of(bench.store.reader.slide(slide), outcome)
    bench.store.review.judge_cell(
        slide, "4", Reading.NORMAL, "ann", key="kind", kind="monocyte"
    )
    assert digest_of(bench.store.reader.slide(slide), outcome) != before
