"""Figures as Markdown tables, aligned, so that a terminal shows them well too."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

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
