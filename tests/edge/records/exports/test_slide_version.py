"""One version of a slide, gathered: what it says of itself, and what it shows."""

from typing import Any

from leukoscope_edge.records.exports.slide_version import open_dossier
from leukoscope_edge.types import Word


def test_a_report_during_an_amendment_is_of_the_signed_version(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, "", "ann")
    bench.store.review.judge_cell(slide, "1", Word.NOT_A_CELL, "ann", key="x")
    dossier = open_dossier(bench.store, slide)
    assert dossier.version == 1
    assert dossier.record.cells[0].word is Word.BLAST
