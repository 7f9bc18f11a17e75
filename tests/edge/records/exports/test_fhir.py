"""A version of a slide as FHIR: how final it is, in which codes, of what."""

import json
from typing import Any

import pytest
from tests.edge.records.bench import REFUSAL, VERDICT
from tests.edge.records.exports.reading import resources

from leukoscope_edge.records.exports import open_version
from leukoscope_edge.records.exports.fhir import fhir_bytes


def codes(observations: list[Any]) -> list[tuple[str, str]]:
    return [(o["code"]["coding"][0]["code"], o["status"]) for o in observations]


def test_the_machine_alone_is_preliminary_and_labelled(bench: Any) -> None:
    found = resources(open_version(bench.store, bench.finished()))
    assert codes(found["Observation"]) == [("26446-5", "preliminary")]
    (machine,) = found["Observation"]
    assert machine["meta"]["security"][0]["code"] == "AIAST"
    assert machine["valueQuantity"]["value"] == pytest.approx(8.33)
    assert found["DiagnosticReport"][0]["status"] == "preliminary"
    assert len(found["Provenance"][0]["agent"]) == 1


def test_what_a_person_signed_is_final_and_by_manual_count(bench: Any) -> None:
    found = resources(open_version(bench.store, bench.signed()), b"%PDF-")
    assert codes(found["Observation"]) == [
        ("26446-5", "preliminary"),
        ("709-6", "final"),
    ]
    (report,) = found["DiagnosticReport"]
    assert report["status"] == "final"
    assert report["presentedForm"][0]["contentType"] == "application/pdf"
    assert [a["who"].get("display") for a in found["Provenance"][0]["agent"]] == [
        None,
        "ann",
    ]


def test_an_amended_version_is_amended(bench: Any) -> None:
    slide = bench.signed()
    bench.store.review.amend(slide, "", "ann")
    bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="2")
    found = resources(open_version(bench.store, slide))
    assert codes(found["Observation"])[1] == ("709-6", "amended")


def test_a_refusal_has_a_reason_and_no_number(bench: Any) -> None:
    found = resources(open_version(bench.store, bench.finished(verdict=REFUSAL)))
    (machine,) = found["Observation"]
    assert "valueQuantity" not in machine
    assert "it is a test" in machine["dataAbsentReason"]["text"]


def test_no_code_names_a_lineage_or_a_disease(bench: Any) -> None:
    data = fhir_bytes(open_version(bench.store, bench.signed()))
    assert b"34922-5" not in data
    assert b"91857003" not in data


def test_the_device_names_its_model_by_hash(bench: Any) -> None:
    found = resources(open_version(bench.store, bench.signed()))
    versions = {v["type"]["text"]: v["value"] for v in found["Device"][0]["version"]}
    assert versions["model sha256"] == "cd" * 32


def test_every_reference_points_into_the_bundle_and_ids_do_not_change(
    bench: Any,
) -> None:
    slide = bench.signed()
    data = fhir_bytes(open_version(bench.store, slide))
    assert fhir_bytes(open_version(bench.store, slide)) == data
    urls = {e["fullUrl"] for e in json.loads(data)["entry"]}
    references = data.decode().split('"reference": "')[1:]
    assert references
    assert {r.split('"')[0] for r in references} <= urls


def test_a_simulation_is_labelled_as_test_data(bench: Any) -> None:
    found = resources(open_version(bench.store, bench.finished(domain="simulated")))
    for resource in (r for group in found.values() for r in group):
        labels = [s["code"] for s in resource["meta"]["security"]]
        assert "HTEST" in labels
    assert "SIMULATION" in found["DiagnosticReport"][0]["conclusion"]
