"""The files that can leave about a slide: what each must say."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.edge.records.exports.reading import resources, text_of

from leukoscope_edge.records.exports import INTENDED_USE, SlideVersion, open_version
from leukoscope_edge.records.exports.cells_csv import version_csv_bytes
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.records.exports.pdf_report import pdf_bytes

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
    assert version.comment == version.identity.sample if text else True
    assert INTENDED_USE in text_of(pdf_bytes(version))
    resources(version)
