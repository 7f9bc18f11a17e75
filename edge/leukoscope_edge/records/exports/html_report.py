"""A slide's report as one HTML file that opens anywhere, offline; and for the page.

Pictures and style are inside the file. The template escapes names from outside. No
script, no font, no style from elsewhere. In another language than English, the verdict
and the intended use stand in English too, as on paper.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from leukoscope_edge.i18n import ENGLISH, Language, unbroken
from leukoscope_edge.records.exports.cell_words import capital
from leukoscope_edge.records.exports.differential_table import HEADS, table
from leukoscope_edge.records.exports.facts import list_facts, origins
from leukoscope_edge.records.exports.report_words import (
    caption_of,
    said_changes,
    said_marks,
    said_sample,
    said_verdict,
)
from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.exports.screening_version import version_of, views_of
from leukoscope_edge.records.exports.slide_version import SlideVersion
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.screening_result import Screening

PACKAGE = "leukoscope_edge.records.exports"
BAR_UM = 10
STATUS_WORDS = {"refused": "not usable", "skipped": "left out"}
Gallery = tuple[str, Sequence[CellRecord]]


def report_loader() -> PackageLoader:
    """Return where the templates of the report lie, for whoever includes them."""
    return PackageLoader(PACKAGE)


@cache
def _environment() -> Environment:
    made = Environment(loader=report_loader(), autoescape=select_autoescape())
    made.filters["capital"] = capital
    return made


@cache
def _style() -> str:
    folder = resources.files(PACKAGE) / "templates"
    return (folder / "report.css").read_text("utf-8")


def page_of(template: str, **values: Any) -> bytes:
    """Return another page of these templates, with the report's style inside."""
    made = _environment().get_template(template).render(style=_style(), **values)
    return unbroken(made).encode()


def report_bytes(screening: Screening, language: Language = ENGLISH) -> bytes:
    """Return the contact sheet of a screening as a UTF-8 HTML file."""
    version = replace(version_of(screening), views=views_of(screening))
    return html_bytes(version, language, every_cell(version, language))


def html_bytes(
    version: SlideVersion, language: Language, galleries: Sequence[Gallery]
) -> bytes:
    """Return a version of a slide as a UTF-8 HTML file with its pictures inside."""
    values = report_values(version, language, galleries, picture=_inside(version))
    template = _environment().get_template("report.html")
    use = language(INTENDED_USE)
    made = template.render(
        _=language, language=language, intended_use=use, style=_style(), **values
    )
    return unbroken(made).encode()


def report_values(
    version: SlideVersion,
    language: Language,
    galleries: Sequence[Gallery],
    picture: Callable[[CellRecord], str],
) -> dict[str, Any]:
    """Return what the template `slide_report.html` shows.

    Args:
        version: One version of a slide.
        language: Of the report.
        galleries: Titles, each with the cells under it.
        picture: Where a cell's picture is.
    """
    origin = version.record.origin
    has_bar = origin.scale_um_per_px is not None
    return {
        "version": version,
        "english_use": INTENDED_USE,
        "verdict": said_verdict(version, language),
        "marks": list(said_marks(version, language)),
        "sample": said_sample(version, language),
        "facts": [f for f in list_facts(version) if not f.group],
        "differential": table(version),
        "comparison": [f for f in list_facts(version) if f.group == "comparison"],
        "heads": HEADS,
        "origins": origins(version),
        "changes": list(said_changes(version, language)),
        "galleries": galleries,
        "caption": lambda cell: caption_of(version, cell, language),
        "picture": picture,
        "bar_um": BAR_UM,
        "bar_percent": 100 * BAR_UM / origin.view_um if has_bar else 0,
        "status_words": STATUS_WORDS,
    }


def suspects(version: SlideVersion, language: Language) -> list[Gallery]:
    """Return the cells that belong on paper, under their title."""
    shown = [c for c in version.shown if c.id in version.views]
    return [(language("Cells that a person should see"), shown)]


def every_cell(version: SlideVersion, language: Language) -> list[Gallery]:
    """Return all cells, the most suspicious first, and those that were cut off."""
    order = sorted(version.record.cells, key=lambda c: -(c.p_blast or 0.0))
    counted = [c for c in order if c.is_counted]
    cut_off = [c for c in order if not c.is_counted]
    return [
        (language("Cells, most suspicious first"), counted),
        (language("Cut off by the edge of the image, not counted"), cut_off),
    ]


def _inside(version: SlideVersion) -> Callable[[CellRecord], str]:
    def picture(cell: CellRecord) -> str:
        data = version.views[cell.id]
        kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
        return f"data:image/{kind};base64," + base64.b64encode(data).decode()

    return picture
