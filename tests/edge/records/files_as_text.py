"""What stands in every file of a version of a slide."""

import io

import pypdf
from fhir.resources.R4B.bundle import Bundle as FhirBundle

from leukoscope_edge.records.exports import SlideVersion
from leukoscope_edge.records.exports.cells_csv import version_csv_bytes
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.records.exports.pdf_report import pdf_bytes


def texts(version: SlideVersion) -> dict[str, str]:
    """Every file of a version, as text."""
    pages = pypdf.PdfReader(io.BytesIO(pdf_bytes(version))).pages
    pdf = " ".join(" ".join(p.extract_text() for p in pages).split())
    fhir = fhir_bytes(version)
    FhirBundle.model_validate_json(fhir)
    return {
        "pdf": pdf,
        "csv": version_csv_bytes(version).decode(),
        "fhir": fhir.decode(),
    }
