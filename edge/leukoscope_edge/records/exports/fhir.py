"""One version of a slide as a FHIR R4 bundle.

What laboratories' systems in the field read (OpenMRS, OpenELIS). Of blood, the machine
alone gives LOINC 26446-5, preliminary and labelled as asserted by a machine; so does
what a person signed who has read some of the cells. LOINC 709-6, manual count, final or
amended, is for those who have read every counted cell. Of marrow the code is a text: no
LOINC term was found that says no more. The lineage of a blast is not told by its looks,
so no code that names lymphoblasts is ever used. A refusal has no number, not nought; a
void slide has no observation.

Source: HL7 FHIR 4.0.1; the label AIAST from HL7's AI Transparency on FHIR (ballot).
"""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

from leukoscope_edge.records.exports.facts import origins, public
from leukoscope_edge.records.exports.fhir_kinds import is_by_person, kind_observations
from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.exports.slide_version import Dossier
from leukoscope_edge.records.slides.slide import Outcome, SlideRecord
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import Word

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
        *_kinds(dossier),
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
    if dossier.record.void is not None:
        return dossier.record.void.at
    return dossier.signature.at if dossier.signature else dossier.record.started_at


def _status(dossier: Dossier) -> str:
    """Return how final it is: never more than who read the cells allows."""
    if dossier.record.void is not None:
        return "entered-in-error" if dossier.record.signatures else "cancelled"
    if dossier.signature is None or not dossier.is_all_read:
        return "preliminary"
    return "final" if dossier.signature.version == 1 else "amended"


def _patient(dossier: Dossier) -> Json:
    slide = {"system": f"urn:leukoscope:{dossier.device}", "value": dossier.record.id}
    patient: Json = {"resourceType": "Patient", "identifier": [slide]}
    if dossier.identity is not None and dossier.identity.number.strip():
        patient["identifier"].append({"value": dossier.identity.number})
    if dossier.identity is not None and dossier.identity.name.strip():
        patient["name"] = [{"text": dossier.identity.name}]
    return patient


def _specimen(dossier: Dossier) -> Json:
    specimen: Json = {
        "resourceType": "Specimen",
        "subject": _reference(dossier, "Patient"),
    }
    if type_ := dossier.record.facts.sample_type:
        text, code = SPECIMENS[type_]
        specimen["type"] = {"coding": [_coding(code)], "text": text}
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
        "note": [{"text": text} for text in _notes_of_device(dossier)],
    }


def _notes_of_device(dossier: Dossier) -> Iterator[str]:
    yield INTENDED_USE
    yield from dossier.record.origin.limits
    yield from (f"{f.label}: {f.value}" for f in origins(dossier))


def _observations(dossier: Dossier) -> Iterator[Json]:
    record = dossier.record
    if record.machine is not None:
        machine = _observation(dossier, record.machine, "Machine")
        yield machine | {
            "meta": {"security": [_coding(BY_MACHINE)]},
            "status": "preliminary",
            "code": _blasts(record, BLASTS),
            "method": {"text": "Counted and called by the machine alone"},
        }
    if dossier.signature is not None:
        person = _observation(dossier, dossier.signature.outcome, "Person")
        by_person = BLASTS_BY_PERSON if dossier.is_all_read else BLASTS
        yield person | {
            "status": _status(dossier),
            "code": _blasts(record, by_person),
            "performer": [{"display": name} for name in _people(dossier)],
            "method": {"text": f"Light microscopy. {dossier.read.said()}"},
        }


def _kinds(dossier: Dossier) -> Iterator[Json]:
    """Yield the differential, as final as who named its kinds allows."""
    by_person = is_by_person(dossier)
    label = {} if by_person else {"meta": {"security": [_coding(BY_MACHINE)]}}
    for kind in kind_observations(dossier):
        yield {
            "resourceType": "Observation",
            "status": _status(dossier) if by_person else "preliminary",
            "subject": _reference(dossier, "Patient"),
            "specimen": _reference(dossier, "Specimen"),
            "device": _reference(dossier, "Device"),
            "effectiveDateTime": dossier.record.started_at,
            "note": [{"text": INTENDED_USE}],
            **label,
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


def _people(dossier: Dossier) -> list[str]:
    """Return who read the cells and who signed, each once."""
    signers = [dossier.signature.by] if dossier.signature else []
    return list(dict.fromkeys((*dossier.record.readers, *signers)))


def _observation(dossier: Dossier, outcome: Outcome, name: str) -> Json:
    notes = [outcome.sentence, dossier.read.said(), *(m.said() for m in dossier.marks)]
    notes += [f"Comment: {dossier.comment}"] if dossier.comment else []
    notes += [f"{f.label}: {f.said(str)}" for f in public(dossier) if f.number is None]
    return {
        "_name": name,
        "resourceType": "Observation",
        "subject": _reference(dossier, "Patient"),
        "specimen": _reference(dossier, "Specimen"),
        "device": _reference(dossier, "Device"),
        "effectiveDateTime": dossier.record.started_at,
        "note": [{"text": t} for t in (*notes, INTENDED_USE)],
        "component": list(_components(dossier, outcome)),
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


def _components(dossier: Dossier, outcome: Outcome) -> Iterator[Json]:
    words = [c.word for c in dossier.record.counted]
    counts = {
        "Leukocytes counted": outcome.n_cells,
        "Blast-like cells": outcome.n_blast,
        "Unclear cells": outcome.n_unclear,
        "Cells that a person read": dossier.n_read,
        "Blasts that a person confirmed": words.count(Word.BLAST),
    }
    for what, n in counts.items():
        yield {"code": {"text": what}, "valueInteger": n}
    for fact in public(dossier):
        if fact.number is not None:
            yield {"code": {"text": fact.label}, "valueInteger": fact.number}
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
    names += [str(kind["_name"]) for kind in kind_observations(dossier)]
    report: Json = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": "urn:leukoscope:audit", "value": dossier.code}],
        "status": _status(dossier),
        "code": _finding(dossier.record),
        "subject": _reference(dossier, "Patient"),
        "specimen": [_reference(dossier, "Specimen")],
        "effectiveDateTime": dossier.record.started_at,
        "issued": _issued(dossier),
        "conclusion": " ".join(_conclusion(dossier)),
    }
    if names and dossier.record.void is None:
        report["result"] = [_reference(dossier, n) for n in names]
    if pdf is not None:
        data = base64.b64encode(pdf).decode()
        report["presentedForm"] = [{"contentType": "application/pdf", "data": data}]
    return report


def _finding(record: SlideRecord) -> Json:
    if record.facts.sample_type is SampleType.MARROW:
        return {"text": "Bone marrow smear finding by light microscopy"}
    return _loinc(SMEAR_FINDING)


def _conclusion(dossier: Dossier) -> Iterator[str]:
    yield dossier.sentence
    if dossier.record.void is None:
        yield dossier.read.said()
        yield from (m.said() for m in dossier.marks)
    yield INTENDED_USE


def _provenance(dossier: Dossier) -> Json:
    agents: list[Json] = [{"who": _reference(dossier, "Device")}]
    agents += [{"who": {"display": name}} for name in _people(dossier)]
    return {
        "resourceType": "Provenance",
        "target": [_reference(dossier, "DiagnosticReport")],
        "recorded": _issued(dossier),
        "agent": agents,
    }
