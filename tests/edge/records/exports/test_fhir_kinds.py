"""The differential as FHIR: whose it is, and in which codes."""

from typing import Any

from tests.edge.records.bench import VERDICT
from tests.edge.records.exports.reading import observations
from tests.edge.records.named_kinds import name_all

from leukoscope_edge.messages import NOT_FOR_CARE, message
from leukoscope_edge.records.exports import open_version, table
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.sample import SampleType


def test_fhir_has_percent_and_number_of_each_kind(bench: Any) -> None:
    slide = name_all(bench, bench.of_kinds(wbc=5.0))
    found = observations(open_version(bench.store, slide))
    neutrophils = found["23761-0"]
    assert neutrophils["valueQuantity"]["value"] == 60.0
    assert neutrophils["status"] == "preliminary"
    assert found["26499-4"]["valueQuantity"] == {
        "value": 3.0,
        "unit": "10*9/L",
        "system": "http://unitsofmeasure.org",
        "code": "10*9/L",
    }
    assert found["19048-8"]["valueQuantity"]["value"] == 20.0
    assert found["34992-8"]["valueQuantity"]["code"] == "/100{WBCs}"


def test_each_observation_says_itself_that_nobody_has_signed(bench: Any) -> None:
    """A system that takes single observations shows no conclusion."""
    slide, unsigned = bench.of_kinds(wbc=5.0), message("preliminary").said()
    name_all(bench, slide)
    for is_signed in (False, True):
        found = observations(open_version(bench.store, slide))
        assert {"26446-5", "23761-0", "26499-4", "19048-8"} <= set(found)
        for observed in found.values():
            notes = [note["text"] for note in observed["note"]]
            assert (unsigned in notes) != is_signed
            assert NOT_FOR_CARE.said() in notes
        if not is_signed:
            bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="s" * 8)


def test_a_signed_differential_is_a_final_manual_one(bench: Any) -> None:
    slide = name_all(bench, bench.of_kinds())
    bench.store.review.sign(slide, lambda _: VERDICT, "ann", key="s" * 8)
    found = observations(open_version(bench.store, slide))
    assert found["23761-0"]["status"] == "final"


def test_no_code_of_blood_is_said_of_the_kinds_of_marrow(bench: Any) -> None:
    slide = name_all(bench, bench.of_kinds(sample_type=SampleType.MARROW))
    version = open_version(bench.store, slide)
    assert "loinc" not in fhir_bytes(version).decode()
    rows = {r.kind: r for r in table(version)}
    assert rows["erythroblast"].n == 2
    assert rows["erythroblast"].share == "16.7"
    assert not any(r.usual for r in rows.values())
