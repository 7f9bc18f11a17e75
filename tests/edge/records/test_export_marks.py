"""Who read what, of what, whose, and which version: on every export."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle as FhirBundle
from tests.edge.records.bench import VERDICT, make_cell, make_set_up
from tests.edge.records.files_as_text import texts

from leukoscope_edge.outcome import Verdict
from leukoscope_edge.records.exports import SlideVersion, open_version
from leukoscope_edge.records.exports.cells_csv import version_csv_bytes
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.records.slides import Kind
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup, SampleType
from leukoscope_edge.types import Reading, Tally

WHY = "cell 2 was read wrongly"
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"


def resources(version: SlideVersion, kind: str) -> list[Any]:
    entries = json.loads(fhir_bytes(version))["entry"]
    return [e["resource"] for e in entries if e["resource"]["resourceType"] == kind]


def signed(bench: Any, verdict: Verdict, n: int, n_read: int) -> str:
    """A slide of which somebody has read the first cells, all suspects among them."""
    slide: str = bench.finished(n=n)
    for number in range(1, n_read + 1):
        word = Reading.BLAST if number == 1 else Reading.NORMAL
        key = f"{slide}-{number}"
        bench.store.review.judge_cell(slide, str(number), word, "ann", key=key)
    bench.store.review.sign(slide, lambda _: verdict, "eve", key=f"{slide}-sign")
    return slide


@pytest.mark.parametrize(
    ("n_read", "code", "status", "said"),
    [
        (12, "26446-5", "preliminary", "A person read 12 of 40 cells."),
        (39, "26446-5", "preliminary", "A person read 39 of 40 cells."),
        (40, "709-6", "final", "People read all 40 cells."),
    ],
)
def test_a_manual_count_is_one_of_which_people_have_read_every_cell(
    bench: Any, n_read: int, code: str, status: str, said: str
) -> None:
    version = open_version(bench.store, signed(bench, VERDICT, 40, n_read))
    machine, person = resources(version, "Observation")
    assert machine["code"]["coding"][0]["code"] == "26446-5"
    assert person["code"]["coding"][0] | {"display": ""} == {
        "system": LOINC,
        "code": code,
        "display": "",
    }
    [report] = resources(version, "DiagnosticReport")
    assert person["status"] == report["status"] == status
    assert person["method"]["text"] == f"Light microscopy. {said}"
    assert [p["display"] for p in person["performer"]] == ["ann", "eve"]
    counts = {c["code"]["text"]: c.get("valueInteger") for c in person["component"]}
    assert counts["Cells that a person read"] == n_read
    assert counts["Blasts that a person confirmed"] == 1
    assert all(said in text for text in texts(version).values())


@pytest.mark.parametrize(
    ("sample_type", "specimen", "said"),
    [
        (SampleType.BLOOD, "BLD", "Blood, Child"),
        (SampleType.MARROW, "119359002", "Marrow, Child"),
        (None, None, "Blood or marrow: not said, Child"),
    ],
)
def test_the_sample_type_decides_over_codes_and_stands_on_paper(
    bench: Any, sample_type: SampleType | None, specimen: str | None, said: str
) -> None:
    facts = replace(SIMULATED_SAMPLE, sample_type=sample_type, age=AgeGroup.CHILD)
    slide = bench.store.start_slide(replace(make_set_up(), facts=facts), "ann")
    bench.store.count.add_cells(slide, [make_cell(1)], frames={})
    bench.store.count.finish_count(slide, VERDICT, "ann", tally=Tally())
    version = open_version(bench.store, slide)
    [found] = resources(version, "Specimen")
    [observation] = resources(version, "Observation")
    codes = [c["code"] for c in found.get("type", {}).get("coding", [])]
    assert codes == ([specimen] if specimen else [])
    is_blood = sample_type is SampleType.BLOOD
    assert ("coding" in observation["code"]) == is_blood
    pdf = texts(version)["pdf"]
    assert said in pdf
    assert "The model's normal slides" in pdf


def test_no_code_of_blood_is_said_of_marrow(bench: Any) -> None:
    slide = signed(bench, VERDICT, 4, 4)
    version = open_version(bench.store, slide)
    facts = replace(SIMULATED_SAMPLE, sample_type=SampleType.MARROW)
    of_marrow = replace(version, record=replace(version.record, facts=facts))
    FhirBundle.model_validate_json(fhir_bytes(of_marrow))
    assert LOINC not in fhir_bytes(of_marrow).decode()
    assert "BLD" not in fhir_bytes(of_marrow).decode()


def test_files_with_and_without_names_differ_in_name_and_content(bench: Any) -> None:
    slide = bench.signed(name="Ann Other", comment="send on")
    with_names = open_version(bench.store, slide, identified=True)
    without = open_version(bench.store, slide, identified=False)
    assert with_names.file_stem == f"{slide}-v1-identified"
    assert without.file_stem == f"{slide}-v1-deidentified"
    named, nameless = texts(with_names), texts(without)
    for kind, text in named.items():
        assert text != nameless[kind]
        assert "S-1" in text
        assert "send on" in text
        assert "S-1" not in nameless[kind]
        assert "send on" not in nameless[kind]
    rows = list(csv.DictReader(io.StringIO(named["csv"])))
    assert {r["sample"] for r in rows} == {"S-1"}


def test_why_it_was_amended_stands_on_every_export_of_the_new_version(
    bench: Any,
) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, WHY, "eve")
    bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="2")
    for identified in (True, False):
        version = open_version(bench.store, slide, identified=identified)
        assert version.number == 2
        for text in texts(version).values():
            assert f"Version 1 was amended by eve: {WHY}" in text
    bench.store.erase(slide, "request", "ann")
    gone = texts(open_version(bench.store, slide))
    assert all("the reason was erased" in text for text in gone.values())
    assert all(WHY not in text for text in gone.values())


def test_while_it_is_amended_the_signed_version_leaves_and_says_so(
    bench: Any,
) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, WHY, "eve")
    bench.store.review.judge_cell(slide, "2", Reading.BLAST, "ann", key="again")
    version = open_version(bench.store, slide)
    assert version.number == 1
    assert {c.id: c.final for c in version.record.cells}["2"] is Reading.NORMAL
    for text in texts(version).values():
        assert "Version 1, being amended" in text
        assert "PRELIMINARY" not in text


def test_an_older_reason_may_name_somebody_and_stays_with_the_sample(
    bench: Any,
) -> None:
    slide, store = bench.signed(), bench.store
    sealed = store._identities.seal_text(slide, "Ann's, not Ben's")
    with store._events.writing():
        store._events.append(Kind.AMEND, slide, {"sealed_why": sealed}, "eve", "")
    store.review.sign(slide, lambda _: VERDICT, "ann", key="2")
    named = texts(open_version(store, slide, identified=True))
    nameless = texts(open_version(store, slide, identified=False))
    assert all("Ann's, not Ben's" in text for text in named.values())
    assert all("Ann's" not in text for text in nameless.values())
    assert all("with the sample alone" in text for text in nameless.values())


@pytest.mark.parametrize(
    ("made", "status"), [("reviewed", "cancelled"), ("signed", "entered-in-error")]
)
def test_what_leaves_of_a_void_slide_says_so_and_nothing_else(
    bench: Any, made: str, status: str
) -> None:
    slide = getattr(bench, made)(n=14)
    if made == "signed":
        bench.store.review.amend(slide, "", "ann")
    bench.store.review.void(slide, "another person's blood", "eve")
    version = open_version(bench.store, slide, identified=False)
    for text in texts(version).values():
        assert "VOID, by eve: another person's blood" in text
        assert "it is a test" not in text  # the verdict of the day
        assert "95 %" not in text.replace("\N{NO-BREAK SPACE}", " ")
    assert version_csv_bytes(version).decode().count("\n") == 1
    assert resources(version, "Observation") == []
    [report] = resources(version, "DiagnosticReport")
    assert report["status"] == status
