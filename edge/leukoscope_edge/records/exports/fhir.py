"""One version of a slide as a FHIR R4 bundle.

What laboratories' systems in the field read (OpenMRS, OpenELIS). Of blood, the machine
alone gives LOINC 26446-5, preliminary and labelled as asserted by a machine; so does
what a person signed who has read some of the cells. LOINC 709-6, manual count, final or
amended, is for those who have read every counted cell. Of marrow the code is a text: no
LOINC term was found that says no more. The lineage of a blast is not told by its looks,
so no code that names lymphoblasts is ever used. A refusal has no number, not nought,
and no count of no blasts; a void slide has no observation.

Source: HL7 FHIR 4.0.1; the label AIAST from HL7's AI Transparency on FHIR (ballot).
"""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

from leukoscope_edge.records.exports.facts import origins, public
from leukoscope_edge.records.exports.fhir_kinds import kind_observations
from leukoscope_edge.records.exports.report_words import said_marks
from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.exports.slide_version import SlideVersion
from leukoscope_edge.records.slides.conclusion import overruled_blasts
from leukoscope_edge.records.slides.slide import Outcome, SlideRecord
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import Reading

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
BONE_MARROW = ("http://snomed.info/sct", "119359002")
"""Bone marrow specimen. HL7's own table 0487 was not found to have a code for it."""
SPECIMENS = {
    SampleType.BLOOD: ("Whole blood", WHOLE_BLOOD),
    SampleType.MARROW: ("Bone marrow", BONE_MARROW),
}
NAMESPACE = uuid.UUID("5a1d6a52-7ac6-4d0c-9d0b-6a1f3a1f0b7e")
"""Drawn once at random: the same version of a slide always gets the same ids."""

Json = dict[str, Any]


def fhir_bytes(version: SlideVersion, pdf: bytes | None = None) -> bytes:
    """Return a transaction bundle as UTF-8 JSON.

    Args:
        version: One version of a slide.
        pdf: Its report, to travel inside; None leaves it out.
    """
    text = json.dumps(fhir_object(version, pdf), indent=1, ensure_ascii=False)
    return (text + "\n").encode()


def fhir_object(version: SlideVersion, pdf: bytes | None = None) -> Json:
    """Return a transaction bundle as plain JSON values; see `fhir_bytes`."""
    resources = [
        _patient(version),
        _specimen(version),
        _device(version),
        *_observations(version),
        *_kinds(version),
        _report(version, pdf),
        _provenance(version),
    ]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": _issued(version),
        "entry": [_entry(version, r) for r in resources],
    }


def _entry(version: SlideVersion, resource: Json) -> Json:
    kind = resource["resourceType"]
    full_url = _url(version, resource.pop("_name", kind))
    if version.record.domain == "simulated":
        labels = resource.setdefault("meta", {}).setdefault("security", [])
        labels.append(_coding(TEST_DATA))
    return {
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": "POST", "url": kind},
    }


def _url(version: SlideVersion, name: str) -> str:
    key = f"{version.device}/{version.record.id}/{version.number}/{name}"
    return uuid.uuid5(NAMESPACE, key).urn


def _reference(version: SlideVersion, name: str) -> Json:
    return {"reference": _url(version, name)}


def _coding(code: tuple[str, str]) -> Json:
    return {"system": code[0], "code": code[1]}


def _loinc(code: tuple[str, str]) -> Json:
    return {"coding": [{"system": LOINC, "code": code[0], "display": code[1]}]}


def _issued(version: SlideVersion) -> str:
    if version.record.void is not None:
        return version.record.void.at
    return version.signature.at if version.signature else version.record.started_at


def _status(version: SlideVersion) -> str:
    """Return how final it is: never more than who read the cells allows."""
    if version.record.void is not None:
        return "entered-in-error" if version.record.signatures else "cancelled"
    if version.signature is None or not version.is_all_read:
        return "preliminary"
    return "final" if version.signature.version == 1 else "amended"


def _patient(version: SlideVersion) -> Json:
    slide = {"system": f"urn:leukoscope:{version.device}", "value": version.record.id}
    patient: Json = {"resourceType": "Patient", "identifier": [slide]}
    if version.identity is not None and version.identity.number.strip():
        patient["identifier"].append({"value": version.identity.number})
    if version.identity is not None and version.identity.name.strip():
        patient["name"] = [{"text": version.identity.name}]
    return patient


def _specimen(version: SlideVersion) -> Json:
    specimen: Json = {
        "resourceType": "Specimen",
        "subject": _reference(version, "Patient"),
    }
    if type_ := version.record.facts.sample_type:
        text, code = SPECIMENS[type_]
        specimen["type"] = {"coding": [_coding(code)], "text": text}
    if version.identity is not None and version.identity.sample.strip():
        specimen["identifier"] = [{"value": version.identity.sample}]
    return specimen


def _device(version: SlideVersion) -> Json:
    origin = version.record.origin
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
        "identifier": [{"system": "urn:leukoscope", "value": version.device}],
        "deviceName": [{"name": "Leukoscope", "type": "model-name"}],
        "version": [
            {"type": {"text": what}, "value": value} for what, value in versions.items()
        ],
        "note": [{"text": text} for text in _notes_of_device(version)],
    }


def _notes_of_device(version: SlideVersion) -> Iterator[str]:
    yield INTENDED_USE
    yield from version.record.origin.limits
    yield from (f"{f.label}: {f.value}" for f in origins(version))


def _observations(version: SlideVersion) -> Iterator[Json]:
    record = version.record
    if record.machine is not None:
        machine = _observation(version, record.machine, "Machine")
        yield machine | {
            "meta": {"security": [_coding(BY_MACHINE)]},
            "status": "preliminary",
            "code": _blasts(record, BLASTS),
            "method": {"text": "Counted and called by the machine alone"},
        }
    if version.signature is not None:
        person = _observation(version, version.signature.outcome, "Person")
        by_person = BLASTS_BY_PERSON if version.is_all_read else BLASTS
        yield person | {
            "status": _status(version),
            "code": _blasts(record, by_person),
            "performer": [{"display": name} for name in _people(version)],
            "method": {"text": f"Light microscopy. {version.read.said()}"},
        }


def _kinds(version: SlideVersion) -> Iterator[Json]:
    """Yield the differential, final once somebody has signed it."""
    for kind in kind_observations(version):
        yield {
            "resourceType": "Observation",
            "status": _status(version),
            "subject": _reference(version, "Patient"),
            "specimen": _reference(version, "Specimen"),
            "device": _reference(version, "Device"),
            "effectiveDateTime": version.record.started_at,
            "note": [{"text": t} for t in (*said_marks(version), INTENDED_USE)],
            **kind,
        }


def _blasts(record: SlideRecord, in_blood: tuple[str, str]) -> Json:
    """Return the code of a share of blasts, in words where it is not of blood."""
    match record.facts.sample_type:
        case SampleType.BLOOD:
            return _loinc(in_blood)
        case SampleType.MARROW:
            return {"text": "Blasts/100 nucleated cells in bone marrow"}
        case None:
            return {"text": "Blasts/100 leukocytes; blood or marrow was not said"}


def _people(version: SlideVersion) -> list[str]:
    """Return who read the cells and who signed, each once."""
    signers = [version.signature.by] if version.signature else []
    return list(dict.fromkeys((*version.record.readers, *signers)))


def _observation(version: SlideVersion, outcome: Outcome, name: str) -> Json:
    notes = [outcome.sentence, version.read.said(), *said_marks(version)]
    notes += [f"Comment: {version.comment}"] if version.comment else []
    notes += [f"{f.label}: {f.said(str)}" for f in public(version) if f.number is None]
    return {
        "_name": name,
        "resourceType": "Observation",
        "subject": _reference(version, "Patient"),
        "specimen": _reference(version, "Specimen"),
        "device": _reference(version, "Device"),
        "effectiveDateTime": version.record.started_at,
        "note": [{"text": t} for t in (*notes, INTENDED_USE)],
        "component": list(_components(version, outcome)),
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


def _components(version: SlideVersion, outcome: Outcome) -> Iterator[Json]:
    words = [c.word for c in version.record.counted]
    n_confirmed = words.count(Reading.BLAST)
    # a 0 would read as a negative where nothing was concluded, or nobody signed it
    is_signed = version.signature is not None and outcome is version.signature.outcome
    blasts = {}
    if outcome.n_blast or outcome.blast_fraction_95 is not None:
        blasts["Blast-like cells"] = outcome.n_blast
    if n_confirmed or (is_signed and outcome.blast_fraction_95 is not None):
        blasts["Blasts that a person confirmed"] = n_confirmed
    counts = {
        "Leukocytes counted": outcome.n_cells,
        "Unclear cells": outcome.n_unclear,
        "Cells that a person read": version.n_read,
        **blasts,
    }
    for what, n in counts.items():
        yield {"code": {"text": what}, "valueInteger": n}
    for fact in public(version):
        if fact.number is not None:
            yield {"code": {"text": fact.label}, "valueInteger": fact.number}
    if outcome.blast_fraction_95 is not None:
        low, high = outcome.blast_fraction_95
        yield {"code": {"text": "95 % interval, low"}, "valueQuantity": _percent(low)}
        yield {"code": {"text": "95 % interval, high"}, "valueQuantity": _percent(high)}


def _percent(fraction: float) -> Json:
    value = round(100 * fraction, 2)
    return {"value": value, "unit": "%", "system": UCUM, "code": "%"}


def _report(version: SlideVersion, pdf: bytes | None) -> Json:
    names = ["Machine"] * (version.record.machine is not None)
    names += ["Person"] * (version.signature is not None)
    names += [str(kind["_name"]) for kind in kind_observations(version)]
    report: Json = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": "urn:leukoscope:audit", "value": version.code}],
        "status": _status(version),
        "code": _finding(version.record),
        "subject": _reference(version, "Patient"),
        "specimen": [_reference(version, "Specimen")],
        "effectiveDateTime": version.record.started_at,
        "issued": _issued(version),
        "conclusion": " ".join(_conclusion(version)),
    }
    if names and version.record.void is None:
        report["result"] = [_reference(version, n) for n in names]
    if pdf is not None:
        data = base64.b64encode(pdf).decode()
        report["presentedForm"] = [{"contentType": "application/pdf", "data": data}]
    return report


def _finding(record: SlideRecord) -> Json:
    if record.facts.sample_type is SampleType.MARROW:
        return {"text": "Bone marrow smear finding by light microscopy"}
    return _loinc(SMEAR_FINDING)


def _conclusion(version: SlideVersion) -> Iterator[str]:
    yield version.sentence
    if version.record.void is None:
        yield version.read.said()
        yield from said_marks(version)
        if overruled := overruled_blasts(version.record):
            yield f"{overruled.said()}."
    yield INTENDED_USE


def _provenance(version: SlideVersion) -> Json:
    agents: list[Json] = [{"who": _reference(version, "Device")}]
    agents += [{"who": {"display": name}} for name in _people(version)]
    return {
        "resourceType": "Provenance",
        "target": [_reference(version, "DiagnosticReport")],
        "recorded": _issued(version),
        "agent": agents,
    }
