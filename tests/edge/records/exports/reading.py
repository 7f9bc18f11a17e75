"""Read what leaves: the text of a PDF, the resources of a FHIR bundle."""

import io
import json
from typing import Any

import pypdf
from fhir.resources.R4B.bundle import Bundle as FhirBundle

from leukoscope_edge.records.exports import SlideVersion
from leukoscope_edge.records.exports.fhir import fhir_bytes


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(p.extract_text() for p in pages).split())


def resources(version: SlideVersion, pdf: bytes | None = None) -> dict[str, list[Any]]:
    """The bundle's resources by kind, after the FHIR library accepted all of them."""
    data = fhir_bytes(version, pdf)
    FhirBundle.model_validate_json(data)
    found: dict[str, list[Any]] = {}
    for entry in json.loads(data)["entry"]:
        resource = entry["resource"]
        found.setdefault(resource["resourceType"], []).append(resource)
    return found


def observations(version: SlideVersion) -> dict[str, Any]:
    """The bundle's observations, each by its code or text."""
    data = fhir_bytes(version)
    FhirBundle.model_validate_json(data)
    found = [e["resource"] for e in json.loads(data)["entry"]]
    observed = [r for r in found if r["resourceType"] == "Observation"]
    return {
        o["code"].get("coding", [{"code": o["code"].get("text")}])[0]["code"]: o
        for o in observed
    }
