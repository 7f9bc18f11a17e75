"""The files that can leave about a slide: what each must say."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.edge.records.bench import REFUSAL, VERDICT
from tests.edge.records.exports.reading import resources, text_of
from tests.edge.records.one_screening import SCREENING

from leukoscope_edge.i18n import ENGLISH
from leukoscope_edge.messages import message
from leukoscope_edge.names import label, typed
from leukoscope_edge.outcome import Refusal, Verdict, VerdictName
from leukoscope_edge.records.events import clean
from leukoscope_edge.records.exports import (
    INTENDED_USE,
    SlideVersion,
    open_version,
    table_text,
)
from leukoscope_edge.records.exports.cells_csv import version_csv_bytes
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.records.exports.html_report import html_bytes, report_bytes
from leukoscope_edge.records.exports.pdf_report import pdf_bytes
from leukoscope_edge.records.exports.result_json import result_object
from leukoscope_edge.records.exports.text_table import cells_csv_bytes
from leukoscope_edge.records.slides import Identity
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.types import Reading

MAKERS: list[Callable[[SlideVersion], str]] = [
    lambda d: text_of(pdf_bytes(d)),
    lambda d: version_csv_bytes(d).decode(),
    lambda d: fhir_bytes(d).decode(),
]


@pytest.mark.parametrize("make", MAKERS)
def test_the_intended_use_stands_on_everything_that_leaves(
    bench: Any, make: Callable[[SlideVersion], str]
) -> None:
    assert INTENDED_USE in make(open_version(bench.store, bench.signed()))


@pytest.mark.parametrize("make", MAKERS)
def test_a_copy_that_names_nobody_names_nobody(
    bench: Any, make: Callable[[SlideVersion], str]
) -> None:
    slide = bench.signed(sample="CANARY-1", name="Canary", comment="of Canary")
    assert (
        "canary" not in make(open_version(bench.store, slide, identified=False)).lower()
    )


NO_BLAST = re.compile(
    r"\b0 of \d+ cells blast"
    r"|blast[a-z -]*(confirmed|cells)?\W*(valueInteger\W*)?\b0(?![\d.])",
    re.IGNORECASE,
)


def no_blasts(
    bench: Any, result: str, verdict: Verdict, refusal: Refusal
) -> SlideVersion:
    """A slide without a blast: with its result signed, refused, or not signed yet."""
    none = replace(
        verdict, name=VerdictName.NONE, messages=(message("test"),), n_blast=0
    )
    slide = bench.finished(refusal if "ref" in result else none, n=4)
    if result in ("signed", "signed refusal"):
        for n in range(1, 5):
            bench.store.review.judge_cell(
                slide, str(n), Reading.NORMAL, "ann", key=f"{n}"
            )
        signed = none if result == "signed" else refusal
        bench.store.review.sign(slide, lambda _: signed, "ann", key="sign")
    return open_version(bench.store, slide)


@pytest.mark.parametrize(
    "make", [*MAKERS, lambda d: html_bytes(d, ENGLISH, ()).decode()]
)
@pytest.mark.parametrize(
    "result", ["signed", "refused", "not signed", "signed refusal"]
)
def test_no_blasts_are_a_number_beside_a_result_alone(
    bench: Any, make: Callable[[SlideVersion], str], result: str
) -> None:
    text = make(no_blasts(bench, result, VERDICT, REFUSAL))
    assert bool(NO_BLAST.search(text)) is (result == "signed")


@pytest.mark.parametrize(
    "make",
    [
        lambda s: report_bytes(s).decode(),
        lambda s: cells_csv_bytes(s).decode(),
        lambda s: json.dumps(result_object(s)).replace("n_blast", "blast"),
        table_text,
    ],
)
@pytest.mark.parametrize("has_result", [True, False])
def test_nor_does_a_screening_tell_none_without_a_result(
    make: Callable[[Screening], str], *, has_result: bool
) -> None:
    none = replace(SCREENING.verdict, n_blast=0)
    verdict = none if has_result else Refusal(reason=message("test"), n_cells=3)
    text = make(replace(SCREENING, verdict=verdict))
    assert bool(NO_BLAST.search(text)) is has_result


@given(text=st.text(max_size=60))
@example(text="\x00\x07\n\t")
@example(text="x" * 400)
@example(text="\ud83e\ude78 \U0001f9ec 血液 ក្រុម \u202e\u200f")
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_can_be_kept_printed_and_exchanged(bench: Any, text: str) -> None:
    slide = bench.signed(n=2, sample=text, name=text, comment=text)
    version = open_version(bench.store, slide)
    assert slide in bench.store.worklist.slides_of(text)
    assert version.comment == clean(text)
    assert version.identity == Identity(
        sample=clean(label(text)), name=clean(typed(text))
    )
    assert INTENDED_USE in text_of(pdf_bytes(version))
    resources(version)
