"""The report on paper: one slide, one version, as a PDF file.

Every picture that a person should see is on it, with the number, its interval, the
model's limits, and a code that finds this version in the device's audit trail.

It is written in the language of whoever asked. The catalogues have not all been checked
by people who work in them, so the verdict and the intended use stand in English too.
"""

import hashlib
import io
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import segno

from leukoscope_edge.durable import write_whole
from leukoscope_edge.i18n import direction_of
from leukoscope_edge.messages import Say, message
from leukoscope_edge.records.exports.differential_table import HEADS, table
from leukoscope_edge.records.exports.facts import list_facts, origins
from leukoscope_edge.records.exports.fonts import Fonts, find_fonts
from leukoscope_edge.records.exports.pdf_layout import INK, MARGIN_MM, RGB, WIDTH_MM
from leukoscope_edge.records.exports.report_words import (
    caption_of,
    said_changes,
    said_marks,
    said_sample,
    said_verdict,
)
from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.exports.slide_version import SlideVersion, open_version
from leukoscope_edge.records.store import Store

if TYPE_CHECKING:
    from leukoscope_edge.records.exports.pdf_page import PdfPage

PDF_PAGE = "leukoscope_edge.records.exports.pdf_page"
PICTURES_A_ROW, PICTURE_MM, CAPTION_GAP_MM = 6, 27.0, 2.5
GAP_MM = (WIDTH_MM - PICTURES_A_ROW * PICTURE_MM) / (PICTURES_A_ROW - 1)
BAR_UM, BAR_MM = 10, 0.9
QR_MM = 27.0
DIFFERENTIAL_MM = (52.0, 18.0, 26.0, 32.0, 28.0, 24.0)
"""Widths of the differential's columns; together those of a line."""
MAX_POINTS_NAMED = 5
PALE: RGB = (233, 239, 245)
WARNING: RGB = (138, 60, 0)
SIMULATION: RGB = (122, 31, 162)
Rows = Iterable[tuple[str, str]]


def write_pdf(store: Store, slide: str, by: str, say: Say = str) -> Path:
    """Write the report of a slide's newest version into the records' folder.

    Args:
        store: The records.
        slide: The slide.
        by: Who asked for it.
        say: From English to the language of the paper.

    Returns:
        The file, whole and synced.

    Raises:
        StepError: The slide is still being counted.
        OutputError: It cannot be written.
    """
    version = open_version(store, slide)
    data = pdf_bytes(version, say=say)
    path = store.report_path(slide, version.number)
    write_whole(path, data, mode=0o600)
    store.log.note_export(slide, path.name, hashlib.sha256(data).hexdigest(), by)
    return path


def load_ahead() -> threading.Thread | None:
    """Load the PDF library beside, unless it is there: a paper is asked for soon."""
    if PDF_PAGE in sys.modules:
        return None
    thread = threading.Thread(target=import_module, args=(PDF_PAGE,))
    thread.start()
    return thread


def pdf_bytes(
    version: SlideVersion, *, fonts: Fonts | None = None, say: Say = str
) -> bytes:
    """Return the report as a PDF file.

    Args:
        version: One version of a slide.
        fonts: What to print with; None looks for what the texts need.
        say: From English to the language of the paper. Where the system has no font
            for it, the paper is in English and says so.
    """
    # The PDF library takes 23 MB and a third of a second: not before a report is near.
    from leukoscope_edge.records.exports.pdf_page import PdfPage

    use = say(INTENDED_USE)
    fonts = fonts or find_fonts((*_outside_texts(version), use))
    is_printable = fonts.covers(use)
    say = say if is_printable else str
    slide, number = version.record.id, version.number
    title = message("report-of", slide=slide, n=number).said(say)
    code = message("audit-code", code=version.code).said(say)
    uses = dict.fromkeys((say(INTENDED_USE), INTENDED_USE))
    sheet = PdfPage(
        title=title,
        foot=(*uses, f"{title}, {code}"),
        page_of=say("Page {n} of {m}"),
        fonts=fonts,
        is_right_to_left=direction_of(say) == "rtl",
    )
    known = list_facts(version)
    _head(sheet, version, say)
    if not is_printable:
        sheet.banner("IN ENGLISH: no font for the chosen language", WARNING)
    _banners(sheet, version, say, uses)
    sheet.ln(2)
    _rows(sheet, (f.row(say) for f in known if not f.group))
    _differential(sheet, version, say)
    _two_readers(sheet, [f.row(say) for f in known if f.group == "comparison"], say)
    _limits(sheet, version, say)
    _pictures(sheet, version, say)
    _changes(sheet, version, say)
    sheet.heading(say("What made this result"))
    _rows(sheet, (f.row(say) for f in origins(version)))
    sheet.signature_line(say("Date and signature"))
    return bytes(sheet.output())


def _outside_texts(version: SlideVersion) -> Iterator[str]:
    identity, record = version.identity, version.record
    if identity is not None:
        yield from (identity.sample, identity.name, identity.number)
    if version.laboratory is not None:
        yield from version.laboratory.lines
    yield from (version.comment, version.sentence, record.by)
    yield from (text for _, _, text in version.remarks)
    yield from (w for pair in record.details.items() for w in pair)
    yield from record.origin.limits


def _head(sheet: "PdfPage", version: SlideVersion, say: Say) -> None:
    if version.laboratory is not None:
        name, *rest = version.laboratory.lines
        sheet.line_of(name, size_pt=12, bold=True)
        for line in rest:
            sheet.line_of(line, size_pt=9)
        sheet.ln(2)
    top = sheet.get_y()
    sheet.picture_at_end(qr_png(version), top, QR_MM)
    sheet.line_of(say("Leukoscope report"), size_pt=18, bold=True)
    slide, number = version.record.id, version.number
    text = message("slide-version", slide=slide, n=number).said(say)
    if version.number > 1:
        text += ", " + say("amended: earlier versions are kept")
    sheet.line_of(text, size_pt=11)
    sheet.line_of(f"{say('Audit code')} {version.code}", size_pt=11)
    sheet.line_of(said_sample(version, say), size_pt=11)
    sheet.set_y(top + QR_MM + 2)


def _banners(
    sheet: "PdfPage", version: SlideVersion, say: Say, uses: Iterable[str]
) -> None:
    if version.record.domain == "simulated":
        sheet.banner(say("SIMULATION: no blood was looked at"), SIMULATION)
    for text in said_marks(version, say):
        sheet.banner(text, WARNING)
    lost = sheet.unprintable(_outside_texts(version))
    if lost:
        points = ", ".join(f"U+{ord(c):04X}" for c in lost[:MAX_POINTS_NAMED])
        sheet.banner(
            f"{len(lost)} characters cannot be printed here ({points}): install "
            "Debian's fonts-noto-core, or the font of that script",
            WARNING,
            size_pt=9,
        )
    for use in uses:
        sheet.line_of(use, size_pt=10, bold=True)
    sheet.ln(1.5)
    sentence = said_verdict(version, say)
    sheet.line_of(sentence, size_pt=14, bold=True, fill=PALE)
    if sentence != version.sentence:
        sheet.line_of(version.sentence, size_pt=9)
    if version.record.void is None:
        sheet.line_of(version.read.said(say), size_pt=11)


def qr_png(version: SlideVersion) -> bytes:
    """Return the code that finds this version again, as a PNG file."""
    png = io.BytesIO()
    segno.make(_qr_text(version), error="m").save(png, kind="png", scale=4, border=2)
    return png.getvalue()


def _qr_text(version: SlideVersion) -> str:
    origin = version.record.origin
    return (
        f"LEUKOSCOPE slide={version.record.id} version={version.number} "
        f"audit={version.code} device={version.device} model={origin.bundle} "
        f"sha256={origin.bundle_sha256}"
    )


def _rows(sheet: "PdfPage", rows: Rows) -> None:
    for label, text in rows:
        sheet.row(label, text)


def _pictures(sheet: "PdfPage", version: SlideVersion, say: Say) -> None:
    cells = [c for c in version.shown if c.id in version.views]
    if not cells:
        return
    view_um = version.record.origin.view_um
    has_bar = version.record.origin.scale_um_per_px is not None
    bar = f" ({say('bar')}: {BAR_UM} µm)" if has_bar else ""
    n = str(len(cells))
    if version.n_suspects > len(cells):
        n += f" / {version.n_suspects}"
    captions = {c.id: "\n".join(caption_of(version, c, say)) for c in cells}
    rows = [cells[i : i + PICTURES_A_ROW] for i in range(0, len(cells), PICTURES_A_ROW)]
    heights_mm = [
        PICTURE_MM
        + max(sheet.caption_height_mm(captions[c.id], PICTURE_MM) for c in row)
        + CAPTION_GAP_MM
        for row in rows
    ]
    title = f"{say('Cells that a person should see')}: {n}{bar}"
    sheet.heading(title, with_mm=heights_mm[0])
    for row, height_mm in zip(rows, heights_mm, strict=True):
        if sheet.will_page_break(height_mm):
            sheet.add_page()
        top = sheet.get_y()
        for i, cell in enumerate(row):
            x_mm = MARGIN_MM + i * (PICTURE_MM + GAP_MM)
            sheet.picture(version.views[cell.id], x_mm, top, PICTURE_MM)
            if has_bar:
                _bar(sheet, x_mm, top, BAR_UM / view_um * PICTURE_MM)
            sheet.caption(captions[cell.id], x_mm, top + PICTURE_MM + 0.5, PICTURE_MM)
        sheet.set_y(top + height_mm)


def _bar(sheet: "PdfPage", x_mm: float, top_mm: float, length_mm: float) -> None:
    sheet.set_fill_color(*INK)
    sheet.set_draw_color(255, 255, 255)
    y_mm = top_mm + PICTURE_MM - 3 * BAR_MM
    sheet.rect(x_mm + 1.5, y_mm, length_mm, BAR_MM, style="DF")


def _changes(sheet: "PdfPage", version: SlideVersion, say: Say) -> None:
    changes = list(said_changes(version, say))
    if changes:
        sheet.heading(say("Where people and machine differ"))
        _rows(sheet, changes)


def _differential(sheet: "PdfPage", version: SlideVersion, say: Say) -> None:
    rows = table(version)
    if not rows:
        return
    sheet.heading(say("Differential"))
    sheet.columns([say(h) for h in HEADS], DIFFERENTIAL_MM, bold=True)
    for row in rows:
        sheet.columns(row.cells(say), DIFFERENTIAL_MM)


def _two_readers(sheet: "PdfPage", rows: Sequence[tuple[str, str]], say: Say) -> None:
    if rows:
        sheet.heading(say("Two readers, each of cells of their own"))
        sheet.line_of(
            say(
                "Within chance: each share lies within the exact 95 % limits of the "
                "other (Clopper-Pearson, as in the table of Ruemke)."
            ),
            size_pt=9,
        )
        _rows(sheet, rows)


def _limits(sheet: "PdfPage", version: SlideVersion, say: Say) -> None:
    if not version.record.origin.limits:
        return
    sheet.heading(say("Limits of this model"))
    for limit in version.record.origin.limits:
        sheet.line_of(f"- {say(limit)}", size_pt=9)
