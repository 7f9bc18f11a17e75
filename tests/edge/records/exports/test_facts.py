"""A fact of a slide is written once, and stands in every export."""

import csv
import html
import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pypdf
import pytest
from tests.edge.records.bench import VERDICT, make_cell

from leukoscope_edge.i18n import ENGLISH, local_time
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records.exports import (
    FORMATS,
    SlideVersion,
    file_of,
    open_version,
    suspects,
)
from leukoscope_edge.records.exports.facts import (
    Fact,
    _numbers,
    facts_object,
    list_facts,
    origins,
)
from leukoscope_edge.records.exports.html_report import html_bytes
from leukoscope_edge.records.exports.laboratory import LABORATORY_NAME
from leukoscope_edge.records.slides import Identity, outcome_of
from leukoscope_edge.types import CallName, Tally


def plain_spaces(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def pdf_text(version: SlideVersion) -> str:
    pages = pypdf.PdfReader(io.BytesIO(file_of(version, "pdf"))).pages
    return plain_spaces(" ".join(p.extract_text() for p in pages))


def csv_text(version: SlideVersion) -> str:
    return file_of(version, "csv").decode()


def fhir_text(version: SlideVersion) -> str:
    bundle = json.loads(file_of(version, "fhir.json"))
    return json.dumps(bundle, ensure_ascii=False)


def html_text(version: SlideVersion) -> str:
    page = html_bytes(version, ENGLISH, suspects(version, ENGLISH)).decode()
    return plain_spaces(html.unescape(page))


def json_text(version: SlideVersion) -> str:
    return json.dumps(facts_object(version), ensure_ascii=False)


EXPORTS: dict[str, Callable[[SlideVersion], str]] = {
    "pdf": pdf_text,
    "csv": csv_text,
    "fhir": fhir_text,
    "html": html_text,
    "json": json_text,
}

LEFT_OUT = {("csv", "name"), ("csv", "number")}
"""A table of cells says whose they are by the sample alone."""


def bare(text: str) -> str:
    """A text as every export has it: breaks and marks of the format apart."""
    return "".join(c for c in text if c.isalnum())


FOR_PEOPLE = ("pdf", "html")


def said_in(export: str, fact: Fact) -> str:
    """What an export says of a fact: to programs where they read more."""
    is_exact = fact.exact and export not in FOR_PEOPLE
    return fact.exact if is_exact else fact.said(str)


@pytest.fixture
def version(bench: Any) -> SlideVersion:
    slide = bench.reviewed(name="Ann Other")
    bench.store.review.remark(slide, "2", "vacuoles", "ann", key="n" * 8)
    bench.store.review.sign(
        slide, lambda _: VERDICT, "ann", comment="send on", key="s" * 8
    )
    found = open_version(bench.store, slide)
    record = replace(found.record, notes=("counting stopped at 3 cells and went on",))
    return replace(found, record=record)


def test_a_slide_of_which_nothing_is_known_has_facts_all_the_same(bench: Any) -> None:
    version = open_version(bench.store, bench.finished(), identified=False)
    ids = {f.id for f in list_facts(version)}
    assert {"sample", "sample_type", "age", "machine", "smudge_cells"} <= ids


@pytest.mark.parametrize(
    ("n_blast", "said"),
    [
        (0, "no result (40 cells counted, 2 unclear)"),  # not "0 of 40": no negative
        (1, "no result (1 of 40 cells blast-like, 2 unclear)"),
    ],
)
def test_where_nothing_was_concluded_no_figure_reads_as_a_negative(
    n_blast: int, said: str
) -> None:
    outcome = outcome_of(Refusal(reason=message("test")))
    found = replace(outcome, n_cells=40, n_blast=n_blast, n_unclear=2)
    assert _numbers(found)(str) == said


@pytest.mark.parametrize("export", EXPORTS)
def test_every_fact_stands_in_every_export(version: SlideVersion, export: str) -> None:
    text = bare(EXPORTS[export](version))
    asked = [f for f in (*list_facts(version), *origins(version)) if bare(f.said(str))]
    lost = [f.id for f in asked if bare(said_in(export, f)) not in text]
    lost = [i for i in lost if (export, i) not in LEFT_OUT]
    assert {"name", "comment", "note_on_cell"} <= {f.id for f in asked}
    assert not lost


@pytest.mark.parametrize("export", EXPORTS)
def test_a_fact_that_names_somebody_stands_on_no_copy_without_names(
    bench: Any, export: str
) -> None:
    slide = bench.signed(comment="Ann is ill", name="Ann Other", sample="S-123")
    bench.store.review.amend(slide, "", "ann")
    bench.store.review.remark(slide, "2", "as her sister", "ann", key="n" * 8)
    bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="s" * 8)
    copy = open_version(bench.store, slide, identified=False)
    text = EXPORTS[export](copy)
    assert not any(f.names_somebody for f in list_facts(copy))
    assert not any(
        name in text for name in ("Ann is ill", "Ann Other", "S-123", "her sister")
    )


@pytest.mark.parametrize("export", EXPORTS)
def test_words_of_programs_stand_only_where_programs_read(
    version: SlideVersion, export: str
) -> None:
    origin = replace(
        version.record.origin, engine="onnxruntime-cpu 1.22", fallback="no GPU"
    )
    text = EXPORTS[export](
        replace(version, record=replace(version.record, origin=origin))
    )
    words = ("onnxruntime-cpu 1.22", "sha256", origin.bundle_sha256)
    is_for_people = export in FOR_PEOPLE
    assert [w in text for w in words] == [not is_for_people] * len(words)
    assert ("the processor" in text) == is_for_people
    assert (f"{origin.bundle_sha256[:12]}…" in text) == is_for_people


def test_the_head_of_paper_is_the_sites_and_a_broken_file_says_so(bench: Any) -> None:
    slide = bench.signed()
    file = bench.folder / LABORATORY_NAME
    file.write_text('name = "Saint-Luc"\naddress = "12 rue de la Gare"\n')
    text = pdf_text(open_version(bench.store, slide))
    assert text.index("Saint-Luc") < text.index("Leukoscope report")
    assert "Date and signature" in text
    file.write_text('nam = "x"\n')
    assert "laboratory.toml: unknown key" in pdf_text(open_version(bench.store, slide))


def with_result(version: SlideVersion, result: str) -> SlideVersion:
    assert version.signature is not None
    outcome = replace(version.signature.outcome, result=result)
    return replace(version, signature=replace(version.signature, outcome=outcome))


def test_what_is_sent_today_and_to_whom_is_as_the_site_set_it(bench: Any) -> None:
    slide, file = bench.signed(), bench.store.folder / LABORATORY_NAME
    what, to = "two unstained smears, report", "Dr Okoye, Referral Hospital"
    file.write_text(f'name = "L"\nsend_what = "{what}"\nsend_to = "{to}"\n')
    version = open_version(bench.store, slide)
    for name, text_of in EXPORTS.items():
        text = text_of(with_result(version, "blasts"))
        assert what in text, name
        assert to in text, name
        assert to not in text_of(with_result(version, "few")), name
    file.write_text('name = "L"\n')
    found = facts_object(with_result(open_version(bench.store, slide), "blasts"))
    assert not {"send_today", "send_to"} & set(found)


def test_every_page_says_its_number_and_the_slides(bench: Any) -> None:
    slide = bench.counted(n=2)
    cells = [make_cell(i, CallName.BLAST, 0.9) for i in range(3, 60)]
    bench.store.count.add_cells(slide, cells, frames={})
    bench.store.count.finish_count(slide, VERDICT, "ann", tally=Tally())
    pdf = file_of(open_version(bench.store, slide), "pdf")
    pages = [p.extract_text() for p in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    assert len(pages) > 2
    for n, text in enumerate(pages, start=1):
        assert f"Page {n} of {len(pages)}" in text
        assert f"slide {slide}, version 1" in text


@pytest.mark.parametrize("zone", ["UTC0", "IST-5:30", "NST3:30"])
def test_a_time_on_paper_says_its_zone(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        said = local_time("2026-11-29T12:00:00+00:00")
    finally:
        monkeypatch.undo()
        time.tzset()
    times = {"UTC0": "12:00 UTC+00:00", "IST-5:30": "17:30 UTC+05:30"}
    assert said == f"2026-11-29 {times.get(zone, '08:30 UTC-03:30')}"


def test_no_two_facts_share_an_id_but_notes(version: SlideVersion) -> None:
    ids = [f.id for f in (*list_facts(version), *origins(version)) if f.id != "note"]
    assert len(ids) == len(set(ids))


def test_a_fact_is_its_number_for_programs_and_words_for_people() -> None:
    assert Fact("a", "A", lambda say: say("three")).value == "three"
    assert Fact("a", "A", lambda say: say("3"), number=3).value == 3


def test_facts_of_one_id_are_a_list(version: SlideVersion) -> None:
    notes = ("first", "second", "third")
    twice = replace(version, record=replace(version.record, notes=notes))
    assert facts_object(twice)["note"] == [*notes]


def test_the_tally_goes_whole_from_screening_to_event_to_record(bench: Any) -> None:
    tally = Tally(frames={"screened": 5, "refused": 1}, n_smudges=7, n_islands=2)
    slide = bench.counted()
    bench.store.count.finish_count(slide, VERDICT, "ann", tally=tally)
    assert bench.reopen().reader.slide(slide).tally == tally


def test_command_and_page_offer_the_same_files_and_the_pdf_travels(
    version: SlideVersion,
) -> None:
    assert list(FORMATS) == ["pdf", "csv", "fhir.json"]
    entries = json.loads(file_of(version, "fhir.json"))["entry"]
    [report] = [
        e["resource"]
        for e in entries
        if e["resource"]["resourceType"] == "DiagnosticReport"
    ]
    assert report["presentedForm"][0]["contentType"] == "application/pdf"


def test_a_name_stands_in_the_sample_column_alone(version: SlideVersion) -> None:
    named = replace(
        version, identity=Identity(sample="S-9", name="Ann Other", number="H-5")
    )
    heads = next(csv.reader(io.StringIO(csv_text(named))))
    assert not any("Ann Other" in h or "H-5" in h for h in heads)
