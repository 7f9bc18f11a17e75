"""The report on paper: one slide, one version, as a PDF file.

Every picture that a person should see is on it, with the number, its interval, the
model's limits, and a code that finds this version in the device's audit trail.

It is written in the language of whoever asked. The catalogues have not all been checked
by people who work in them, so the verdict and the intended use stand in English too.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import segno

from leukoscope_edge.durable import write_whole
from leukoscope_edge.records.exports.cell_words import WORDS, model_said
from leukoscope_edge.records.exports.fonts import Fonts, find_fonts, is_right_to_left
from leukoscope_edge.records.exports.pdf_layout import INK, MARGIN_MM, RGB, WIDTH_MM
from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.exports.slide_version import Dossier, open_dossier
from leukoscope_edge.records.slides.slide import CellRecord, Outcome, SlideRecord
from leukoscope_edge.records.store import Store
from leukoscope_edge.sample import AgeGroup, SampleType
from leukoscope_edge.types import Word

if TYPE_CHECKING:
    from leukoscope_edge.records.exports.pdf_page import Sheet

PICTURES_A_ROW, PICTURE_MM, CAPTION_GAP_MM = 6, 27.0, 2.5
GAP_MM = (WIDTH_MM - PICTURES_A_ROW * PICTURE_MM) / (PICTURES_A_ROW - 1)
BAR_UM, BAR_MM = 10, 0.9
QR_MM = 27.0
MAX_POINTS_NAMED = 5
PALE: RGB = (233, 239, 245)
WARNING: RGB = (138, 60, 0)
SIMULATION: RGB = (122, 31, 162)
SAMPLE_TYPES = {SampleType.BLOOD: "Blood", SampleType.MARROW: "Marrow"}
AGES = {
    AgeGroup.CHILD: "Child",
    AgeGroup.ADULT: "Adult",
    AgeGroup.UNKNOWN: "Age not known",
}
Say = Callable[[str], str]
"""From English to the language of the paper."""
Rows = Iterable[tuple[str, str]]


def write_paper(store: Store, slide: str, by: str, say: Say = str) -> Path:
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
    dossier = open_dossier(store, slide)
    data = paper_bytes(dossier, say=say)
    path = store.report_path(slide, dossier.version)
    write_whole(path, data, mode=0o600)
    store.note_export(slide, path.name, hashlib.sha256(data).hexdigest(), by)
    return path


def paper_bytes(
    dossier: Dossier, *, fonts: Fonts | None = None, say: Say = str
) -> bytes:
    """Return the report as a PDF file.

    Args:
        dossier: One version of a slide.
        fonts: What to print with; None looks for what the texts need.
        say: From English to the language of the paper. Where the system has no font
            for it, the paper is in English and says so.
    """
    # The PDF library takes 23 MB and a third of a second: not before the first report.
    from leukoscope_edge.records.exports.pdf_page import Sheet

    use = say(INTENDED_USE)
    fonts = fonts or find_fonts((*_outside_texts(dossier), use))
    is_printable = fonts.covers(use)
    say = say if is_printable else str
    title = say("Leukoscope report, slide {slide}, version {n}")
    title = title.format(slide=dossier.record.id, n=dossier.version)
    code = say("audit code {code}").format(code=dossier.code)
    uses = dict.fromkeys((say(INTENDED_USE), INTENDED_USE))
    sheet = Sheet(
        title=title,
        foot=(*uses, f"{title}, {code}"),
        page_of=say("Page {n} of {m}"),
        fonts=fonts,
        is_right_to_left=is_right_to_left(say(INTENDED_USE)),
    )
    _head(sheet, dossier, say)
    if not is_printable:
        sheet.banner("IN ENGLISH: no font for the chosen language", WARNING)
    _banners(sheet, dossier, say, uses)
    sheet.ln(2)
    _rows(sheet, fact_rows(dossier, say))
    _limits(sheet, dossier, say)
    _pictures(sheet, dossier, say)
    _changes(sheet, dossier, say)
    sheet.heading(say("What made this result"))
    _rows(sheet, origin_rows(dossier, say))
    return bytes(sheet.output())


def _outside_texts(dossier: Dossier) -> Iterator[str]:
    identity, record = dossier.identity, dossier.record
    if identity is not None:
        yield from (identity.sample, identity.name)
    yield from (dossier.comment, dossier.sentence, record.by)
    yield from (w for pair in record.details.items() for w in pair)
    yield from record.origin.limits


def _head(sheet: "Sheet", dossier: Dossier, say: Say) -> None:
    top = sheet.get_y()
    sheet.picture_at_end(qr_png(dossier), top, QR_MM)
    sheet.line_of(say("Leukoscope report"), size_pt=18, bold=True)
    version = say("Slide {slide}, version {n}")
    text = version.format(slide=dossier.record.id, n=dossier.version)
    if dossier.version > 1:
        text += ", " + say("amended: earlier versions are kept")
    sheet.line_of(text, size_pt=11)
    sheet.line_of(f"{say('Audit code')} {dossier.code}", size_pt=11)
    sheet.line_of(said_sample(dossier, say), size_pt=11)
    sheet.set_y(top + QR_MM + 2)


def _banners(sheet: "Sheet", dossier: Dossier, say: Say, uses: Iterable[str]) -> None:
    if dossier.record.domain == "simulated":
        sheet.banner(say("SIMULATION: no blood was looked at"), SIMULATION)
    for text in said_marks(dossier, say):
        sheet.banner(text, WARNING)
    lost = sheet.unprintable(_outside_texts(dossier))
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
    sentence = said_verdict(dossier, say)
    sheet.line_of(sentence, size_pt=14, bold=True, fill=PALE)
    if sentence != dossier.sentence:
        sheet.line_of(dossier.sentence, size_pt=9)
    if dossier.record.void is None:
        sheet.line_of(dossier.read.said(say), size_pt=11)


def said_verdict(dossier: Dossier, say: Say) -> str:
    """Return the verdict's sentence in a language, marked where nothing is real."""
    is_simulated = dossier.record.domain == "simulated"
    mark = f"{say('SIMULATION')}: " if is_simulated else ""
    return mark + dossier.outcome.said(say)


def said_marks(dossier: Dossier, say: Say = str) -> Iterator[str]:
    """Yield what must be seen first: void, unsigned, amended, being amended."""
    if dossier.signature is None and dossier.record.void is None:
        yield say("PRELIMINARY: the machine alone; no person has signed")
    for mark in dossier.marks:
        yield mark.said(say)


def said_sample(dossier: Dossier, say: Say = str) -> str:
    """Return what was smeared and whose age group it is of, for the head of a page."""
    facts = dossier.record.facts
    type_ = facts.sample_type
    smeared = SAMPLE_TYPES[type_] if type_ else "Blood or marrow: not said"
    label = dossier.identity.sample if dossier.identity else ""
    return ", ".join(filter(None, (label, say(smeared), say(AGES[facts.age]))))


def qr_png(dossier: Dossier) -> bytes:
    """Return the code that finds this version again, as a PNG file."""
    png = io.BytesIO()
    segno.make(_qr_text(dossier), error="m").save(png, kind="png", scale=4, border=2)
    return png.getvalue()


def _qr_text(dossier: Dossier) -> str:
    origin = dossier.record.origin
    return (
        f"LEUKOSCOPE slide={dossier.record.id} version={dossier.version} "
        f"audit={dossier.code} device={dossier.device} model={origin.bundle} "
        f"sha256={origin.bundle_sha256}"
    )


def _rows(sheet: "Sheet", rows: Rows) -> None:
    for label, text in rows:
        sheet.row(label, text)


def fact_rows(dossier: Dossier, say: Say = str) -> Iterator[tuple[str, str]]:
    """Yield what is known of a slide: a label and what belongs to it."""
    record, signature = dossier.record, dossier.signature
    if dossier.identity is None:
        yield say("Sample"), say("erased" if record.is_erased else "not on this copy")
    else:
        yield say("Sample"), dossier.identity.sample
        if dossier.identity.name:
            yield say("Name"), dossier.identity.name
    yield from said_facts(record, say)
    for what, value in record.details.items():
        if what != "age":  # of an older program; among the facts now
            yield say(_capital(what)), _detail(value, say)
    yield say("Started"), _at_by(record.started_at, record.by, say)
    if record.void is None:
        yield say("Read by people"), dossier.read.said(say)
    if record.machine is not None:
        yield say("Machine alone"), _numbers(record.machine, say)
    if signature is not None:
        yield say("After review"), _numbers(signature.outcome, say)
        yield say("Signed"), _at_by(signature.at, signature.by, say)
    if record.n_readers > 1:
        yield say("Readers"), _agreement(dossier, say)
    if dossier.comment:
        yield say("Comment"), dossier.comment
    frames = (f"{n} {say(what)}" for what, n in sorted(record.frames.items()))
    yield say("Frames"), ", ".join(frames) or say("not known")
    yield say("Smudge cells"), str(record.n_smudges)
    for note in record.notes:
        yield say("Note"), say(note)


def _agreement(dossier: Dossier, say: Say) -> str:
    cells = [c for c in dossier.record.cells if len(c.words) > 1]
    same = [c for c in cells if len({word for _, word in c.words}) == 1]
    return say(
        "{who}: judged alike {k} of {n} cells; {m} settled by a supervisor"
    ).format(
        who=", ".join(dossier.record.readers),
        k=len(same),
        n=len(cells),
        m=len(cells) - len(same) - len(dossier.record.disputed),
    )


def said_facts(record: SlideRecord, say: Say) -> Rows:
    """Yield what the rules of the verdict ask."""
    facts = record.facts
    type_ = facts.sample_type
    yield say("Sample type"), say(SAMPLE_TYPES[type_] if type_ else "not known")
    yield say("Age"), say(AGES[facts.age])
    is_passive = facts.mode == "passive"
    yield say("Reading"), say("Passive watch" if is_passive else "Count")
    if facts.is_leukopenic:
        yield say("White cells"), say("Few")
    is_own = record.site is not None
    yield (
        say("Background"),
        say("This site's own normal slides" if is_own else "The model's normal slides"),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _detail(value: str, say: Say) -> str:
    said = say("not known" if value == "unknown" else _capital(value))
    return value if said == _capital(value) else said


def _at_by(at: str, by: str, say: Say) -> str:
    time = at.replace("T", " ").replace("+00:00", "")
    return say("{time} UTC by the device's clock, by {name}").format(time=time, name=by)


def _numbers(outcome: Outcome, say: Say) -> str:
    text = say("{k} of {n} cells blast-like, {m} unclear").format(
        k=outcome.n_blast, n=outcome.n_cells, m=outcome.n_unclear
    )
    if outcome.blast_fraction_95 is None:
        return say("no result ({what})").format(what=text)
    low, high = (f"{100 * x:.1f}" for x in outcome.blast_fraction_95)
    return say("{what}; 95 % interval {low} to {high} %").format(
        what=text, low=low, high=high
    )


def _pictures(sheet: "Sheet", dossier: Dossier, say: Say) -> None:
    cells = [c for c in dossier.shown if c.id in dossier.views]
    if not cells:
        return
    view_um = dossier.record.origin.view_um
    has_bar = dossier.record.origin.scale_um_per_px is not None
    bar = f" ({say('bar')}: {BAR_UM} µm)" if has_bar else ""
    sheet.heading(f"{say('Cells that a person should see')}: {len(cells)}{bar}")
    captions = {c.id: "\n".join(caption_of(c, say)) for c in cells}
    for start in range(0, len(cells), PICTURES_A_ROW):
        row = cells[start : start + PICTURES_A_ROW]
        heights_mm = (sheet.caption_height_mm(captions[c.id], PICTURE_MM) for c in row)
        height_mm = PICTURE_MM + max(heights_mm) + CAPTION_GAP_MM
        if sheet.will_page_break(height_mm):
            sheet.add_page()
        top = sheet.get_y()
        for i, cell in enumerate(row):
            x_mm = MARGIN_MM + i * (PICTURE_MM + GAP_MM)
            sheet.picture(dossier.views[cell.id], x_mm, top, PICTURE_MM)
            if has_bar:
                _bar(sheet, x_mm, top, BAR_UM / view_um * PICTURE_MM)
            sheet.caption(captions[cell.id], x_mm, top + PICTURE_MM + 0.5, PICTURE_MM)
        sheet.set_y(top + height_mm)


def _bar(sheet: "Sheet", x_mm: float, top_mm: float, length_mm: float) -> None:
    sheet.set_fill_color(*INK)
    sheet.set_draw_color(255, 255, 255)
    y_mm = top_mm + PICTURE_MM - 3 * BAR_MM
    sheet.rect(x_mm + 1.5, y_mm, length_mm, BAR_MM, style="DF")


def caption_of(cell: CellRecord, say: Say = str) -> tuple[str, str, str]:
    """Return what stands under a cell's picture: its id, the model's word, ours."""
    if cell.call is None:
        model = say("not seen by the model")
    else:
        model = model_said(cell.call, cell.p_blast or 0.0, say)
    person = say(WORDS[cell.word] if cell.word else "not judged")
    return f"{say('cell')} {cell.id}", model, f"{say('person')}: {person}"


def _changes(sheet: "Sheet", dossier: Dossier, say: Say) -> None:
    if not dossier.changed:
        return
    sheet.heading(say("Where people and machine differ"))
    groups: dict[str, list[str]] = {}
    for cell in dossier.changed:
        was = say(WORDS[Word(cell.call.value)] if cell.call else "not seen")
        label = say("{what}, now {word}").format(what=was, word=say(WORDS[cell.final]))
        groups.setdefault(label, []).append(f"{cell.id} ({cell.judged_by})")
    for label, cells in groups.items():
        sheet.row(_capital(label), f"{say('cells')} {', '.join(cells)}")


def _limits(sheet: "Sheet", dossier: Dossier, say: Say) -> None:
    if not dossier.record.origin.limits:
        return
    sheet.heading(say("Limits of this model"))
    for limit in dossier.record.origin.limits:
        sheet.line_of(f"- {say(limit)}", size_pt=9)


def origin_rows(dossier: Dossier, say: Say = str) -> Iterator[tuple[str, str]]:
    """Yield what made a result: a label and what belongs to it."""
    origin = dossier.record.origin
    scale = origin.scale_um_per_px
    scale_text = f"{scale:.4g} {say('µm per pixel')}" if scale else ""
    calibration = f"{origin.calibration}, {scale_text or say('scale not known')}"
    yield say("Model"), f"{origin.bundle}, sha256 {origin.bundle_sha256}"
    yield say("Ran on"), origin.engine
    yield say("Cells found by"), say(origin.segmenter)
    yield say("Software"), origin.software
    yield say("Camera"), origin.camera
    yield say("Calibration"), calibration
    yield say("Device"), dossier.device
