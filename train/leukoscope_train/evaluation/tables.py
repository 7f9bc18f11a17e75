"""Figures as Markdown tables, aligned, so that a terminal shows them well too."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leukoscope_train.evaluation.slides import SHOWN_FRACTIONS, SlideRow

TEMPLATES = Path(__file__).parents[1] / "templates"

HEAD = ("weighted_f1", "auroc", "sensitivity", "specificity", "ece")
"""Of the short table; the JSON holds all figures."""


def markdown_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return an aligned Markdown table, without a line break at its end."""
    rows = [list(head), *map(list, lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(w.ljust(n) for w, n in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def with_interval(values: Sequence[float | None]) -> str:
    """Return `0.812 (0.744 to 0.871)`, or what of it is known."""
    value, low, high = (math.nan if v is None else v for v in values)
    if math.isnan(value):
        return "none"
    if math.isnan(low):
        return f"{value:.3f}"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def model_table(rows: Sequence[dict[str, Any]], names: Sequence[str] = HEAD) -> str:
    """Return the table of `report.model_row` rows."""
    head = ["model", "cells", "people", *(n.replace("_", " ") for n in names)]
    lines = [
        [
            row["model"],
            str(row["n_cells"]),
            str(row["n_people"]),
            *(with_interval(row["pooled"][name]) for name in names),
        ]
        for row in rows
    ]
    return markdown_table(head, lines)


def people_table(
    rows: list[dict[str, Any]], by_size: Sequence[dict[str, Any]] = ()
) -> str:
    """Return the calls of every person: people differ more than cells.

    Args:
        rows: What a model calls them.
        by_size: What the size of the cell alone calls them, for one more column.
    """
    size = {row["person"]: f"{row['blast']:.2f}" for row in by_size}
    lines = [
        [
            row["person"],
            "ALL" if row["label"] else "normal",
            str(row["n_cells"]),
            *(f"{row[name]:.2f}" for name in ("blast", "normal", "unclear")),
            *([size[row["person"]]] if size else []),
        ]
        for row in sorted(rows, key=lambda r: (r["label"], r["blast"]))
    ]
    head = ["person", "truth", "cells", "called blast", "called normal", "unclear"]
    return markdown_table(head + ["called blast by size alone"] * bool(size), lines)


def elsewhere_table(rows: list[dict[str, Any]]) -> str:
    """Return the calls on other laboratories' cells, as `tools/` measured them."""
    lines = [
        [
            row["set"],
            row["truth"],
            f"{row['n_images']} ({row['n_without']})",
            str(row["n_cells"]),
            *(f"{row[name]:.3f}" for name in ("blast", "normal", "unclear", "unlike")),
            " / ".join(f"{share:.2f}" for share in row["by_image"]),
        ]
        for row in rows
    ]
    head = ["set", "truth", "images (no cell found)", "cells"]
    head += ["called blast", "called normal", "unclear", "of it unlike all known"]
    return markdown_table([*head, "blast by image, quartiles"], lines)


def flow_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return how many people and cells of each class stood after each step."""
    lines = [
        [row["step"]]
        + [
            str(row[count][truth] or "")
            for truth in ("blast", "normal")
            for count in ("n_people", "n_cells")
        ]
        for row in rows
    ]
    head = ["step", "people with ALL", "their cells", "healthy people", "normal cells"]
    return markdown_table(head, lines)


def confusion_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the cells of each truth by what they were called, at 0.5."""
    lines = [
        [row["model"], truth, str(counts[0]), str(counts[1])]
        for row in rows
        for truth, counts in zip(("normal", "blast"), row["confusion"], strict=True)
    ]
    return markdown_table(["model", "truth", "called normal", "called blast"], lines)


def slide_table(rows: Sequence[SlideRow]) -> str:
    """Return the background of a slide, and which patients rise above it."""
    lines = [
        [
            str(row.n_cells),
            str(row.background),
            *(f"{share:.2f}" for share in row.found),
            "none" if row.least is None else f"{100 * row.least:.0f} %",
        ]
        for row in rows
    ]
    shares = [f"{100 * fraction:.0f} % blasts" for fraction in SHOWN_FRACTIONS]
    head = ["cells counted", "calls that are background", *shares]
    return markdown_table([*head, "found in 95 of 100 from"], lines)


def markdown_templates() -> Environment:
    """Return the templates of our documents; a name that nobody gave is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown of our own figures, no page
    )
