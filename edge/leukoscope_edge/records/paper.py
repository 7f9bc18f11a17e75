"""The report on paper: one slide, one version, as a PDF file.

Every picture that a person should see is on it, with the number, its interval, the
model's limits, and a code that finds this version in the device's audit trail.
"""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import segno

from leukoscope_edge.records.dossier import Dossier, open_dossier
from leukoscope_edge.records.files import write_whole
from leukoscope_edge.records.fonts import Fonts, find_fonts
from leukoscope_edge.records.result import INTENDED_USE
from leukoscope_edge.records.sheet import INK, MARGIN_MM, RGB, WIDTH_MM, Sheet
from leukoscope_edge.records.slide import CellRecord, Outcome, Word
from leukoscope_edge.records.store import Store

PICTURES_A_ROW, PICTURE_MM, CAPTION_MM = 6, 27.0, 11.0
GAP_MM = (WIDTH_MM - PICTURES_A_ROW * PICTURE_MM) / (PICTURES_A_ROW - 1)
BAR_UM, BAR_MM = 10, 0.9
QR_MM = 27.0
PALE: RGB = (233, 239, 245)
WARNING: RGB = (138, 60, 0)
SIMULATION: RGB = (122, 31, 162)
WORDS = {
    Word.BLAST: "blast-like",
    Word.NORMAL: "normal",
    Word.UNCLEAR: "unclear",
    Word.NOT_A_CELL: "not a cell",
}


def write_paper(store: Store, slide: str, by: str) -> Path:
    """Write the report of a slide's newest version into the records' folder.

    Args:
        store: The records.
        slide: The slide.
        by: Who asked for it.

    Returns:
        The file, whole and synced.

    Raises:
        StepError: The slide is still being counted.
        OutputError: It cannot be written.
    """
    dossier = open_dossier(store, slide)
    data = paper_bytes(dossier)
    path = store.report_path(slide, dossier.version)
    write_whole(path, data, mode=0o600)
    store.note_export(slide, path.name, hashlib.sha256(data).hexdigest(), by)
    return path


def paper_bytes(dossier: Dossier, *, fonts: Fonts | None = None) -> bytes:
    """Return the report as a PDF file.

    Args:
        dossier: One version of a slide.
        fonts: What to print with; None looks for what the texts need.
    """
    record = dossier.record
    title = f"Leukoscope report, slide {record.id}, version {dossier.version}"
    sheet = Sheet(
        title=title,
        foot=(INTENDED_USE, f"{title}, audit code {dossier.code}"),
        fonts=fonts or find_fonts(_outside_texts(dossier)),
    )
    _head(sheet, dossier)
    _facts(sheet, dossier)
    _limits(sheet, dossier)
    _pictures(sheet, dossier)
    _changes(sheet, dossier)
    _origin(sheet, dossier)
    return bytes(sheet.output())


def _outside_texts(dossier: Dossier) -> Iterator[str]:
    identity, record = dossier.identity, dossier.record
    if identity is not None:
        yield from (identity.sample, identity.name)
    yield from (dossier.comment, dossier.sentence, record.by)
    yield from (w for pair in record.details.items() for w in pair)
    yield from record.origin.limits


def _head(sheet: Sheet, dossier: Dossier) -> None:
    top = sheet.get_y()
    code = segno.make(_qr_text(dossier), error="m")
    png = io.BytesIO()
    code.save(png, kind="png", scale=4, border=2)
    x_mm = MARGIN_MM + WIDTH_MM - QR_MM
    sheet.picture(png.getvalue(), x_mm, top, QR_MM)
    sheet.line_of("Leukoscope report", size_pt=18, bold=True)
    version = f"version {dossier.version}"
    amended = ", amended: earlier versions are kept" if dossier.version > 1 else ""
    sheet.line_of(f"Slide {dossier.record.id}, {version}{amended}", size_pt=11)
    sheet.line_of(f"Audit code {dossier.code}", size_pt=11)
    sheet.set_y(top + QR_MM + 2)
    _banners(sheet, dossier)
    sheet.line_of(dossier.sentence, size_pt=14, bold=True, fill=PALE)


def _banners(sheet: Sheet, dossier: Dossier) -> None:
    if dossier.record.domain == "simulated":
        sheet.banner("SIMULATION: no blood was looked at", SIMULATION)
    if dossier.signature is None:
        sheet.banner("PRELIMINARY: the machine alone; no person has signed", WARNING)
    if sheet.chosen.regular is None:
        sheet.banner(
            "This device has no fonts beyond Latin: a ? stands for what it cannot "
            "print. Install Debian's fonts-noto-core.",
            WARNING,
            size_pt=9,
        )
    elif sheet.chosen.missing:
        names = ", ".join(sheet.chosen.missing)
        sheet.banner(f"Fonts are missing for some text: {names}", WARNING, size_pt=9)
    sheet.line_of(INTENDED_USE, size_pt=10, bold=True)
    sheet.ln(1.5)


def _qr_text(dossier: Dossier) -> str:
    origin = dossier.record.origin
    return (
        f"LEUKOSCOPE slide={dossier.record.id} version={dossier.version} "
        f"audit={dossier.code} device={dossier.device} model={origin.bundle} "
        f"sha256={origin.bundle_sha256}"
    )


def _facts(sheet: Sheet, dossier: Dossier) -> None:
    sheet.ln(2)
    for label, text in _fact_rows(dossier):
        sheet.row(label, text)


def _fact_rows(dossier: Dossier) -> Iterator[tuple[str, str]]:
    record, signature = dossier.record, dossier.signature
    if dossier.identity is None:
        yield "Sample", "erased" if record.is_erased else "not on this copy"
    else:
        yield "Sample", dossier.identity.sample
        if dossier.identity.name:
            yield "Name", dossier.identity.name
    yield from ((k.capitalize(), v) for k, v in record.details.items())
    yield "Started", f"{_time(record.started_at)} by {record.by}"
    if record.machine is not None:
        yield "Machine alone", _numbers(record.machine)
    if signature is not None:
        yield "After review", _numbers(signature.outcome)
        yield "Signed", f"by {signature.by}, {_time(signature.at)}"
    if dossier.comment:
        yield "Comment", dossier.comment
    frames = ", ".join(f"{n} {what}" for what, n in sorted(record.frames.items()))
    yield "Frames", frames or "not known"
    yield "Smudge cells", str(record.n_smudges)
    for note in record.notes:
        yield "Note", note


def _time(at: str) -> str:
    return at.replace("T", " ").replace("+00:00", " UTC by the device's clock")


def _numbers(outcome: Outcome) -> str:
    text = (
        f"{outcome.n_blast} of {outcome.n_cells} cells blast-like, "
        f"{outcome.n_unclear} unclear"
    )
    if outcome.blast_fraction_95 is None:
        return f"no result ({text})"
    low, high = outcome.blast_fraction_95
    return f"{text}; 95 % interval {100 * low:.1f} to {100 * high:.1f} %"


def _pictures(sheet: Sheet, dossier: Dossier) -> None:
    cells = [c for c in dossier.shown if c.id in dossier.views]
    if not cells:
        return
    view_um = dossier.record.origin.view_um
    has_bar = dossier.record.origin.scale_um_per_px is not None
    bar = f" (bar: {BAR_UM} µm)" if has_bar else ""
    sheet.heading(f"Cells that a person should see: {len(cells)}{bar}")
    for start in range(0, len(cells), PICTURES_A_ROW):
        if sheet.will_page_break(PICTURE_MM + CAPTION_MM):
            sheet.add_page()
        top = sheet.get_y()
        for i, cell in enumerate(cells[start : start + PICTURES_A_ROW]):
            x_mm = MARGIN_MM + i * (PICTURE_MM + GAP_MM)
            sheet.picture(dossier.views[cell.id], x_mm, top, PICTURE_MM)
            if has_bar:
                _bar(sheet, x_mm, top, BAR_UM / view_um * PICTURE_MM)
            caption_y_mm = top + PICTURE_MM + 0.5
            sheet.caption(_caption(cell), x_mm, caption_y_mm, PICTURE_MM)
        sheet.set_y(top + PICTURE_MM + CAPTION_MM)


def _bar(sheet: Sheet, x_mm: float, top_mm: float, length_mm: float) -> None:
    sheet.set_fill_color(*INK)
    sheet.set_draw_color(255, 255, 255)
    y_mm = top_mm + PICTURE_MM - 3 * BAR_MM
    sheet.rect(x_mm + 1.5, y_mm, length_mm, BAR_MM, style="DF")


def _caption(cell: CellRecord) -> str:
    if cell.call is None:
        model = "not seen by the model"
    else:
        model = f"model: {WORDS[Word(cell.call.value)]} {cell.p_blast:.2f}"
    person = f"person: {WORDS[cell.word]}" if cell.word else "person: not judged"
    return f"cell {cell.id}\n{model}\n{person}"


def _changes(sheet: Sheet, dossier: Dossier) -> None:
    if not dossier.changed:
        return
    sheet.heading("Where people and machine differ")
    groups: dict[str, list[str]] = {}
    for cell in dossier.changed:
        was = WORDS[Word(cell.call.value)] if cell.call else "not seen"
        label = f"{was}, now {WORDS[cell.final]}"
        groups.setdefault(label, []).append(f"{cell.id} ({cell.judged_by})")
    for label, cells in groups.items():
        sheet.row(label.capitalize(), "cells " + ", ".join(cells))


def _limits(sheet: Sheet, dossier: Dossier) -> None:
    if not dossier.record.origin.limits:
        return
    sheet.heading("Limits of this model")
    for limit in dossier.record.origin.limits:
        sheet.line_of(f"- {limit}", size_pt=9)


def _origin(sheet: Sheet, dossier: Dossier) -> None:
    origin = dossier.record.origin
    scale = origin.scale_um_per_px
    sheet.heading("What made this result")
    rows = {
        "Model": f"{origin.bundle}, sha256 {origin.bundle_sha256}",
        "Ran on": origin.engine,
        "Software": origin.software,
        "Camera": origin.camera,
        "Calibration": f"{origin.calibration}, "
        + (f"{scale:.4g} µm per pixel" if scale else "scale not known"),
        "Device": dossier.device,
    }
    for label, text in rows.items():
        sheet.row(label, text)
