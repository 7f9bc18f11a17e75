"""The files that can leave about a slide: one table, for command, page and folder."""

from collections.abc import Callable
from dataclasses import dataclass

from leukoscope_edge.messages import Say
from leukoscope_edge.records.exports.cells_csv import version_csv_bytes
from leukoscope_edge.records.exports.fhir import fhir_bytes
from leukoscope_edge.records.exports.pdf_report import pdf_bytes
from leukoscope_edge.records.exports.slide_version import SlideVersion


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file about a slide.

    Attributes:
        suffix: Of its name, without the dot; what programs call it.
        label: What people call it; a msgid of the catalogues.
        media_type: For the browser.
        make: Makes it; only what people read is in their language.
        about_bytes: How large it will be, about, before anything is made: from the
            number of cells and the bytes of the pictures that it shows.
    """

    suffix: str
    label: str
    media_type: str
    make: Callable[[SlideVersion, Say], bytes]
    about_bytes: Callable[[int, int], int]


def _about_pdf_bytes(_: int, n_picture_bytes: int) -> int:
    return 25_000 + n_picture_bytes


def _about_csv_bytes(n_cells: int, _: int) -> int:
    return 1_000 + 80 * n_cells


def _about_fhir_bytes(n_cells: int, n_picture_bytes: int) -> int:
    """The PDF lies in it, in base 64."""
    return 7_000 + 4 * _about_pdf_bytes(n_cells, n_picture_bytes) // 3


FORMATS: dict[str, Format] = {
    one.suffix: one
    for one in (
        Format(
            "pdf",
            "Report (PDF)",
            "application/pdf",
            lambda version, say: pdf_bytes(version, say=say),
            _about_pdf_bytes,
        ),
        Format(
            "csv",
            "Cells (CSV)",
            "text/csv; charset=utf-8",
            lambda version, _: version_csv_bytes(version),
            _about_csv_bytes,
        ),
        Format(
            "fhir.json",
            "For the hospital's system (FHIR)",
            "application/fhir+json",
            lambda version, say: fhir_bytes(version, pdf_bytes(version, say=say)),
            _about_fhir_bytes,
        ),
    )
}
"""By suffix, in the order in which a person is offered them."""


def file_of(version: SlideVersion, suffix: str, say: Say = str) -> bytes:
    """Return one file about a slide."""
    return FORMATS[suffix].make(version, say)


def file_name(version: SlideVersion, suffix: str) -> str:
    """Return a name that names nobody."""
    return f"slide-{version.file_stem}.{suffix}"
