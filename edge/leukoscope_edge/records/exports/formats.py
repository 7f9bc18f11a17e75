"""The files that can leave about a slide: one table, for command, page and folder."""

from collections.abc import Callable
from dataclasses import dataclass

from leukoscope_edge.messages import Say
from leukoscope_edge.records.exports.cells_csv import dossier_csv_bytes
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.records.exports.pdf_report import paper_bytes
from leukoscope_edge.records.exports.slide_version import Dossier


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file about a slide.

    Attributes:
        suffix: Of its name, without the dot; what programs call it.
        label: What people call it; a msgid of the catalogues.
        media_type: For the browser.
        make: Makes it; only what people read is in their language.
    """

    suffix: str
    label: str
    media_type: str
    make: Callable[[Dossier, Say], bytes]


FORMATS: dict[str, Format] = {
    one.suffix: one
    for one in (
        Format(
            "pdf",
            "Report (PDF)",
            "application/pdf",
            lambda dossier, say: paper_bytes(dossier, say=say),
        ),
        Format(
            "csv",
            "Cells (CSV)",
            "text/csv; charset=utf-8",
            lambda dossier, _: dossier_csv_bytes(dossier),
        ),
        Format(
            "fhir.json",
            "For the hospital's system (FHIR)",
            "application/fhir+json",
            lambda dossier, say: fhir_bytes(dossier, paper_bytes(dossier, say=say)),
        ),
    )
}
"""By suffix, in the order in which a person is offered them."""


def file_of(dossier: Dossier, suffix: str, say: Say = str) -> bytes:
    """Return one file about a slide."""
    return FORMATS[suffix].make(dossier, say)


def file_name(dossier: Dossier, suffix: str) -> str:
    """Return a name that names nobody."""
    return f"slide-{dossier.file_stem}.{suffix}"
