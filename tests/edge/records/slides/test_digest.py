"""What a signer saw is what is signed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from leukoscope_edge.errors import StepError
from leukoscope_edge.outcome import Verdict
from leukoscope_edge.records.slides.correction import Corrected
from leukoscope_edge.records.slides.digest import CHANGED, digest_of
from leukoscope_edge.records.slides.slide import SlideRecord, outcome_of
from leukoscope_edge.sample import AgeGroup


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
