"""The screening as plain text for a terminal, and as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

from leukoscope_edge.messages import message
from leukoscope_edge.names import on_terminal
from leukoscope_edge.records.exports.facts import fact_headings, list_facts
from leukoscope_edge.records.exports.report_words import said_marks
from leukoscope_edge.records.exports.result_json import INTENDED_USE, result_object
from leukoscope_edge.records.exports.screening_version import version_of
from leukoscope_edge.screening_result import Screening

CSV_KEYS = (
    "id",
    "image",
    "call",
    "p_blast",
    "counted",
    "n_sightings",
)
LATER_KEYS = ("is_off_scale",)
"""Columns that came later stand behind the others: some read them by their place."""
BOX_KEYS = ("x0_px", "y0_px", "x1_px", "y1_px")


def table_text(screening: Screening) -> str:
    """Return the cell table and the verdict, without a newline at the end."""
    rows = result_object(screening)["cells"]
    names = [on_terminal(r["image"]) for r in rows]
    width = max([5, *map(len, names)])
    lines = [f"{'cell':>5}  {'image':<{width}}  {'call':<8} {'p(blast)':>8}  sightings"]
    for row, name in zip(rows, names, strict=True):
        note = "" if row["counted"] else "  cut off, not counted"
        note += f"  {message('off-scale').said()}" if row["is_off_scale"] else ""
        lines.append(
            f"{row['id']:>5}  {name:<{width}}  {row['call']:<8} "
            f"{row['p_blast']:>8.3f}  {row['n_sightings']:>9}{note}"
        )
    lines += ["", *(f"{label}: {text}" for label, text in _fact_rows(screening))]
    lines += [
        "",
        *_left_out_lines(screening),
        *_fallback_lines(screening),
        message("preliminary").said(),
        screening.sentence,
        *screening.notes,
        INTENDED_USE,
    ]
    return "\n".join(lines)


def _fact_rows(screening: Screening) -> list[tuple[str, str]]:
    """Return the facts; notes stand below the verdict."""
    rows = (f.row() for f in list_facts(version_of(screening)) if f.id != "note")
    return [(label, on_terminal(text)) for label, text in rows]


def _left_out_lines(screening: Screening) -> list[str]:
    left_out = sum(i.status != "screened" for i in screening.images)
    if left_out == 0:
        return []
    return [f"{left_out} of {len(screening.images)} images were not screened."]


def _fallback_lines(screening: Screening) -> list[str]:
    reason = screening.model.fallback
    return [f"Ran on the CPU: {reason}."] if reason else []


def cells_csv_bytes(screening: Screening) -> bytes:
    """Return the cells of a screening as CSV."""
    rows = result_object(screening)["cells"]
    values = (
        [*(row[k] for k in CSV_KEYS), *row["box_px"], *(row[k] for k in LATER_KEYS)]
        for row in rows
    )
    version = version_of(screening)
    headings = (*said_marks(version), *fact_headings(version))
    return csv_bytes((*CSV_KEYS, *BOX_KEYS, *LATER_KEYS), values, marks=headings)


def csv_bytes(
    keys: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    marks: Sequence[str] = (),
) -> bytes:
    """Return a table as CSV, harmless to a spreadsheet.

    Text that a spreadsheet would run gets a quote in front. The intended use is the
    heading of a last, empty column, so that it stands in a table without rows too.

    Args:
        keys: Headings.
        rows: Values, in the order of the headings.
        marks: What else must stand in it, as headings of further empty columns.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    heads = [*(_harmless(m) for m in marks), INTENDED_USE]
    writer.writerow([*keys, *heads])
    for row in rows:
        if len(row) != len(keys):
            raise ValueError(f"{len(row)} values under {len(keys)} headings")
        writer.writerow([*(_harmless(v) for v in row), *[""] * len(heads)])
    return out.getvalue().encode()


def _harmless(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
