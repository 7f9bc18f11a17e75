"""The cells of a version of a slide as CSV, with the slide's facts as headings."""

from leukoscope_edge.records.exports.cell_words import why_unclear
from leukoscope_edge.records.exports.facts import fact_headings
from leukoscope_edge.records.exports.report_words import said_marks
from leukoscope_edge.records.exports.slide_version import SlideVersion
from leukoscope_edge.records.exports.text_table import BOX_KEYS, csv_bytes
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.records.slides.kinds import is_named

CELL_KEYS = (
    "slide",
    "cell",
    "frame",
    "call",
    "p_blast",
    "word",
    "judged_by",
    "counted",
    "kind",
    "kind_by",
)
LATER_KEYS = ("unclear_because",)
"""Columns that came later stand behind the others: some read them by their place."""


def version_csv_bytes(version: SlideVersion) -> bytes:
    """Return the cells of a version of a slide as CSV, one row each.

    What must stand on every export, and each fact of the slide, is the heading of an
    empty column at the end, so that it stands in a table without rows too.
    """
    record, identity = version.record, version.identity
    whose = () if identity is None else (identity.sample,)
    keys = ("sample",) * len(whose)
    marks = (f"version {version.number}", *said_marks(version))
    comment = (f"comment: {version.comment}",) if version.comment else ()
    return csv_bytes(
        (*keys, *CELL_KEYS, *BOX_KEYS, *LATER_KEYS),
        ((*whose, *_cell_row(record.id, c)) for c in record.cells),
        marks=(*marks, version.read.said(), *comment, *fact_headings(version)),
    )


def _cell_row(slide: str, cell: CellRecord) -> tuple[object, ...]:
    return (
        slide,
        cell.id,
        cell.frame,
        cell.call.value if cell.call else "",
        "" if cell.p_blast is None else round(cell.p_blast, 4),
        cell.word.value if cell.word else "",
        cell.judged_by,
        cell.is_counted,
        cell.final_kind,
        "person" if is_named(cell) else "model" if cell.final_kind else "",
        *cell.box_px,
        why.said() if (why := why_unclear(cell)) else "",
    )
