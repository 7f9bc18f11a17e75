"""One version of a slide as a FHIR R4 bundle.

What laboratories' systems in the field read (OpenMRS, OpenELIS). The machine alone
gives LOINC 26446-5, preliminary and labelled as asserted by a machine; what a person
signed gives LOINC 709-6. The lineage of a blast is not told by its looks, so no code
that names lymphoblasts is ever used. A refusal has no number, not nought.

Source: HL7 FHIR 4.0.1; the label AIAST from HL7's AI Transparency on FHIR (ballot).
"""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.exports.slide_version import Dossier
from leukoscope_edge.records.slide import Outcome

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
BLASTS = ("26446-5", "Blasts/Leukocytes in Blood")
BLASTS_BY_PERSON = ("709-6", "Blasts/Leukocytes in Blood by Manual count")
SMEAR_FINDING = (
    "5909-7",
    "Blood smear finding [Identifier] in Blood by Light microscopy",
)
BY_MACHINE = (f"{TERMINOLOGY}/v3-ObservationValue", "AIAST")
TEST_DATA = (f"{TERMINOLOGY}/v3-ActReason", "HTEST")
WHOLE_BLOOD = (f"{TERMINOLOGY}/v2-0487", "BLD")
NAMESPACE = uuid.UUID("5a1d6a52-7ac6-4d0c-9d0b-6a1f3a1f0b7e")
"""Drawn once at random: the same version of a slide always gets the same ids."""

Json = dict[str, Any]


def fhir_bytes(dossier: Dossier, pdf: bytes | None = None) -> bytes:
    """Return a transaction bundle as UTF-8 JSON.

    Args:
        dossier: One version of a slide.
        pdf: Its report, to travel inside; None leaves it out.
    """
    text = json.dumps(fhir_object(dossier, pdf), indent=1, ensure_ascii=False)
    return (text + "\n").encode()


def fhir_object(dossier: Dossier, pdf: bytes | None = None) -> Json:
    """Return a transaction bundle as plain JSON values; see `fhir_bytes`."""
    resources = [
        _patient(dossier),
        _specimen(dossier),
        _device(dossier),
        *_observations(dossier),
        _report(dossier, pdf),
        _provenance(dossier),
    ]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": _issued(dossier),
        "entry": [_entry(dossier, r) for r in resources],
    }


def _entry(dossier: Dossier, resource: Json) -> Json:
    kind = resource["resourceType"]
    full_url = _url(dossier, resource.pop("_name", kind))
    if dossier.record.domain == "simulated":
        labels = resource.setdefault("meta", {}).setdefault("security", [])
        labels.append(_coding(TEST_DATA))
    return {
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": "POST", "url": kind},
    }


def _url(dossier: Dossier, name: str) -> str:
    key = f"{dossier.device}/{dossier.record.id}/{dossier.version}/{name}"
    return uuid.uuid5(NAMESPACE, key).urn


def _reference(dossier: Dossier, name: str) -> Json:
    return {"reference": _url(dossier, name)}


def _coding(code: tuple[str, str]) -> Json:
    return {"system": code[0], "code": code[1]}


def _loinc(code: tuple[str, str]) -> Json:
    return {"coding": [{"system": LOINC, "code": code[0], "display": code[1]}]}


def _issued(dossier: Dossier) -> str:
    return dossier.signature.at if dossier.signature else dossier.record.started_at


def _status(dossier: Dossier) -> str:
    if dossier.signature is None:
        return "preliminary"
    return "final" if dossier.signature.version == 1 else "amended"


def _patient(dossier: Dossier) -> Json:
    slide = {"system": f"urn:leukoscope:{dossier.device}", "value": dossier.record.id}
    patient: Json = {"resourceType": "Patient", "identifier": [slide]}
    if dossier.identity is not None and dossier.identity.name.strip():
        patient["name"] = [{"text": dossier.identity.name}]
    return patient


def _specimen(dossier: Dossier) -> Json:
    specimen: Json = {
        "resourceType": "Specimen",
        "type": {"coding": [_coding(WHOLE_BLOOD)]},
        "subject": _reference(dossier, "Patient"),
    }
    if dossier.identity is not None and dossier.identity.sample.strip():
        specimen["identifier"] = [{"value": dossier.identity.sample}]
    return specimen


def _device(dossier: Dossier) -> Json:
    origin = dossier.record.origin
    versions = {
        "software": origin.software,
        "model": origin.bundle,
        "model sha256": origin.bundle_sha256,
        "engine": origin.engine,
        "segmenter": origin.segmenter,
        "calibration": origin.calibration,
    }
    return {
        "resourceType": "Device",
        "identifier": [{"system": "urn:leukoscope", "value": dossier.device}],
        "deviceName": [{"name": "Leukoscope", "type": "model-name"}],
        "version": [
            {"type": {"text": what}, "value": value} for what, value in versions.items()
        ],
        "note": [{"text": limit} for limit in (INTENDED_USE, *origin.limits)],
    }


def _observations(dossier: Dossier) -> Iterator[Json]:
    record = dossier.record
    if record.machine is not None:
        machine = _observation(dossier, record.machine, "Machine")
        yield machine | {
            "meta": {"security": [_coding(BY_MACHINE)]},
            "status": "preliminary",
            "code": _loinc(BLASTS),
        }
    if dossier.signature is not None:
        person = _observation(dossier, dossier.signature.outcome, "Person")
        yield person | {
            "status": _status(dossier),
            "code": _loinc(BLASTS_BY_PERSON),
            "performer": [{"display": dossier.signature.by}],
        }


def _observation(dossier: Dossier, outcome: Outcome, name: str) -> Json:
    n_judged = sum(c.word is not None for c in dossier.record.counted)
    judged = f"A person judged {n_judged} of {len(dossier.record.counted)} cells."
    return {
        "_name": name,
        "resourceType": "Observation",
        "subject": _reference(dossier, "Patient"),
        "specimen": _reference(dossier, "Specimen"),
        "device": _reference(dossier, "Device"),
        "effectiveDateTime": dossier.record.started_at,
        "note": [{"text": t} for t in (outcome.sentence, judged, INTENDED_USE)],
        "component": list(_components(outcome)),
        **_value(outcome),
    }


def _value(outcome: Outcome) -> Json:
    if outcome.blast_fraction_95 is None:
        reason = (f"{TERMINOLOGY}/data-absent-reason", "not-performed")
        return {
            "dataAbsentReason": {
                "coding": [_coding(reason)],
                "text": outcome.sentence,
            }
        }
    return {"valueQuantity": _percent(outcome.n_blast / outcome.n_cells)}


def _components(outcome: Outcome) -> Iterator[Json]:
    counts = {
        "Leukocytes counted": outcome.n_cells,
        "Blast-like cells": outcome.n_blast,
        "Unclear cells": outcome.n_unclear,
    }
    for what, n in counts.items():
        yield {"code": {"text": what}, "valueInteger": n}
    if outcome.blast_fraction_95 is not None:
        low, high = outcome.blast_fraction_95
        yield {"code": {"text": "95 % interval, low"}, "valueQuantity": _percent(low)}
        yield {"code": {"text": "95 % interval, high"}, "valueQuantity": _percent(high)}


def _percent(fraction: float) -> Json:
    value = round(100 * fraction, 2)
    return {"value": value, "unit": "%", "system": UCUM, "code": "%"}


def _report(dossier: Dossier, pdf: bytes | None) -> Json:
    names = ["Machine"] * (dossier.record.machine is not None)
    names += ["Person"] * (dossier.signature is not None)
    report: Json = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": "urn:leukoscope:audit", "value": dossier.code}],
        "status": _status(dossier),
        "code": _loinc(SMEAR_FINDING),
        "subject": _reference(dossier, "Patient"),
        "specimen": [_reference(dossier, "Specimen")],
        "effectiveDateTime": dossier.record.started_at,
        "issued": _issued(dossier),
        "result": [_reference(dossier, n) for n in names],
        "conclusion": f"{dossier.sentence} {INTENDED_USE}",
    }
    if pdf is not None:
        data = base64.b64encode(pdf).decode()
        report["presentedForm"] = [{"contentType": "application/pdf", "data": data}]
    return report


def _provenance(dossier: Dossier) -> Json:
    agents: list[Json] = [{"who": _reference(dossier, "Device")}]
    if dossier.signature is not None:
        agents.append({"who": {"display": dossier.signature.by}})
    return {
        "resourceType": "Provenance",
        "target": [_reference(dossier, "DiagnosticReport")],
        "recorded": _issued(dossier),
        "agent": agents,
    }
