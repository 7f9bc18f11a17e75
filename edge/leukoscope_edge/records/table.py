"""The screening as plain text for a terminal, and as CSV."""

import csv
import io

from leukoscope_edge.records.result import INTENDED_USE, result_object
from leukoscope_edge.types import Screening

CSV_KEYS = ("id", "image", "call", "p_blast", "counted", "n_sightings")


def table_text(screening: Screening) -> str:
    """Return the cell table and the verdict, without a newline at the end."""
    rows = result_object(screening)["cells"]
    width = max([5, *(len(r["image"]) for r in rows)])
    lines = [f"{'cell':>5}  {'image':<{width}}  {'call':<8} {'p(blast)':>8}  sightings"]
    for row in rows:
        note = "" if row["counted"] else "  cut off, not counted"
        lines.append(
            f"{row['id']:>5}  {row['image']:<{width}}  {row['call']:<8} "
            f"{row['p_blast']:>8.3f}  {row['n_sightings']:>9}{note}"
        )
    lines += ["", *_left_out_lines(screening), screening.sentence]
    lines += [*screening.notes, INTENDED_USE]
    return "\n".join(lines)


def _left_out_lines(screening: Screening) -> list[str]:
    left_out = sum(i.status != "screened" for i in screening.images)
    if left_out == 0:
        return []
    return [f"{left_out} of {len(screening.images)} images were not screened."]


def cells_csv_bytes(screening: Screening) -> bytes:
    """Return the cells as CSV; text that a spreadsheet would run is made harmless."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*CSV_KEYS, "x0_px", "y0_px", "x1_px", "y1_px"])
    for row in result_object(screening)["cells"]:
        values = [_harmless(row[k]) for k in CSV_KEYS]
        writer.writerow([*values, *row["box_px"]])
    return out.getvalue().encode()


def _harmless(value: object) -> object:
    if isinstance(value, str) and value[:1] in "=+-@\t\r":
        return "'" + value
    return value
